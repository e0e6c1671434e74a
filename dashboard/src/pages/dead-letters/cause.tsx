import { Button, Group, Text, Title } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { DeadLetterGroup } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Tag } from '../../parts/basics.tsx';
import { LinkButton } from '../../parts/links.tsx';
import { useMay } from '../../shell/session.ts';
import { canBeRetried, useRetry } from './use-retry.ts';

interface CauseProps {
  readonly cause: string;
  readonly groups: readonly DeadLetterGroup[];
  readonly connection: string | undefined;
  readonly type: string | undefined;
}

/** One cause, what to do about it, and where it happened. */
export function Cause({ cause, groups, connection, type }: CauseProps): ReactNode {
  const { t, tn, known, format } = useI18n();
  const mayEdit = useMay('editor');
  const retry = useRetry();
  const n = groups.reduce((sum, each) => sum + each.n, 0);
  const title = known(`cause.${cause}`, cause);
  const newest = groups
    .map(({ newestAt }) => newestAt)
    .toSorted()
    .at(-1)!;
  return (
    <section className="card" aria-label={title}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <div style={{ flex: '1 1 300px', minWidth: 0 }}>
          <Group gap={10} mb={4}>
            <Title order={2}>{title}</Title>
            <Tag tone="bad">{tn('deadLetters.n', n)}</Tag>
          </Group>
          <Text size="sm" c="dimmed">
            {known(`advice.${cause}`, groups[0]!.advice)}
          </Text>
        </div>
        <LinkButton
          variant="default"
          size="sm"
          to="/dead-letters"
          search={{
            cause,
            ...(connection === undefined ? {} : { connection }),
            ...(type === undefined ? {} : { type }),
          }}
          aria-label={`${t('deadLetters.look')}: ${title}`}
        >
          {t('deadLetters.look')}
        </LinkButton>
      </Group>
      <ul style={{ listStyle: 'none', margin: '14px 0 0', padding: 0 }}>
        {groups.map((group) => (
          <li
            key={`${group.connection} ${group.eventType}`}
            style={{
              display: 'flex',
              flexWrap: 'wrap',
              alignItems: 'center',
              gap: '4px 14px',
              padding: '8px 0',
              borderTop: '1px solid var(--s-border)',
              fontSize: 14,
            }}
          >
            <span style={{ flex: '1 1 260px', minWidth: 0 }}>
              <strong style={{ fontWeight: 550 }}>{group.connection}</strong>{' '}
              <span className="mono dim">{group.eventType}</span>
            </span>
            <span className="num">{tn('deadLetters.n', group.n)}</span>
            {mayEdit && canBeRetried(cause) && (
              <Button
                size="compact-sm"
                variant="subtle"
                leftSection={<IconRefresh size={14} aria-hidden />}
                loading={retry.isPending}
                aria-label={t('retry.group', {
                  connection: group.connection,
                  type: group.eventType,
                })}
                onClick={() =>
                  retry.mutate({
                    filter: { connection: group.connection, cause, eventType: group.eventType },
                  })
                }
              >
                {t('retry')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Text size="xs" c="dimmed" mt={6}>
        {t('deadLetters.newest', { time: format.ago(newest) })}
      </Text>
    </section>
  );
}
