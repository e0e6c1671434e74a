import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Answer, Body, Sink } from '../core/sink.ts';
import { deliver, type RetryInfo } from './deliver.ts';

const backoff = { baseMs: 0.001, random: () => 0 };
const signal = new AbortController().signal;
const linesOf = (n: number): Buffer =>
  Buffer.from(Array.from({ length: n }, (_, i) => `{"n":${i}}\n`).join(''));
const numbersIn = (body: Body): number[] =>
  Buffer.from(body.wire)
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { n: number }).n);

/** A sink that keeps lines as they are and answers by a rule. */
function sinkOf(rule: (numbers: number[], nth: number) => Answer) {
  const sent: Body[] = [];
  let packed = 0;
  const sink: Sink = {
    name: 'test',
    limits: { events: 2000, bytes: 1_000_000 },
    rates: { eventsPerSecond: 1e9, bytesPerMinute: 1e12 },
    pack(lines, events) {
      packed++;
      return Promise.resolve({ events, bytes: lines.length, wire: Buffer.from(lines) });
    },
    unpack: (body) => Promise.resolve(Buffer.from(body.wire)),
    send(body) {
      sent.push(body);
      return Promise.resolve(rule(numbersIn(body), sent.length));
    },
    close: () => Promise.resolve(),
  };
  return { sink, sent, packs: () => packed };
}

const settled: Answer = { kind: 'settled', rejections: [] };

test('a body is built once and the very same bytes are sent until they are taken', async () => {
  const { sink, sent, packs } = sinkOf((_n, nth) =>
    nth < 6 ? { kind: 'retry', detail: `no ${nth}` } : settled,
  );
  const retries: RetryInfo[] = [];
  const result = await deliver(sink, linesOf(3), 3, {
    signal,
    backoff,
    onRetry: (info) => retries.push(info),
  });
  expect(result).toMatchObject({ kind: 'settled', requests: 6, rejections: [] });
  expect(new Set(sent).size).toBe(1);
  expect(packs()).toBe(1);
  expect(retries.map(({ attempt, detail }) => [attempt, detail])).toEqual(
    [1, 2, 3, 4, 5].map((n) => [n, `no ${n}`]),
  );
});

test('a wait is at least as long as the destination asks for', async () => {
  const { sink } = sinkOf((_n, nth) =>
    nth === 1 ? { kind: 'retry', detail: '', afterMs: 30 } : settled,
  );
  const retries: RetryInfo[] = [];
  await deliver(sink, linesOf(1), 1, { signal, backoff, onRetry: (info) => retries.push(info) });
  expect(retries[0]!.waitMs).toBeGreaterThanOrEqual(30);
});

test('waiting ends when the signal is aborted', async () => {
  const stop = new AbortController();
  const { sink } = sinkOf(() => ({ kind: 'retry', detail: '' }));
  const delivery = deliver(sink, linesOf(1), 1, {
    signal: stop.signal,
    backoff: { baseMs: 60_000, random: () => 0 },
    onRetry: () => stop.abort(new Error('enough')),
  });
  await expect(delivery).rejects.toThrow('enough');
});

test('a halt is handed on at once', async () => {
  const { sink } = sinkOf(() => ({ kind: 'halt', detail: 'no such project' }));
  expect(await deliver(sink, linesOf(2), 2, { signal, backoff })).toMatchObject({
    kind: 'halt',
    detail: 'no such project',
    requests: 1,
  });
});

test('a body refused as a whole is halved until the events at fault stand alone', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.uniqueArray(fc.nat(59), { maxLength: 5 }),
      async (n, culprits) => {
        const bad = culprits.filter((index) => index < n).toSorted((a, b) => a - b);
        const taken: number[] = [];
        const { sink } = sinkOf((numbers) => {
          if (numbers.some((each) => bad.includes(each)))
            return { kind: 'split', cause: 'refused', detail: 'whole' };
          taken.push(...numbers);
          return settled;
        });
        const result = await deliver(sink, linesOf(n), n, { signal, backoff });
        if (result.kind !== 'settled') throw new Error('halted');
        expect(result.rejections.map(({ index }) => index)).toEqual(bad);
        expect(result.rejections.map(({ event }) => Buffer.from(event).toString())).toEqual(
          bad.map((i) => `{"n":${i}}`),
        );
        expect([...taken, ...bad].toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: n }, (_, i) => i),
        );
      },
    ),
  );
});

test('rejections keep the places of the events in the whole, through halves', async () => {
  const { sink } = sinkOf((numbers) =>
    numbers.length > 3
      ? { kind: 'split', cause: 'too_large', detail: '' }
      : {
          kind: 'settled',
          rejections: numbers.flatMap((n, index) =>
            n % 4 === 1 ? [{ index, cause: 'c', detail: 'd' }] : [],
          ),
        },
  );
  const result = await deliver(sink, linesOf(11), 11, { signal, backoff });
  expect(result).toMatchObject({
    kind: 'settled',
    rejections: [{ index: 1 }, { index: 5 }, { index: 9 }],
  });
});

test('no events need no request', async () => {
  const { sink, sent } = sinkOf(() => settled);
  let packed = 0;
  await deliver(sink, linesOf(0), 0, { signal, onPacked: () => packed++ });
  expect(sent).toHaveLength(0);
  expect(packed).toBe(1);
});

test('the lines may be overwritten once they are packed', async () => {
  const buffer = linesOf(4);
  const { sink } = sinkOf((numbers, nth) =>
    nth === 1 ? { kind: 'split', cause: 'c', detail: '' } : numbers.length > 1 ? settled : settled,
  );
  const result = await deliver(sink, buffer, 4, {
    signal,
    backoff,
    onPacked: () => buffer.fill(0),
  });
  expect(result).toMatchObject({ kind: 'settled', requests: 3 });
});
