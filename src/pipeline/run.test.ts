import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isBalanced, totalOf } from '../core/counts.ts';
import { SliceError, SourceError, StateError } from '../core/errors.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Piece } from '../core/piece.ts';
import type { Answer, Sink } from '../core/sink.ts';
import type { Slice, Source } from '../core/source.ts';
import { openState, type State } from '../state/state.ts';
import { run, type RunResult } from './run.ts';

const TYPE = 'users.messages.email.Click';
const PIECE_BYTES = 100;

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

const slice = (id: string): Slice => ({ id, version: 'v1', format: 'avro' });

/** A piece of readable records, each an event that carries its slice and number. */
function readable(of: Slice, nth: number, records: number): Piece {
  return {
    offset: (nth + 1) * PIECE_BYTES,
    next: (nth + 2) * PIECE_BYTES,
    records,
    encode(from, first, batch) {
      let next = from;
      for (; next < records && !batch.isFull; next++) {
        const line = Buffer.from(`{"at":"${of.id} ${first + next}"}\n`);
        if (!batch.reserve(line.length)) break;
        batch.buffer.set(line, batch.length);
        batch.commit(batch.length + line.length, first + next, TYPE);
        batch.records++;
      }
      batch.tally(TYPE).read += next - from;
      return next;
    },
  };
}

/** A piece that can't be read any more: one record, which becomes one dead letter. */
function rotten(of: Slice, nth: number): Piece {
  return {
    ...readable(of, nth, 1),
    encode(_from, first, batch) {
      const tally = batch.tally(TYPE);
      tally.read++;
      tally.deadLetters++;
      batch.records++;
      batch.bury({
        slice: of.id,
        version: of.version,
        record: first,
        eventType: TYPE,
        cause: 'corrupt_block',
        detail: 'rotten',
        kind: 'bytes',
        payload: Buffer.from('rotten'),
      });
      return 1;
    },
  };
}

/** Slices in order, each with its pieces; an error in their place is thrown. */
type Script = readonly (readonly [id: string, pieces: (of: Slice) => (Piece | Error)[]] | Error)[];

interface Rules {
  readonly answer?: (numbers: string[], nth: number) => Answer | Promise<Answer>;
  readonly eventsPerBatch?: number;
  readonly signal?: AbortSignal;
  readonly settle?: Ledger['settle'];
}

async function runOn(script: Script, rules: Rules = {}): Promise<RunResult & { sent: string[] }> {
  const sent: string[] = [];
  let requests = 0;
  const source: Source = {
    name: 'scripted',
    async *list() {
      for (const each of script) {
        if (each instanceof Error) throw each;
        yield await Promise.resolve(slice(each[0]));
      }
    },
    open: () => {
      throw new Error('not opened here');
    },
    close: () => Promise.resolve(),
  };
  const sink: Sink = {
    name: 'scripted',
    limits: { events: rules.eventsPerBatch ?? 2, bytes: 10_000 },
    rates: { eventsPerSecond: 1e9, bytesPerMinute: 1e12 },
    pack: (lines, events) =>
      Promise.resolve({ events, bytes: lines.length, wire: Buffer.from(lines) }),
    unpack: (body) => Promise.resolve(Buffer.from(body.wire)),
    async send(body, signal) {
      signal.throwIfAborted();
      const numbers = [
        ...Buffer.from(body.wire)
          .toString()
          .matchAll(/"at":"([^"]+)"/g),
      ].map((match) => match[1]!);
      const answer = (await rules.answer?.(numbers, ++requests)) ?? {
        kind: 'settled',
        rejections: [],
      };
      signal.throwIfAborted();
      if (answer.kind === 'settled') sent.push(...numbers);
      return answer;
    },
    close: () => Promise.resolve(),
  };
  const result = await run({
    source,
    async *unpack(of, from) {
      const found = script.find((each) => !(each instanceof Error) && each[0] === of.id);
      const pieces = found instanceof Error ? [] : found![1](of);
      for (const piece of pieces) {
        if (piece instanceof Error) throw piece;
        if (piece.offset >= from.offset) yield await Promise.resolve(piece);
      }
    },
    sink,
    ledger: { ...state.ledger, ...(rules.settle ? { settle: rules.settle } : {}) },
    claim: await state.ledger.claim('c', 0),
    concurrency: 3,
    delivery: { backoff: { baseMs: 1, random: () => 0 } },
    signal: rules.signal ?? new AbortController().signal,
    now: () => 0,
  });
  return { ...result, sent };
}

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
  await expect(runOn(script, { eventsPerBatch: 4 })).rejects.toThrow('b2 may not be read');
  await expectBalance(10);
  expect((await state.ledger.progress('c', slice('b')))?.done).toBe(true);
  expect((await runOn([script[0]!, script[1]!])).sent).toEqual([]);
});

test('a halt in the middle settles nothing behind it, and the next run sends the rest', async () => {
  const script: Script = [
    ['a', three],
    ['b', three],
  ];
  const halted = await runOn(script, {
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
  const rest = await runOn(script);
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
  const first = await runOn(script, { eventsPerBatch: 5 });
  expect(first.problems).toEqual([{ slice: 'a', problem: 'breaks off' }]);
  expect(first.slices).toBe(2);
  await expectBalance(12);
  whole = true;
  const second = await runOn(script, { eventsPerBatch: 5 });
  expect(second.sent).toEqual(numbers('a', 3, 6));
  expect(second.problems).toEqual([]);
  await expectBalance(15);
});

test('a block that rots while it is half settled becomes one more dead letter, and the books balance', async () => {
  const script: Script = [['a', (of) => [readable(of, 0, 5), readable(of, 1, 2)]]];
  await runOn(script, {
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
  const result = await runOn([['a', (of) => [rotten(of, 0), readable(of, 1, 2)]]]);
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
  const stopped = await runOn([['a', three]], {
    signal: stop.signal,
    answer(some) {
      if (!some.includes('a 4')) return { kind: 'settled', rejections: [] };
      setTimeout(() => stop.abort(new Error('enough')), 10);
      return { kind: 'retry', detail: 'later', afterMs: 60_000 };
    },
  });
  expect(stopped.state).toBe('stopped');
  await expectBalance(4);
  expect((await runOn([['a', three]])).sent).toEqual(numbers('a', 4, 9));
  await expectBalance(9);
});

test('a ledger that fails while the run is stopped is told, not taken for a stop', async () => {
  const stop = new AbortController();
  const running = runOn([['a', three]], {
    signal: stop.signal,
    settle() {
      stop.abort(new Error('enough'));
      return Promise.reject(new StateError('disk_full', 'the disk is full'));
    },
  });
  await expect(running).rejects.toThrow('the disk is full');
});
