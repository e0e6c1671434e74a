import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readable, rotten, runOn, type Script, slice } from '../../test/support/scripted-run.ts';
import { isBalanced, totalOf } from '../core/counts.ts';
import { SliceError, SourceError, StateError } from '../core/errors.ts';
import type { Piece } from '../core/piece.ts';
import type { Answer } from '../core/sink.ts';
import type { Slice } from '../core/source.ts';
import { openState, type State } from '../state/state.ts';

let connections = 0;
let folder: string;
let state: State;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-run-'));
  state = openState(folder);
});

afterEach(async () => {
  state.close();
  await rm(folder, { recursive: true, force: true });
});

const three = (of: Slice): Piece[] => [0, 1, 2].map((nth) => readable(of, nth, 3));
const numbers = (id: string, from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `${id} ${from + i}`);

async function expectBalance(read: number): Promise<void> {
  const totals = await state.ledger.totals('c');
  expect(totalOf(totals).read).toBe(read);
  expect(isBalanced(totals)).toBe(true);
  expect(await state.ledger.imbalances('c')).toEqual([]);
}

test('what was listed before the listing broke off is delivered and settled', async () => {
  const script: Script = [
    ['a', three],
    ['b', (of) => [readable(of, 0, 1)]],
    new SourceError('no_access', 'b2 may not be read'),
  ];
  await expect(runOn(state, script, { eventsPerBatch: 4 })).rejects.toThrow('b2 may not be read');
  await expectBalance(10);
  expect((await state.ledger.progress('c', slice('b')))?.done).toBe(true);
  expect((await runOn(state, [script[0]!, script[1]!])).sent).toEqual([]);
});

test('a halt in the middle settles nothing behind it, and the next run sends the rest', async () => {
  const script: Script = [
    ['a', three],
    ['b', three],
  ];
  const halted = await runOn(state, script, {
    async answer(some) {
      // The request after the refused one is taken meanwhile.
      if (some.includes('a 4')) {
        await delay(20);
        return { kind: 'halt', detail: 'no entry' };
      }
      return { kind: 'settled', rejections: [] };
    },
  });
  expect(halted).toMatchObject({ state: 'halted', detail: 'no entry' });
  await expectBalance(4);
  const rest = await runOn(state, script);
  expect(rest.state).toBe('finished');
  expect(rest.sent.toSorted()).toEqual([...numbers('a', 4, 9), ...numbers('b', 0, 9)]);
  await expectBalance(18);
});

test('a slice that breaks off amid a batch is named, keeps its place, and holds nothing up', async () => {
  let whole = false;
  const broken = (of: Slice): (Piece | Error)[] => [
    readable(of, 0, 3),
    ...(whole ? [] : [new SliceError('truncated', 'breaks off', { slice: of.id, offset: 200 })]),
    readable(of, 1, 3),
  ];
  const script: Script = [
    ['a', broken],
    ['b', three],
    ['empty', () => []],
  ];
  const first = await runOn(state, script, { eventsPerBatch: 5 });
  expect(first.problems).toEqual([{ slice: 'a', problem: 'breaks off' }]);
  expect(first.slices).toBe(2);
  await expectBalance(12);
  whole = true;
  const second = await runOn(state, script, { eventsPerBatch: 5 });
  expect(second.sent).toEqual(numbers('a', 3, 6));
  expect(second.problems).toEqual([]);
  await expectBalance(15);
});

test('a block that rots while it is half settled becomes one more dead letter, and the books balance', async () => {
  const script: Script = [['a', (of) => [readable(of, 0, 5), readable(of, 1, 2)]]];
  await runOn(state, script, {
    eventsPerBatch: 3,
    answer: (some) =>
      some.includes('a 3')
        ? { kind: 'halt', detail: 'stop' }
        : {
            kind: 'settled',
            rejections: [{ index: 1, cause: 'rejected', detail: 'no' }],
          },
  });
  expect((await state.ledger.progress('c', slice('a')))?.position).toMatchObject({
    index: 3,
    record: 3,
  });
  const result = await runOn(state, [['a', (of) => [rotten(of, 0), readable(of, 1, 2)]]]);
  expect(result.sent).toEqual(numbers('a', 4, 6));
  await expectBalance(6);
  const letters = await state.deadLetters.list({ limit: 10 });
  expect(letters.map(({ record, kind }) => [record, kind])).toEqual([
    [1, 'event'],
    [3, 'bytes'],
  ]);
});

test('stopping while nothing is taken keeps what was settled', async () => {
  const stop = new AbortController();
  const stopped = await runOn(state, [['a', three]], {
    signal: stop.signal,
    answer(some) {
      if (!some.includes('a 4')) return { kind: 'settled', rejections: [] };
      setTimeout(() => stop.abort(new Error('enough')), 10);
      return { kind: 'retry', detail: 'later', afterMs: 60_000 };
    },
  });
  expect(stopped.state).toBe('stopped');
  await expectBalance(4);
  expect((await runOn(state, [['a', three]])).sent).toEqual(numbers('a', 4, 9));
  await expectBalance(9);
});

