import { Accordion, Stack, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { Note } from '../../parts/basics.tsx';
import { Check } from './check.tsx';
import { Choices } from './choices.tsx';
import { useForm, useText, useValue } from './form.ts';
import { SecretInput } from './secret-input.tsx';

const AT = ['destination', 'credentials'] as const;
const KINDS = ['service-account', 'project-token', 'api-secret'] as const;
const REGIONS = ['us', 'eu', 'in'] as const;

export function Credentials(): ReactNode {
  const { t } = useI18n();
  const form = useForm();
  const kind = useValue([...AT, 'kind']);
  const region = useValue(['destination', 'region']);
  return (
    <Stack gap="lg">
      <Choices
        label={t('credentials.kind')}
        value={typeof kind === 'string' ? kind : ''}
        isReadOnly={form.isReadOnly}
        onChange={(value) => form.set(AT, { kind: value })}
        choices={KINDS.map((value) => ({
          value,
          title: t(`credentials.${value}`),
          about: t(`credentials.${value}.about`),
        }))}
      />
      <Stack gap="md" maw={520}>
        {kind === 'service-account' && <ServiceAccount />}
        {kind === 'project-token' && (
          <SecretInput
            path={[...AT, 'token']}
            label={t('credentials.projectToken')}
            description={t('credentials.projectTokenAbout')}
            required
          />
        )}
        {kind === 'api-secret' && <ApiSecret />}
      </Stack>
      <Choices
        label={t('credentials.region')}
        description={t('credentials.regionAbout')}
        value={typeof region === 'string' ? region : ''}
        error={form.fault(['destination', 'region'])}
        isReadOnly={form.isReadOnly}
        onChange={(value) => form.set(['destination', 'region'], value)}
        choices={REGIONS.map((value) => ({
          value,
          title: t(`region.${value}`),
          about: HOSTS[value],
        }))}
      />
      <Advanced />
      {!form.isReadOnly && <Check what="destination" />}
    </Stack>
  );
}

const HOSTS = {
  us: 'api.mixpanel.com',
  eu: 'api-eu.mixpanel.com',
  in: 'api-in.mixpanel.com',
} as const;

function ServiceAccount(): ReactNode {
  const { t } = useI18n();
  const username = useText([...AT, 'username']);
  const projectId = useText([...AT, 'projectId']);
  return (
    <>
      <TextInput
        {...username}
        label={t('credentials.username')}
        placeholder="sluice.1a2b3c.mp-service-account"
        required
        autoComplete="off"
      />
      <SecretInput path={[...AT, 'secret']} label={t('credentials.secret')} required />
      <TextInput
        {...projectId}
        label={t('credentials.projectId')}
        description={t('credentials.projectIdAbout')}
        placeholder="1234567"
        inputMode="numeric"
        required
        autoComplete="off"
      />
      <SecretInput
        path={['destination', 'token']}
        label={t('credentials.tokenToo')}
        description={t('credentials.tokenTooAbout')}
      />
    </>
  );
}

/** The form that Braze has. */
function ApiSecret(): ReactNode {
  const { t } = useI18n();
  return (
    <>
      <Note tone="warn" title={t('credentials.retired')}>
        {t('credentials.retiredAbout')}
      </Note>
      <SecretInput
        path={[...AT, 'secret']}
        label={t('credentials.apiSecret')}
        placeholder={t('credentials.apiSecretPlaceholder')}
        required
      />
      <SecretInput
        path={['destination', 'token']}
        label={t('credentials.exportToken')}
        placeholder={t('credentials.exportTokenPlaceholder')}
      />
    </>
  );
}

function Advanced(): ReactNode {
  const { t } = useI18n();
  const url = useText(['destination', 'url']);
  return (
    <Accordion variant="contained" radius="md" defaultValue={url.value === '' ? null : 'more'}>
      <Accordion.Item value="more">
        <Accordion.Control>{t('advanced')}</Accordion.Control>
        <Accordion.Panel>
          <TextInput
            {...url}
            maw={520}
            label={t('credentials.url')}
            description={t('credentials.urlAbout')}
            placeholder="http://127.0.0.1:8400"
            inputMode="url"
            autoComplete="off"
          />
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
