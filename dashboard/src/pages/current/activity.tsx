import { Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { memo, type ReactNode } from 'react';
import type { Job, Run } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Loaded, Tag, type Tone } from '../../parts/basics.tsx';
import { PagedRows } from '../../parts/paged-rows.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { jobsQuery, runsQuery } from '../../queries.ts';

const RUN_TONES: Readonly<Record<Run['state'], Tone>> = {
  running: 'info',
  finished: 'ok',
  halted: 'bad',
  failed: 'bad',
  stopped: 'mute',
};
const JOB_TONES: Readonly<Record<Job['state'], Tone>> = {
  waiting: 'mute',
  running: 'info',
  finished: 'ok',
  failed: 'bad',
  cancelled: 'mute',
};

/** What the connection has done: its runs, and the backfills and replays that people ordered. */
export function Activity({ name }: { readonly name: string }): ReactNode {
  return (
    <div className="stack">
      <Jobs name={name} />
      <Runs name={name} />
    </div>
  );
}

function Jobs({ name }: { readonly name: string }): ReactNode {
  const { t, format } = useI18n();
  const query = useQuery(jobsQuery(name));
  if (query.data?.items.length === 0) return null;
  return (
    <Card flush title={t('jobs.title')}>
      <Loaded query={query} rows={2}>
        {({ items }) => (
          <Rows
            label={t('jobs.title')}
            columns="120px minmax(200px, 1fr) 120px 190px"
            heads={[t('jobs.kind'), t('jobs.hours'), t('jobs.state'), { end: t('jobs.ordered') }]}
          >
            <div role="rowgroup">
              {items.map((job) => (
                <div className="row" role="row" key={job.id}>
                  <Cell>{t(`job.${job.kind}`)}</Cell>
                  <Cell wide>
                    <span className="num">
                      {job.since} – {job.until ?? t('jobs.untilNow')}
                    </span>
                    {job.detail !== null && (
                      <Text size="xs" c="dimmed">
                        {job.detail}
                      </Text>
                    )}
                  </Cell>
                  <Cell>
                    <Tag tone={JOB_TONES[job.state]}>{t(`jobState.${job.state}`)}</Tag>
                  </Cell>
                  <Cell end>
                    <span className="num">{format.dateTime(job.createdAt)}</span>
                  </Cell>
                </div>
              ))}
            </div>
          </Rows>
        )}
      </Loaded>
    </Card>
  );
}

function Runs({ name }: { readonly name: string }): ReactNode {
  const { t } = useI18n();
  const query = useInfiniteQuery(runsQuery(name));
  return (
    <Card flush title={t('runs.title')} about={t('runs.about')}>
      <PagedRows
        query={query}
        keyOf={({ id }) => id}
        row={(run, index) => <RunRow run={run} index={index} />}
        estimate={48}
        empty={t('runs.empty')}
        label={t('runs.title')}
        narrow="minmax(max-content, 1fr) 1fr"
        columns="190px 110px repeat(4, minmax(80px, 1fr)) 90px"
        heads={[
          t('runs.started'),
          t('runs.state'),
          { end: t('read') },
          { end: t('delivered') },
          { end: t('skipped') },
          { end: t('deadLetters') },
          { end: t('runs.took') },
        ]}
      />
    </Card>
  );
}

const RunRow = memo(function RunRow({
  run,
  index,
}: {
  readonly run: Run;
  readonly index: number;
}): ReactNode {
  const { t, format } = useI18n();
  const took =
    run.endedAt === null ? undefined : (Date.parse(run.endedAt) - Date.parse(run.startedAt)) / 1000;
  return (
    <div className="row" role="row" aria-rowindex={index + 2}>
      <Cell>
        <span className="num">{format.dateTime(run.startedAt)}</span>
      </Cell>
      <Cell>
        <Tag tone={RUN_TONES[run.state]}>{t(`runState.${run.state}`)}</Tag>
        {run.detail !== null && (
          <Text size="xs" c="dimmed" mt={2}>
            {run.detail}
          </Text>
        )}
      </Cell>
      {(['read', 'delivered', 'skipped', 'deadLetters'] as const).map((each) => (
        <Cell end key={each} label={t(each)}>
          <span className={run[each] === 0 ? 'num dim' : 'num'}>{format.number(run[each])}</span>
        </Cell>
      ))}
      <Cell end label={t('runs.took')}>
        <span className="num">{took === undefined ? '–' : format.duration(took)}</span>
      </Cell>
    </div>
  );
});
