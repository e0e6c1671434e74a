import { Button, Menu, Select } from '@mantine/core';
import { IconDownload, IconMailCheck, IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { DeadLetterGroup } from '../../api.ts';
import { urlOf } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Loaded, PageHead } from '../../parts/basics.tsx';
import { LinkButton } from '../../parts/links.tsx';
import { groupsQuery } from '../../queries.ts';
import { useMay } from '../../shell/session.ts';
import { Cause } from './cause.tsx';
import { Letters } from './letters.tsx';
import { useRetry } from './use-retry.ts';

/** What could not be delivered: by cause, with what to do about each. */
export function DeadLetters(): ReactNode {
  const { t, tn } = useI18n();
  const navigate = useNavigate();
  const { connection, cause, type } = useSearch({ from: '/dead-letters' });
  const query = useQuery(groupsQuery());
  const all = query.data?.items ?? [];
  const groups = all.filter(
    (each) =>
      (connection === undefined || each.connection === connection) &&
      (type === undefined || each.eventType === type),
  );
  const total = groups.reduce((sum, { n }) => sum + n, 0);
  const connections = [...new Set(all.map((each) => each.connection))].toSorted();
  const causes = byCause(groups);

  if (cause !== undefined)
    return (
      <Letters
        filter={{
          cause,
          ...(connection === undefined ? {} : { connection }),
          ...(type === undefined ? {} : { eventType: type }),
        }}
        groups={groups.filter((each) => each.cause === cause)}
      />
    );
  return (
    <>
      <PageHead title={t('deadLetters.title')} about={t('deadLetters.about')}>
        {total > 0 && <RetryAll connections={connections} connection={connection} />}
        {total > 0 && (
          <Button
            variant="default"
            component="a"
            href={urlOf('/dead-letters/export', { connection, eventType: type })}
            download
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t('deadLetters.export')}
          </Button>
        )}
      </PageHead>
      {(connections.length > 1 || connection !== undefined || type !== undefined) && (
        <Select
          mb="md"
          w={{ base: '100%', xs: 280 }}
          label={t('deadLetters.of')}
          placeholder={t('deadLetters.allConnections')}
          clearable
          clearButtonProps={{ 'aria-label': t('search.clear') }}
          data={connection === undefined ? connections : [...new Set([...connections, connection])]}
          value={connection ?? null}
          onChange={(value) =>
            void navigate({
              to: '/dead-letters',
              search: value === null ? {} : { connection: value },
            })
          }
        />
      )}
      <Loaded query={query} rows={3} height={120}>
        {() =>
          causes.length === 0 ? (
            <Card label={t('deadLetters.title')}>
              <Empty
                icon={<IconMailCheck size={36} stroke={1.5} />}
                title={t('deadLetters.empty')}
                action={
                  (connection !== undefined || type !== undefined) && (
                    <LinkButton variant="default" to="/dead-letters">
                      {t('deadLetters.showAll')}
                    </LinkButton>
                  )
                }
              >
                {t('deadLetters.emptyText')}
              </Empty>
            </Card>
          ) : (
            <div style={{ display: 'grid', gap: 12 }}>
              <p className="dim" style={{ margin: 0, fontSize: 14 }} role="status">
                {tn('deadLetters.count', total)}
              </p>
              {causes.map(([each, members]) => (
                <Cause
                  key={each}
                  cause={each}
                  groups={members}
                  connection={connection}
                  type={type}
                />
              ))}
            </div>
          )
        }
      </Loaded>
    </>
  );
}

/** Largest first. */
export function byCause(groups: readonly DeadLetterGroup[]): [string, DeadLetterGroup[]][] {
  const causes = new Map<string, DeadLetterGroup[]>();
  for (const group of groups) causes.set(group.cause, [...(causes.get(group.cause) ?? []), group]);
  const sizeOf = (members: readonly DeadLetterGroup[]) =>
    members.reduce((sum, { n }) => sum + n, 0);
  return [...causes].toSorted(([, a], [, b]) => sizeOf(b) - sizeOf(a));
}

/** Letters are sent again for one connection at a time: each goes to its own project. */
function RetryAll({
  connections,
  connection,
}: {
  readonly connections: readonly string[];
  readonly connection: string | undefined;
}): ReactNode {
  const { t } = useI18n();
  const mayEdit = useMay('editor');
  const retry = useRetry();
  if (!mayEdit) return null;
  const only = connection ?? (connections.length === 1 ? connections[0] : undefined);
  const icon = <IconRefresh size={16} aria-hidden />;
  if (only !== undefined)
    return (
      <Button
        leftSection={icon}
        loading={retry.isPending}
        onClick={() => retry.mutate({ filter: { connection: only } })}
      >
        {t('deadLetters.retryAll')}
      </Button>
    );
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button leftSection={icon} loading={retry.isPending}>
          {t('deadLetters.retryAll')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {connections.map((each) => (
          <Menu.Item key={each} onClick={() => retry.mutate({ filter: { connection: each } })}>
            {t('deadLetters.retryOf', { connection: each })}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
