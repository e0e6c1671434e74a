import { Text } from '@mantine/core';
import { IconBellOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Loaded, Tag } from '../../parts/basics.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { alertsQuery, serviceQuery } from '../../queries.ts';
import { inWords } from '../form/schema-form.tsx';
import { plain } from '../form/spec.ts';
import { Facts } from './facts.tsx';

/** What people were told of and still holds; and when they are told. */
export function Alerts(): ReactNode {
  const { t, known, format } = useI18n();
  const alerts = useQuery(alertsQuery);
  const service = useQuery(serviceQuery);
  return (
    <div className="stack">
      <Card flush title={t('alerts.open')}>
        <Loaded query={alerts} rows={2}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty icon={<IconBellOff size={32} stroke={1.5} />} title={t('alerts.none')} />
            ) : (
              <Rows
                label={t('alerts.open')}
                columns="160px minmax(240px, 1fr) 130px 130px"
                heads={[t('alerts.what'), t('alerts.detail'), t('alerts.since'), t('alerts.told')]}
              >
                <div role="rowgroup">
                  {items.map((alert) => (
                    <div className="row" role="row" key={`${alert.connection} ${alert.kind}`}>
                      <Cell wide>
                        <Tag tone={alert.kind === 'halted' ? 'bad' : 'warn'}>
                          {known(`alert.${alert.kind}`, alert.kind)}
                        </Tag>
                      </Cell>
                      <Cell wide>
                        <AlertLink of={alert.connection} />
                        <Text size="sm" c="dimmed">
                          {alert.detail}
                        </Text>
                      </Cell>
                      <Cell label={t('alerts.since')}>{format.ago(alert.since)}</Cell>
                      <Cell label={t('alerts.told')}>
                        {alert.toldAt === null ? t('alerts.notYet') : format.ago(alert.toldAt)}
                      </Cell>
                    </div>
                  ))}
                </div>
              </Rows>
            )
          }
        </Loaded>
      </Card>
      <Card title={t('alerts.when')} about={t('alerts.whenAbout')}>
        <Loaded query={service} rows={4}>
          {({ alerts: thresholds }) => (
            <Facts
              facts={Object.entries(thresholds)
                .filter(([, value]) => typeof value !== 'object')
                .map(([name, value]) => [
                  known(`threshold.${name}`, inWords(name)),
                  typeof value === 'number' ? format.number(value) : plain(value),
                ])}
            />
          )}
        </Loaded>
      </Card>
    </div>
  );
}

/** A Current has no blank in its name: what has one is a cohort import, by what it is and its name. */
function AlertLink({ of }: { readonly of: string }): ReactNode {
  const name = /^cohort import (.+)$/.exec(of)?.[1];
  return name === undefined ? (
    <Link to="/connections/$name" params={{ name: of }}>
      {of}
    </Link>
  ) : (
    <Link to="/cohort-imports/$name" params={{ name }}>
      {name}
    </Link>
  );
}
