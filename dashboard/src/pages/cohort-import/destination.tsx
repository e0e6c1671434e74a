import { Accordion, Autocomplete, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { instancesQuery } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Choices } from '../form/choices.tsx';
import { useForm, useText, useValue } from '../form/form.ts';
import { SecretInput } from '../form/secret-input.tsx';
import { Attribute } from './attribute.tsx';
import { CheckImport } from './check.tsx';
import { KINDS, kindOf, withKind } from './import-spec.ts';
import { NumberField } from './number-field.tsx';

const AT = ['destination'] as const;

/** Where cohorts go. */
export function Destination(): ReactNode {
  const { t } = useI18n();
  const form = useForm();
  const kind = kindOf(form.spec);
  return (
    <Stack gap="lg">
      <Choices
        label={t('import.kind')}
        value={kind}
        isReadOnly={form.isReadOnly}
        onChange={(value) => {
          const next = KINDS.find((each) => each === value);
          if (!next || next === kind) return;
          const { destination, identity } = withKind(form.spec, next);
          form.set(AT, destination);
          form.set(['identity'], identity);
        }}
        choices={KINDS.map((value) => ({
          value,
          title: t(`import.kind.${value}`),
          about: t(`import.kind.${value}.about`),
        }))}
      />
      <Stack gap="md" maw={520}>
        {kind !== 'file' && <Instance />}
        {kind === 'users-track' && (
          <SecretInput
            path={[...AT, 'apiKey']}
            label={t('import.apiKey')}
            description={t('import.apiKeyAbout')}
            required
          />
        )}
        {kind === 'partner-cohorts' && <Partner />}
      </Stack>
      {kind === 'file' && <Folder />}
      {kind === 'users-track' && <Attribute />}
      {kind !== 'file' && <Advanced key={kind} hasBatches={kind === 'users-track'} />}
      {!form.isReadOnly && <CheckImport />}
    </Stack>
  );
}

/** Known ones are offered by name; any other host is taken as well. */
function Instance(): ReactNode {
  const { t } = useI18n();
  const { set } = useForm();
  const { onChange: _typed, ...text } = useText([...AT, 'instance']);
  const all = useQuery(instancesQuery).data?.instances ?? [];
  const urls = new Map(all.map(({ name, url }) => [name, url]));
  const named = urls.get(text.value.toUpperCase());
  return (
    <Autocomplete
      {...text}
      label={t('import.instance')}
      description={named ?? t('import.instanceAbout')}
      placeholder="EU-01"
      required
      autoComplete="off"
      data={all.map(({ name }) => name)}
      limit={30}
      maxDropdownHeight={260}
      onChange={(value) => set([...AT, 'instance'], value === '' ? undefined : value)}
      renderOption={({ option }) => (
        <Group justify="space-between" w="100%" gap={8} wrap="nowrap">
          <span>{option.value}</span>
          <Text size="xs" c="dimmed" truncate>
            {urls.get(option.value)?.replace('https://', '')}
          </Text>
        </Group>
      )}
    />
  );
}

function Partner(): ReactNode {
  const { t } = useI18n();
  const partner = useText([...AT, 'partner']);
  return (
    <>
      <TextInput
        {...partner}
        label={t('import.partner')}
        description={t('import.partnerAbout')}
        required
        autoComplete="off"
      />
      <SecretInput path={[...AT, 'partnerApiKey']} label={t('import.partnerApiKey')} required />
      <SecretInput
        path={[...AT, 'clientSecret']}
        label={t('import.clientSecret')}
        description={t('import.clientSecretAbout')}
        required
      />
    </>
  );
}

function Folder(): ReactNode {
  const { t } = useI18n();
  const { set, isReadOnly } = useForm();
  const path = useText([...AT, 'path']);
  const format = useValue([...AT, 'format']);
  return (
    <Stack gap="lg">
      <TextInput
        {...path}
        maw={520}
        label={t('import.path')}
        description={t('import.pathAbout')}
        placeholder="/var/lib/cohorts"
        required
        autoComplete="off"
      />
      <Choices
        label={t('import.format')}
        columns={2}
        value={format === 'ndjson' ? 'ndjson' : 'csv'}
        isReadOnly={isReadOnly}
        onChange={(value) => set([...AT, 'format'], value)}
        choices={(['csv', 'ndjson'] as const).map((value) => ({
          value,
          title: t(`import.format.${value}`),
          about: t(`import.format.${value}.about`),
        }))}
      />
    </Stack>
  );
}

function Advanced({ hasBatches }: { readonly hasBatches: boolean }): ReactNode {
  const { t } = useI18n();
  return (
    <Accordion>
      <Accordion.Item value="more">
        <Accordion.Control>{t('advanced')}</Accordion.Control>
        <Accordion.Panel>
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
            {hasBatches && (
              <>
                <NumberField
                  path={[...AT, 'batchSize']}
                  label={t('import.batchSize')}
                  about={t('import.batchSizeAbout')}
                  usual={50}
                  min={5}
                  max={75}
                />
                <NumberField
                  path={[...AT, 'requestsPerSecond']}
                  label={t('import.rate')}
                  about={t('import.rateAbout')}
                  usual={250}
                  min={0.01}
                  max={1000}
                />
                <NumberField
                  path={[...AT, 'connections']}
                  label={t('import.connections')}
                  usual={4}
                  min={1}
                  max={64}
                />
              </>
            )}
            <NumberField
              path={[...AT, 'timeoutMs']}
              label={t('import.timeout')}
              usual={60_000}
              min={10}
              max={3_600_000}
              unit={1000}
              suffix=" s"
            />
          </SimpleGrid>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
