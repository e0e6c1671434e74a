import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { CohortDetail, CohortDryRun } from '../../api.ts';
import { dryRunQuery } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Figure, Loaded, Note, Tag } from '../../parts/basics.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { UserId } from './members.tsx';
import { keyOf } from './user-words.ts';

/** What would be written now, what it costs, and who it is about. Nothing is sent by looking at it. */
export function PendingChanges({ cohort }: { readonly cohort: CohortDetail }): ReactNode {
  const { t } = useI18n();
  const query = useQuery(dryRunQuery(cohort.id));
  return (
    <Card title={t('pending.title')} about={t('pending.about')}>
      <Loaded query={query} rows={2} height={90}>
        {(run) => (run.writes === 0 ? <Empty title={t('pending.none')} /> : <DryRun run={run} />)}
      </Loaded>
    </Card>
  );
}

const TONES = { none: 'mute', free: 'ok', held: 'warn', unsettled: 'info' } as const;

function DryRun({ run }: { readonly run: CohortDryRun }): ReactNode {
  const { t, format } = useI18n();
  const { verdict, why } = run.guard;
  return (
    <Stack gap="md">
      <div className="figures">
        <Figure label={t('pending.adds')}>{format.number(run.adds)}</Figure>
        <Figure label={t('pending.removes')}>{format.number(run.removes)}</Figure>
        <Figure label={t('pending.writes')}>{format.number(run.writes)}</Figure>
        <Figure label={t('pending.dataPoints')} note={t('pending.estimate')}>
          {run.dataPoints === null ? '–' : format.number(run.dataPoints)}
        </Figure>
      </div>
      <Note tone={TONES[verdict]}>
        {t(
          verdict === 'held' && why !== null && why !== 'share'
            ? `guard.${why}`
            : `guard.${verdict}`,
        )}
      </Note>
      <div className="card flush">
        <Rows
          label={t('pending.sample')}
          columns="110px minmax(180px, 1fr) minmax(180px, 1fr)"
          heads={[t('pending.change'), t('members.braze'), t('members.mixpanel')]}
        >
          <div role="rowgroup">
            {run.sample.map(({ change, member, user }) => (
              <div
                className="row"
                role="row"
                key={`${change} ${member} ${user === null ? '' : keyOf(user)}`}
              >
                <Cell wide>
                  <Tag tone={change === 'add' ? 'ok' : 'bad'}>{t(`pending.${change}`)}</Tag>
                </Cell>
                <Cell label={t('members.braze')}>
                  <UserId user={user} />
                </Cell>
                <Cell label={t('members.mixpanel')}>
                  <span className="mono">{member}</span>
                </Cell>
              </div>
            ))}
          </div>
        </Rows>
      </div>
    </Stack>
  );
}
