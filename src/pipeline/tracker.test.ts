import { expect, test } from 'vitest';
import type { Advance } from '../core/batch.ts';
import { countsOf, type Counts } from '../core/counts.ts';
import type { Slice } from '../core/source.ts';
import { createTracker, type Tracker } from './tracker.ts';

const slice = (id: string, writtenAt?: number): Slice => ({
  id,
  version: '1',
  format: 'avro',
  ...(writtenAt === undefined ? {} : { writtenAt }),
});

function advance(of: Slice, offset: number, rest: Partial<Advance> = {}): Advance {
  const counts: Counts = new Map();
  Object.assign(countsOf(counts, 't'), { read: 2, delivered: 1, skipped: { why: 1 } });
  return { slice: of, position: { offset, index: 0, record: 2 }, done: false, counts, ...rest };
}

function tracked(options: { oldestWaiting?: () => number | undefined } = {}): {
  tracker: Tracker;
  at(ms: number): void;
} {
  let now = 0;
  const tracker = createTracker({ connection: 'c', now: () => now, ...options });
  return { tracker, at: (ms) => (now = ms) };
}

test('from idle to active and back, with sums and times', () => {
  const { tracker, at } = tracked();
  expect(tracker.status()).toMatchObject({ state: { kind: 'idle' }, deliveredAt: null });
  const a = slice('a', 1000);
  at(5000);
  tracker.pass();
  tracker.opened(a, 0);
  expect(tracker.status()).toMatchObject({
    state: { kind: 'active' },
    lagSeconds: 4,
    receivedAt: 1000,
  });
  at(6000);
  tracker.settled([advance(a, 10, { done: true })]);
  tracker.idle();
  expect(tracker.status()).toEqual({
    connection: 'c',
    state: { kind: 'idle' },
    lagSeconds: 0,
    deliveredAt: 6000,
    receivedAt: 1000,
    read: 2,
    delivered: 1,
    skipped: 1,
    deadLetters: 0,
    problems: 0,
    at: 6000,
  });
});

test('retrying keeps its beginning until something is settled', () => {
  const { tracker, at } = tracked();
  const a = slice('a', 0);
  tracker.opened(a, 0);
  at(1000);
  tracker.retrying('503');
  at(9000);
  tracker.retrying('500');
  tracker.pass();
  expect(tracker.status().state).toEqual({ kind: 'retrying', since: 1000, detail: '500' });
  expect(tracker.status().lagSeconds).toBe(9);
  tracker.settled([advance(a, 10)]);
  expect(tracker.status().state).toEqual({ kind: 'active' });
});

test('a halt keeps its beginning over the looks that find nothing better', () => {
  const { tracker, at } = tracked();
  at(1000);
  tracker.halted('401', 'mend');
  at(2000);
  tracker.pass();
  tracker.opened(slice('a', 500), 0);
  tracker.halted('401', 'mend');
  expect(tracker.status().state).toEqual({
    kind: 'halted',
    since: 1000,
    detail: '401',
    hint: 'mend',
  });
  at(11_000);
  expect(tracker.status().lagSeconds).toBe(11);
});

test('with a backlog it says how much is left and how long that will take', () => {
  const { tracker, at } = tracked();
  const a = slice('a', 0);
  tracker.opened(a, 100);
  tracker.backlog(900);
  expect(tracker.status().state).toEqual({ kind: 'catching-up', bytesLeft: 900 });
  at(2000);
  tracker.settled([advance(a, 400)]);
  expect(tracker.status().state).toEqual({ kind: 'catching-up', bytesLeft: 600, secondsLeft: 4 });
  tracker.settled([advance(a, 1000, { done: true })]);
  expect(tracker.status().state).toEqual({ kind: 'active' });
});

test('a slice that can not be read is counted until it can', () => {
  const { tracker } = tracked();
  const a = slice('a', 0);
  tracker.opened(a, 0);
  tracker.settled([advance(a, 5, { problem: 'broke off' })]);
  expect(tracker.status()).toMatchObject({ problems: 1, lagSeconds: 0 });
  tracker.settled([advance(a, 9, { done: true })]);
  expect(tracker.status().problems).toBe(0);
});

test('what waits in the inbox counts for the lag in every state, and a clock set back gives no negative one', () => {
  const { tracker, at } = tracked({ oldestWaiting: () => 1000 });
  at(4000);
  tracker.paused();
  expect(tracker.status()).toMatchObject({ state: { kind: 'paused' }, lagSeconds: 3 });
  at(0);
  expect(tracker.status().lagSeconds).toBe(0);
});
