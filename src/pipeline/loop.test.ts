import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { SourceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Loop, type PassOutcome, type PassSignals, startLoop, type Work } from './loop.ts';

const NEVER = 1e9;

interface Script {
  readonly loop: Loop;
  /** What happened, in order. */
  readonly seen: string[];
  wake(): void;
}

type Step = PassOutcome | Error | ((signals: PassSignals) => Promise<PassOutcome>);

/** A loop whose passes do what the steps say, one after the other; the last is done for ever. */
function looping(
  steps: readonly Step[],
  options: { pollMs?: number; recheckMs?: number; backoffMs?: number } = {},
): Script {
  const seen: string[] = [];
  let passes = 0;
  let wake = (): void => undefined;
  const work: Work = {
    name: 'c',
    pollMs: options.pollMs ?? NEVER,
    pass(signals) {
      const step = steps[Math.min(passes++, steps.length - 1)]!;
      if (step instanceof Error) return Promise.reject(step);
      return typeof step === 'function' ? step(signals) : Promise.resolve(step);
    },
    onArrival(callback) {
      wake = callback;
      return () => seen.push('no more calls');
    },
    close() {
      seen.push('closed');
      return Promise.resolve();
    },
  };
  const log: Log = {
    info: () => undefined,
    warn: () => undefined,
    error: (_message, _fields, error) => seen.push(`logged ${(error as Error).message}`),
  };
  const loop = startLoop(work, {
    log,
    backoff: { baseMs: options.backoffMs ?? 1, random: () => 0 },
    recheckMs: options.recheckMs ?? NEVER,
    onPass: () => seen.push('pass'),
    onIdle: () => seen.push('idle'),
    onHalted: (detail) => seen.push(`halted ${detail}`),
    onFailed: (detail) => seen.push(`failed ${detail}`),
  });
  return { loop, seen, wake: () => wake() };
}

const finished: PassOutcome = { kind: 'finished' };
const halted: PassOutcome = { kind: 'halted', detail: 'wrong key', hint: 'mend it' };

test('it rests until the poll is due, and an arrival wakes it before', async () => {
  const { loop, seen, wake } = looping([finished]);
  await vi.waitFor(() => expect(seen).toEqual(['pass', 'idle']));
  wake();
  await vi.waitFor(() => expect(seen).toEqual(['pass', 'idle', 'pass', 'idle']));
  await loop.stop(0);
  expect(seen.slice(4)).toEqual(['no more calls', 'closed']);
});

test('what arrives during a pass is not slept through', async () => {
  let wake = (): void => undefined;
  const script = looping([
    async () => {
      await turn();
      wake();
      return finished;
    },
    finished,
  ]);
  wake = script.wake;
  await vi.waitFor(() => expect(script.seen).toEqual(['pass', 'idle', 'pass', 'idle']));
  await script.loop.stop(0);
});

test('polls come by themselves', async () => {
  const { loop, seen } = looping([finished], { pollMs: 1 });
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(6));
  await loop.stop(0);
});

test('what may go by itself is tried again, told each time with what to do', async () => {
  const { loop, seen } = looping([
    new SourceError('down', 'the bucket is down', { hint: 'Wait.' }),
    new SourceError('down', 'the bucket is down'),
    finished,
  ]);
  await vi.waitFor(() => expect(seen).toContain('idle'));
  expect(seen).toEqual([
    'pass',
    'failed the bucket is down. Wait.',
    'pass',
    'failed the bucket is down',
    'pass',
    'idle',
  ]);
  await loop.stop(0);
});

test('a halted one looks again by itself, and at once when it is woken', async () => {
  const { loop, seen } = looping([halted, halted, finished], { recheckMs: 1 });
  await vi.waitFor(() => expect(seen).toContain('idle'));
  expect(seen).toEqual(['pass', 'halted wrong key', 'pass', 'halted wrong key', 'pass', 'idle']);
  await loop.stop(0);
  const other = looping([halted, finished]);
  await vi.waitFor(() => expect(other.seen).toContain('halted wrong key'));
  other.loop.wake();
  await vi.waitFor(() => expect(other.seen).toContain('idle'));
  await other.loop.stop(0);
});

test.each([
  ['halted', halted],
  ['at fault', new SourceError('down', 'down')],
])('what arrives while it is %s does not make it ask again and again', async (_name, step) => {
  const { loop, seen, wake } = looping([step, finished], { backoffMs: NEVER });
  await vi.waitFor(() => expect(seen).toHaveLength(2));
  for (let i = 0; i < 10; i++) {
    wake();
    await turn();
  }
  expect(seen).toHaveLength(2);
  loop.wake();
  await vi.waitFor(() => expect(seen).toContain('idle'));
  await loop.stop(0);
});

test('a fault of ours is logged whole, halts this connection and is tried again later', async () => {
  const { loop, seen } = looping([new TypeError('x is undefined'), finished], { recheckMs: 1 });
  await vi.waitFor(() => expect(seen).toContain('idle'));
  expect(seen.slice(0, 3)).toEqual([
    'pass',
    'logged x is undefined',
    'halted A fault of Sluice itself stopped this connection.',
  ]);
  await loop.stop(0);
});

test('stopping drains first, and aborts what does not end in time', async () => {
  const order: string[] = [];
  const { loop, seen } = looping([
    ({ drain, signal }) =>
      new Promise((_resolve, reject) => {
        drain.addEventListener('abort', () => order.push('drain'));
        signal.addEventListener('abort', () => {
          order.push('abort');
          reject(signal.reason as Error);
        });
      }),
  ]);
  await vi.waitFor(() => expect(seen).toEqual(['pass']));
  await loop.stop(5);
  expect(order).toEqual(['drain', 'abort']);
  expect(seen).toEqual(['pass', 'no more calls', 'closed']);
});
