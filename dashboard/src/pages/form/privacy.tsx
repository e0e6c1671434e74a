import {
  Accordion,
  ActionIcon,
  Autocomplete,
  Button,
  Group,
  SegmentedControl,
  Select,
  Stack,
  Text,
} from '@mantine/core';
import { IconDice3, IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useId } from 'react';
import type { JsonObject } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Loaded } from '../../parts/basics.tsx';
import { isObject } from '../../parts/json-view.tsx';
import { settingsSchemaQuery } from '../../queries.ts';
import { Choices } from './choices.tsx';
import { useForm, useValue } from './form.ts';
import { SchemaForm } from './schema-form.tsx';
import { SecretInput } from './secret-input.tsx';
import { needsSalt, plain, randomText } from './spec.ts';

const TREATMENTS = ['keep', 'remove', 'hash'] as const;
const ADVANCED = [
  'shape',
  'newFields',
  'uncatalogued',
  'eventNames',
  'longStrings',
  'refusedIds',
  'joiner',
  'rename',
  'static',
];

export function Privacy(): ReactNode {
  const { t } = useI18n();
  const form = useForm();
  const users = useValue(['settings', 'usersWithoutExternalId']) ?? 'skip';
  return (
    <Stack gap="lg">
      <Treatment
        path={['settings', 'privacy', 'pii']}
        label={t('privacy.pii')}
        about={t('privacy.piiAbout')}
        values={TREATMENTS}
      />
      <Fields />
      <Choices
        label={t('identity.without')}
        description={t('identity.withoutAbout')}
        columns={2}
        value={plain(users)}
        isReadOnly={form.isReadOnly}
        onChange={(value) => form.set(['settings', 'usersWithoutExternalId'], value)}
        choices={(['skip', 'anonymous'] as const).map((value) => ({
          value,
          title: t(`identity.${value}`),
          about: t(`identity.${value}.about`),
        }))}
      />
      <Treatment
        path={['settings', 'privacy', 'identity']}
        label={t('privacy.identity')}
        about={t('privacy.identityAbout')}
        values={['keep', 'hash']}
      />
      {needsSalt(form.spec) && <Salt />}
      <More />
    </Stack>
  );
}

function Treatment({
  path,
  label,
  about,
  values,
}: {
  readonly path: readonly string[];
  readonly label: string;
  readonly about: string;
  readonly values: readonly (typeof TREATMENTS)[number][];
}): ReactNode {
  const { t } = useI18n();
  const id = useId();
  const form = useForm();
  const value = useValue(path) ?? 'keep';
  return (
    <div>
      <Text id={id} size="sm" fw={600}>
        {label}
      </Text>
      <Text size="xs" c="dimmed" mb={8}>
        {about}
      </Text>
      <SegmentedControl
        aria-labelledby={id}
        disabled={form.isReadOnly}
        value={plain(value)}
        onChange={(next) => form.set(path, next)}
        data={values.map((each) => ({ value: each, label: t(`treatment.${each}`) }))}
      />
    </div>
  );
}

const COMMON_FIELDS = [
  'email_address',
  'ip_address',
  'ip_pool',
  'to_phone_number',
  'from_phone_number',
  'ad_id',
  'device_id',
  'url',
  'user_agent',
  'timezone',
];

/** One field treated otherwise than the rest. */
function Fields(): ReactNode {
  const { t } = useI18n();
  const form = useForm();
  const path = ['settings', 'privacy', 'fields'];
  const value = useValue(path);
  const entries = Object.entries(isObject(value) ? value : {});
  const put = (next: readonly (readonly [string, unknown])[]) =>
    form.set(path, next.length === 0 ? undefined : (Object.fromEntries(next) as JsonObject));
  if (form.isReadOnly && entries.length === 0) return null;
  return (
    <div>
      <Text size="sm" fw={600}>
        {t('privacy.fields')}
      </Text>
      <Text size="xs" c="dimmed" mb={8}>
        {t('privacy.fieldsAbout')}
      </Text>
      <Stack gap="xs" maw={560}>
        {entries.map(([field, treatment], i) => (
          <Group key={i} gap="xs" wrap="nowrap">
            <Autocomplete
              aria-label={t('privacy.field')}
              placeholder="email_address"
              flex={1}
              readOnly={form.isReadOnly}
              data={COMMON_FIELDS}
              value={field}
              onChange={(next) => put(entries.map((old, n) => (n === i ? [next, treatment] : old)))}
            />
            <Select
              aria-label={t('privacy.treatment', { field })}
              w={130}
              readOnly={form.isReadOnly}
              allowDeselect={false}
              data={TREATMENTS.map((each) => ({ value: each, label: t(`treatment.${each}`) }))}
              value={plain(treatment)}
              onChange={(next) => put(entries.map((old, n) => (n === i ? [field, next] : old)))}
            />
            {!form.isReadOnly && (
              <ActionIcon
                variant="subtle"
                color="gray"
                c="dimmed"
                aria-label={t('record.remove', { name: field })}
                onClick={() => put(entries.filter((_, n) => n !== i))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            )}
          </Group>
        ))}
        {!form.isReadOnly && (
          <Button
            variant="subtle"
            size="xs"
            style={{ alignSelf: 'flex-start' }}
            leftSection={<IconPlus size={14} aria-hidden />}
            disabled={entries.some(([field]) => field === '')}
            onClick={() => put([...entries, ['', 'remove']])}
          >
            {t('privacy.addField')}
          </Button>
        )}
      </Stack>
    </div>
  );
}

function Salt(): ReactNode {
  const { t } = useI18n();
  const form = useForm();
  return (
    <Stack gap="xs" maw={520}>
      <SecretInput path={['salt']} label={t('salt')} description={t('salt.about')} required />
      {!form.isReadOnly && (
        <Button
          variant="subtle"
          size="xs"
          style={{ alignSelf: 'flex-start' }}
          leftSection={<IconDice3 size={14} aria-hidden />}
          onClick={() => form.set(['salt'], randomText(32))}
        >
          {t('salt.make')}
        </Button>
      )}
    </Stack>
  );
}

function More(): ReactNode {
  const { t } = useI18n();
  const schema = useQuery(settingsSchemaQuery);
  return (
    <Accordion variant="contained" radius="md">
      <Accordion.Item value="more">
        <Accordion.Control>{t('privacy.more')}</Accordion.Control>
        <Accordion.Panel>
          <Loaded query={schema}>
            {(loaded) => (
              <div style={{ maxWidth: 560 }}>
                <SchemaForm schema={loaded} path={['settings']} only={ADVANCED} />
              </div>
            )}
          </Loaded>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
