import { expect, test } from 'vitest';
import { createRateLimit, sharedRateLimit } from './rate-limit.ts';
import { backoffMs } from './retry.ts';

const signal = new AbortController().signal;

function fakeClock() {
  let now = 0;
  const waits: number[] = [];
  return {
    waits,
    pass: (ms: number) => {
      now += ms;
    },
    settings: {
      eventsPerSecond: 100,
      bytesPerMinute: 60_000,
      now: () => now,
      wait: (ms: number) => {
        waits.push(Math.round(ms));
        now += ms;
        return Promise.resolve();
      },
    },
  };
}

test('a burst goes out at once, then the rate holds', async () => {
  const { settings, waits } = fakeClock();
  const limit = createRateLimit(settings);
  for (let i = 0; i < 12; i++) await limit.take(100, 1, signal);
  expect(waits).toEqual([1000, 1000]);
});

test('bytes are limited like events', async () => {
  const { settings, waits } = fakeClock();
  const limit = createRateLimit(settings);
  for (let i = 0; i < 11; i++) await limit.take(1, 1000, signal);
  expect(waits).toEqual([1000]);
});

test('more than a bucket holds still goes out, and the next one pays', async () => {
  const { settings, waits, pass } = fakeClock();
  const limit = createRateLimit(settings);
  await limit.take(2000, 1, signal);
  pass(5000);
  await limit.take(100, 1, signal);
  expect(waits).toEqual([10_000]);
});

test.each([
  [3000, 3],
  [250, 1],
  [7, 2],
  [1, 100],
  [0.5, 1],
])(
  'no span of time sees more than its %d requests in %d s, and not much fewer',
  async (count, seconds) => {
    const { settings } = fakeClock();
    const limit = createRateLimit({ ...settings, requests: { count, seconds } });
    const sent: number[] = [];
    const wanted = Math.ceil(count * 4) + 3;
    for (let i = 0; i < wanted; i++) {
      await limit.take(0, 0, signal);
      sent.push(settings.now());
      // A pause fills the allowance anew.
      if (i === Math.floor(wanted / 2)) await settings.wait(seconds * 5000);
    }
    const span = seconds * 1000;
    for (const [i, from] of sent.entries()) {
      const within = sent.slice(i).findIndex((at) => at >= from + span - 1e-6);
      if (within >= 0) expect(within).toBeLessThanOrEqual(Math.max(Math.ceil(count), 1));
    }
    const busy = sent.at(-1)! - seconds * 5000;
    expect(busy).toBeLessThanOrEqual((wanted / count) * span * 1.25 + span);
  },
);

test('what has no bound does not wait', async () => {
  const { settings, waits } = fakeClock();
  const limit = createRateLimit({
    ...settings,
    eventsPerSecond: Infinity,
    bytesPerMinute: Infinity,
  });
  for (let i = 0; i < 3; i++) await limit.take(1e9, 1e12, signal);
  expect(waits).toEqual([]);
});

test('first come, first served; who gives up lets the next one pass', async () => {
  const { settings } = fakeClock();
  const limit = createRateLimit(settings);
  const order: string[] = [];
  await Promise.all([
    limit.take(1500, 1, signal).then(() => order.push('first')),
    limit.take(1, 1, AbortSignal.abort(new Error('gone'))).catch(() => order.push('gone')),
    limit.take(1, 1, signal).then(() => order.push('second')),
  ]);
  expect(order).toEqual(['first', 'gone', 'second']);
});

test('the connections of a project share one limit', () => {
  const rates = { eventsPerSecond: 1, bytesPerMinute: 1 };
  expect(sharedRateLimit('a', rates)).toBe(sharedRateLimit('a', rates));
  expect(sharedRateLimit('a', rates)).not.toBe(sharedRateLimit('b', rates));
});

test('waits double from 2 s to 60 s, with 1 to 5 s on top, and honour what was asked for', () => {
  const of = (attempt: number, random: number, after?: number) =>
    backoffMs(attempt, { baseMs: 2000, random: () => random }, after);
  expect([1, 2, 3, 4, 5, 6, 7, 50].map((attempt) => of(attempt, 0))).toEqual([
    3000, 5000, 9000, 17_000, 33_000, 61_000, 61_000, 61_000,
  ]);
  expect(of(1, 1)).toBe(7000);
  expect(of(1, 0, 90_000)).toBe(90_000);
});
