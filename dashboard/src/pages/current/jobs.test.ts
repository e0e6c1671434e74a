import { expect, test } from 'vitest';
import type { Job } from '../../api.ts';
import { doneOf, momentOf, roughly, secondsLeft } from './job-progress.ts';
import { lagTop } from './lag-top.ts';
import { sumOf } from './sum-of.ts';

const job: Job = {
  id: 1,
  kind: 'backfill',
  since: '2026-11-01-00',
  until: '2026-11-03-00',
  reached: '2026-11-02-00',
  state: 'running',
  detail: null,
  createdAt: '2026-11-24T12:00:00.000Z',
  endedAt: null,
};

test('a job is done as far as its hours are behind it', () => {
  expect(doneOf(job)).toBe(0.5);
  expect(doneOf({ ...job, reached: null })).toBe(0);
  expect(doneOf({ ...job, reached: '2026-11-09-00' })).toBe(1);
  expect(doneOf({ ...job, until: job.since })).toBe(1);
  // Without an end it goes up to when it was ordered.
  expect(doneOf({ ...job, until: null, since: '2026-11-24-00', reached: '2026-11-24-06' })).toBe(
    0.5,
  );
});

test('what is left takes as long as what is done did', () => {
  const after = (seconds: number) => Date.parse(job.createdAt) + seconds * 1000;
  expect(secondsLeft(job, after(60))).toBe(60);
  expect(secondsLeft({ ...job, reached: '2026-11-02-12' }, after(90))).toBe(30);
  expect(secondsLeft(job, after(1))).toBeUndefined();
  expect(secondsLeft({ ...job, reached: null }, after(60))).toBeUndefined();
});

test('hours and days are of UTC', () => {
  expect(momentOf('2026-11-24-07')).toBe(Date.UTC(2026, 10, 24, 7));
  expect(momentOf('2026-11-24')).toBe(Date.UTC(2026, 10, 24));
});

test('the figures of a stretch add up', () => {
  const point = { at: '', read: 10, delivered: 7, skipped: 2, deadLetters: 1, lagSeconds: null };
  expect(sumOf([point, { ...point, deadLetters: -1 }])).toEqual({
    read: 20,
    delivered: 14,
    skipped: 4,
    deadLetters: 0,
  });
});

test.each([
  [0.2, 1],
  [59, 59],
  [1_427, 1_440],
  [5_400, 5_400],
])('about %d seconds are %d', (seconds, said) => {
  expect(roughly(seconds)).toBe(said);
});

test.each([
  [1, 1],
  [168, 180],
  [3_600, 3_600],
  [41.5 * 86_400, 42 * 86_400],
])('an axis that shows %d seconds of lag ends at %d', (seconds, top) => {
  expect(lagTop(seconds)).toBe(top);
});
