import { Button, Group, Progress, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Job, State } from '../../api.ts';
import { call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card } from '../../parts/basics.tsx';
import { sayFailure } from '../../parts/say.ts';
import { jobsQuery, of } from '../../queries.ts';
import { useMay } from '../../shell/session.ts';
import { doneOf, roughly, secondsLeft } from './job-progress.ts';

/** Backfills and replays under way, with what is left of them; and a first catching up. */
export function JobsOpen({
  name,
  state,
}: {
  readonly name: string;
  readonly state: State;
}): ReactNode {
  const { t, format } = useI18n();
  const { data } = useQuery(jobsQuery(name));
  const open =
    data?.items.filter((job) => job.state === 'waiting' || job.state === 'running') ?? [];
  if (open.length === 0 && state.kind !== 'catching-up') return null;
  return (
    <Card title={t('jobs.open')}>
      {state.kind === 'catching-up' && (
        <div role="status">
          <Text size="sm" fw={550}>
            {t('jobs.catchingUp')}
          </Text>
          <Text size="sm" c="dimmed" mb={8}>
            {state.bytesLeft !== undefined &&
              t('jobs.bytesLeft', { bytes: format.bytes(state.bytesLeft) })}
            {state.secondsLeft !== undefined &&
              ` · ${t('jobs.timeLeft', { time: format.duration(roughly(state.secondsLeft)) })}`}
          </Text>
          {open.length === 0 && (
            <Progress value={100} animated size="sm" aria-label={t('jobs.catchingUp')} />
          )}
        </div>
      )}
      {open.map((job) => (
        <OpenJob key={job.id} job={job} name={name} />
      ))}
    </Card>
  );
}

function OpenJob({ job, name }: { readonly job: Job; readonly name: string }): ReactNode {
  const { t, format } = useI18n();
  const mayEdit = useMay('editor');
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => call('DELETE', of(name, 'jobs', job.id)),
    onError: sayFailure,
    onSettled: () => client.invalidateQueries({ queryKey: jobsQuery(name).queryKey }),
  });
  const done = doneOf(job);
  const left = secondsLeft(job, Date.now());
  return (
    <div style={{ marginTop: 8 }}>
      <Group justify="space-between" gap="xs" mb={6}>
        <Text size="sm">
          <strong style={{ fontWeight: 600 }}>{t(`job.${job.kind}`)}</strong>{' '}
          <span className="num dim">
            {job.since} – {job.until ?? t('jobs.untilNow')}
          </span>
        </Text>
        <Group gap="md">
          <Text size="sm" c="dimmed" className="num">
            {job.state === 'waiting'
              ? t('jobState.waiting')
              : left === undefined
                ? format.percent(done)
                : t('jobs.doneLeft', {
                    done: format.percent(done),
                    time: format.duration(roughly(left)),
                  })}
          </Text>
          {mayEdit && (
            <Button
              size="compact-sm"
              variant="default"
              loading={cancel.isPending}
              onClick={() => cancel.mutate()}
            >
              {t('jobs.cancel')}
            </Button>
          )}
        </Group>
      </Group>
      <Progress
        value={done * 100}
        size="sm"
        animated={job.state === 'running'}
        aria-label={t(`job.${job.kind}`)}
      />
    </div>
  );
}
