import { Button, Stack, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { Loaded, Note } from '../../parts/basics.tsx';
import { CopyField } from '../../parts/copy.tsx';
import { serviceQuery, sourcesQuery } from '../../queries.ts';
import { Check } from './check.tsx';
import { Choices } from './choices.tsx';
import { useForm, useValue } from './form.ts';
import { SchemaForm } from './schema-form.tsx';
import { HIDDEN, randomText } from './spec.ts';

/** Where Currents data comes from: one form for every kind, made from its declaration. */
export function Source(): ReactNode {
  const { t, known } = useI18n();
  const sources = useQuery(sourcesQuery);
  const { set, fault, isReadOnly } = useForm();
  const kind = useValue(['source', 'kind']);
  return (
    <Loaded query={sources} rows={2} height={80}>
      {({ items }) => {
        const chosen = items.find((each) => each.kind === kind);
        return (
          <Stack gap="lg">
            <Choices
              label={t('source.kind')}
              value={typeof kind === 'string' ? kind : ''}
              isReadOnly={isReadOnly}
              error={fault(['source', 'kind'])}
              onChange={(value) =>
                set(
                  ['source'],
                  value === 'inbox' ? { kind: value, token: randomText(32) } : { kind: value },
                )
              }
              choices={items.map((each) => ({
                value: each.kind,
                title: known(`source.${each.kind}`, each.title),
                about: known(`source.${each.kind}.about`, each.summary),
              }))}
            />
            {chosen && (
              <Stack gap="md" maw={560}>
                {chosen.kind === 'inbox' ? (
                  <Push />
                ) : (
                  <SchemaForm schema={chosen.schema} path={['source']} />
                )}
              </Stack>
            )}
            {chosen && chosen.kind !== 'inbox' && !isReadOnly && <Check what="source" />}
          </Stack>
        );
      }}
    </Loaded>
  );
}

/** What is to be filled in at Braze. */
function Push(): ReactNode {
  const { t } = useI18n();
  const { set, isReadOnly } = useForm();
  const service = useQuery(serviceQuery);
  const name = useValue(['name']);
  const token = useValue(['source', 'token']);
  const base = (service.data?.publicUrl ?? location.origin).replace(/\/+$/, '');
  const isStored = token === HIDDEN;
  return (
    <>
      <Text size="sm">{t('push.about')}</Text>
      <CopyField
        label={t('push.url')}
        value={`${base}/currents/${typeof name === 'string' && name !== '' ? name : '…'}`}
      />
      {isStored ? (
        <Note tone="mute">{t('push.tokenStored')}</Note>
      ) : (
        <CopyField label={t('push.token')} value={typeof token === 'string' ? token : ''} />
      )}
      {!isReadOnly && (
        <Button
          variant="subtle"
          size="xs"
          style={{ alignSelf: 'flex-start' }}
          leftSection={<IconRefresh size={14} aria-hidden />}
          onClick={() => set(['source', 'token'], randomText(32))}
        >
          {t('push.newToken')}
        </Button>
      )}
      {service.data && service.data.publicUrl === null && (
        <Note tone="warn">{t('push.noPublicUrl')}</Note>
      )}
    </>
  );
}
