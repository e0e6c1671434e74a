import { Anchor } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Loaded, Note } from '../../parts/basics.tsx';
import { serviceQuery } from '../../queries.ts';
import { inWords } from '../form/schema-form.tsx';
import { Facts } from './facts.tsx';

/** What runs, where, and for how long history is kept. */
export function Service(): ReactNode {
  const { t, tn, known, format } = useI18n();
  const query = useQuery(serviceQuery);
  return (
    <Loaded query={query} rows={4}>
      {(service) => (
        <div className="stack">
          {service.trouble !== null && (
            <Note tone="bad" role="alert" title={t('service.trouble')}>
              {service.trouble}
            </Note>
          )}
          <Card
            title={t('service.title')}
            actions={
              <Anchor href="/api/docs" target="_blank" size="sm">
                {t('service.api')} <IconExternalLink size={14} aria-hidden />
              </Anchor>
            }
          >
            <Facts
              facts={[
                [t('service.version'), service.version],
                [t('service.running'), format.duration(service.uptimeSeconds)],
                [t('service.started'), format.dateTime(service.startedAt)],
                [
                  t('service.dataDir'),
                  <span className="mono" key="dir">
                    {service.dataDir}
                  </span>,
                ],
                [t('service.database'), format.bytes(service.databaseBytes)],
                [t('service.publicUrl'), service.publicUrl ?? t('service.noPublicUrl')],
                ['Node.js', service.node],
              ]}
            />
          </Card>
          {service.inbox.length > 0 && (
            <Card title={t('service.inbox')} about={t('service.inboxAbout')}>
              <Facts
                facts={service.inbox.map((each) => [
                  each.connection,
                  `${tn('service.pushes', each.pushes)} · ${format.bytes(each.bytes)}`,
                ])}
              />
            </Card>
          )}
          <Card title={t('retention.title')} about={t('retention.about')}>
            <Facts
              facts={Object.entries(service.retention).map(([name, value]) => [
                known(`retention.${name}`, inWords(name)),
                name.endsWith('Days') ? tn('days', value) : format.number(value),
              ])}
            />
          </Card>
        </div>
      )}
    </Loaded>
  );
}
