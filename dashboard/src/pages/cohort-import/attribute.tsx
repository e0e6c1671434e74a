import { Stack, Text, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { Note } from '../../parts/basics.tsx';
import { Choices } from '../form/choices.tsx';
import { useForm, useText, useValue } from '../form/form.ts';
import { attributeOf, USUAL } from './import-spec.ts';
import { NumberField } from './number-field.tsx';

const AT = ['destination', 'attribute'] as const;

/** How Braze is to know who is in a cohort, and what each way costs. */
export function Attribute(): ReactNode {
  const { t } = useI18n();
  const form = useForm();
  const isArray = useValue([...AT, 'kind']) === 'array';
  const name = useText([...AT, 'name']);
  return (
    <Stack gap="md">
      <Choices
        label={t('attribute.kind')}
        description={t('attribute.kindAbout')}
        columns={2}
        value={isArray ? 'array' : 'boolean'}
        isReadOnly={form.isReadOnly}
        onChange={(kind) => form.set(AT, { kind })}
        choices={(['boolean', 'array'] as const).map((value) => ({
          value,
          title: t(`attribute.${value}`),
          about: t(`attribute.${value}.about`),
        }))}
      />
      <TextInput
        {...name}
        maw={520}
        label={t('attribute.name')}
        description={
          isArray
            ? t('attribute.nameArray', { example: attributeOf(form.spec, '4242') })
            : t('attribute.nameBoolean', { id: '{id}', example: attributeOf(form.spec, '4242') })
        }
        placeholder={isArray ? USUAL.array : USUAL.boolean}
        autoComplete="off"
      />
      {isArray && (
        <>
          <div style={{ maxWidth: 520 }}>
            <NumberField
              path={[...AT, 'maxLength']}
              label={t('attribute.maxLength')}
              about={t('attribute.maxLengthAbout')}
              usual={USUAL.maxLength}
              min={1}
              max={500}
            />
          </div>
          <Note tone="warn">{t('attribute.limit')}</Note>
        </>
      )}
      <Text size="sm" c="dimmed" maw={720}>
        {t('attribute.cost')}
      </Text>
    </Stack>
  );
}