test('a ledger that fails while the run is stopped is told, not taken for a stop', async () => {
  const stop = new AbortController();
  const running = runOn(state, [['a', three]], {
    signal: stop.signal,
    settle() {
      stop.abort(new Error('enough'));
      return Promise.reject(new StateError('disk_full', 'the disk is full'));
    },
  });
  await expect(running).rejects.toThrow('the disk is full');
});

test('draining reads nothing more, settles what is in flight, and the next run sends the rest', async () => {
  const script: Script = [
    ['a', three],
    ['b', three],
  ];
  const drain = new AbortController();
  const drained = await runOn(state, script, {
    drain: drain.signal,
    async answer(): Promise<Answer> {
      drain.abort(new Error('stopping'));
      await delay(1);
      return { kind: 'settled', rejections: [] };
    },
  });
  expect(drained.state).toBe('stopped');
  expect(drained.sent.length).toBeGreaterThan(0);
  expect(drained.sent.length).toBeLessThan(18);
  await expectBalance(drained.sent.length);
  const rest = await runOn(state, script);
  expect([...drained.sent, ...rest.sent]).toEqual([...numbers('a', 0, 9), ...numbers('b', 0, 9)]);
});

test('draining does not wait for a destination that is down', async () => {
  const drain = new AbortController();
  const drained = await runOn(state, [['a', three]], {
    drain: drain.signal,
    backoffMs: 1e8,
    answer(): Answer {
      setImmediate(() => drain.abort(new Error('stopping')));
      return { kind: 'retry', detail: 'down' };
    },
  });
  expect(drained).toMatchObject({ state: 'stopped', sent: [] });
  await expectBalance(0);
  expect((await runOn(state, [['a', three]])).sent).toEqual(numbers('a', 0, 9));
});

test('while much is mapped, others get their turn', async () => {
  let turns = 0;
  const count = setInterval(() => turns++, 0);
  const slow = (of: Slice): Piece[] =>
    Array.from({ length: 10 }, (_, nth) => {
      const piece = readable(of, nth, 1);
      return {
        ...piece,
        encode(from, first, batch) {
          for (const until = performance.now() + 15; performance.now() < until;);
          return piece.encode(from, first, batch);
        },
      };
    });
  await runOn(state, [['a', slow]], { eventsPerBatch: 100 });
  clearInterval(count);
  expect(turns).toBeGreaterThan(4);
});

test('whatever a destination answers and whenever a run is cut off: all is accounted for, once', async () => {
  const answers = ['settled', 'settled', 'settled', 'reject', 'retry', 'lost', 'split', 'halt'];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.nat(5), { maxLength: 4 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.constantFrom(...answers, 'stop'), { maxLength: 25 }),
      fc.integer({ min: 1, max: 4 }),
      async (sizes, plan, eventsPerBatch) => {
        const connection = `c${++connections}`;
        const script: Script = sizes.map((pieces, i) => [
          `s${i}`,
          (of) => pieces.map((records, nth) => readable(of, nth, records)),
        ]);
        const all = sizes.flatMap((pieces, i) =>
          numbers(
            `s${i}`,
            0,
            pieces.reduce((sum, n) => sum + n, 0),
          ),
        );
        const ingested = new Set<string>();
        const rest = [...plan];
        for (let finished = false; !finished;) {
          const stop = new AbortController();
          const result = await runOn(state, script, {
            connection,
            eventsPerBatch,
            signal: stop.signal,
            async answer(some): Promise<Answer> {
              const next = rest.shift() ?? 'settled';
              await delay(some.length % 2);
              if (next === 'stop') stop.abort(new Error('enough'));
              if (next === 'halt') return { kind: 'halt', detail: 'no' };
              if (next === 'split') return { kind: 'split', cause: 'whole', detail: 'no' };
              const refused = next === 'reject' ? some.length - 1 : undefined;
              if (next !== 'retry')
                for (const [i, each] of some.entries()) if (i !== refused) ingested.add(each);
              if (next === 'retry' || next === 'lost') return { kind: 'retry', detail: 'later' };
              return {
                kind: 'settled',
                rejections:
                  refused === undefined ? [] : [{ index: refused, cause: 'bad', detail: 'no' }],
              };
            },
          });
          finished = result.state === 'finished';
          expect(await state.ledger.imbalances(connection)).toEqual([]);
        }
        const totals = await state.ledger.totals(connection);
        expect(isBalanced(totals)).toBe(true);
        const { read, delivered, deadLetters } = totalOf(totals);
        expect(read).toBe(all.length);
        const letters = await state.deadLetters.list({ connection, limit: 1000 });
        expect(letters).toHaveLength(deadLetters);
        const kept = letters.map(({ slice: of, record }) => `${of} ${record}`);
        for (const [i, each] of kept.entries())
          expect(Buffer.from(letters[i]!.payload).toString()).toBe(`{"at":"${each}"}`);
        expect([...new Set([...ingested, ...kept])].toSorted()).toEqual(all.toSorted());
        expect(delivered).toBe(all.length - kept.length);
      },
    ),
    { numRuns: 60 },
  );
});
