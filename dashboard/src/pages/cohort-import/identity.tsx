import { Stack, TagsInput, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { Note } from '../../parts/basics.tsx';
import { Choices } from '../form/choices.tsx';
import { useForm, useText, useValue } from '../form/form.ts';
import { kindOf, KNOWN_BY, USUAL } from './import-spec.ts';

const AT = ['identity'] as const;

/** Which property of a member is its id in Braze, and what id that is. */
export function Identity(): ReactNode {
  const { t } = useI18n();
  const form = useForm();
  const properties = useValue([...AT, 'properties']);
  const as = useValue([...AT, 'as']) ?? 'external_id';
  const label = useText([...AT, 'label']);
  const path = [...AT, 'properties'];
  return (
    <Stack gap="lg">
      <TagsInput
        maw={520}
        label={t('identity.properties')}
        description={t('identity.propertiesAbout')}
        error={form.fault(path) ?? null}
        readOnly={form.isReadOnly}
        maxTags={5}
        value={
          Array.isArray(properties)
            ? properties.filter((each) => typeof each === 'string')
            : [...USUAL.properties]
        }
        onChange={(value) => form.set(path, value)}
      />
      <Choices
        label={t('identity.as')}
        columns={2}
        value={typeof as === 'string' ? as : ''}
        error={form.fault([...AT, 'as'])}
        isReadOnly={form.isReadOnly}
        onChange={(value) => {
          form.set([...AT, 'as'], value);
          if (value !== 'user_alias') form.set([...AT, 'label'], undefined);
        }}
        choices={KNOWN_BY[kindOf(form.spec)].map((value) => ({
          value,
          title: t(`userKind.${value}`),
          about: t(`userKind.${value}.about`),
        }))}
      />
      {as === 'user_alias' && (
        <TextInput
          {...label}
          maw={520}
          label={t('identity.label')}
          description={t('identity.labelAbout')}
          required
          autoComplete="off"
        />
      )}
      {as === 'email' && <Note tone="warn">{t('identity.emailWarning')}</Note>}
    </Stack>
  );
}
