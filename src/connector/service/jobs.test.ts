import { expect, test } from 'vitest';
import type { Job } from '../../core/connections.ts';
import { nextStretch, ownerOf, replayName, replayOf } from './jobs.ts';

test('the books of a replay are told from those of its connection, and lead back to it', () => {
  const name = replayName('prod-email', 12);
  expect(replayOf(name)).toBe(12);
  expect(ownerOf(name)).toBe('prod-email');
  expect(replayOf('prod-email')).toBeUndefined();
  expect(ownerOf('prod-email')).toBe('prod-email');
});

const job: Job = {
  id: 1,
  connection: 'c',
  kind: 'backfill',
  since: '2026-05-30-12',
  until: null,
  reached: null,
  state: 'waiting',
  detail: null,
  createdAt: Date.UTC(2026, 5, 1, 10, 30),
  endedAt: null,
};

test('a job goes day by day, up to and with the hour in which it was ordered', () => {
  const stretches: string[] = [];
  let reached: string | null = null;
  for (;;) {
    const next = nextStretch({ ...job, reached }, job.createdAt + 1e9);
    if (!next) break;
    stretches.push(`${next.since} ${next.until}`);
    reached = next.until;
  }
  expect(stretches).toEqual([
    '2026-05-30-12 2026-05-31-00',
    '2026-05-31-00 2026-06-01-00',
    '2026-06-01-00 2026-06-01-11',
  ]);
});

test('a job with an end stops there, whatever the clock says', () => {
  const until = '2026-05-30-15';
  expect(nextStretch({ ...job, until }, 0)).toEqual({ since: job.since, until });
  expect(nextStretch({ ...job, until, reached: until }, 0)).toBeUndefined();
});
