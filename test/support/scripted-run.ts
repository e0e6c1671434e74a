import type { Ledger } from '../../src/core/ledger.ts';
import type { Piece } from '../../src/core/piece.ts';
import type { Answer, Sink } from '../../src/core/sink.ts';
import type { Slice, Source } from '../../src/core/source.ts';
import { run, type RunResult } from '../../src/pipeline/run.ts';
import type { State } from '../../src/state/state.ts';

export const TYPE = 'users.messages.email.Click';
const PIECE_BYTES = 100;

export const slice = (id: string): Slice => ({ id, version: 'v1', format: 'avro' });

/** A piece of readable records, each an event that carries its slice and number. */
export function readable(of: Slice, nth: number, records: number): Piece {
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
export function rotten(of: Slice, nth: number): Piece {
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
export type Script = readonly (
  | readonly [id: string, pieces: (of: Slice) => (Piece | Error)[]]
  | Error
)[];

export interface Rules {
  readonly answer?: (numbers: string[], nth: number) => Answer | Promise<Answer>;
  readonly eventsPerBatch?: number;
  readonly signal?: AbortSignal;
  readonly drain?: AbortSignal;
  readonly backoffMs?: number;
  readonly settle?: Ledger['settle'];
  readonly connection?: string;
}

/** Runs a script into a ledger; `sent` is what was taken, in order. */
export async function runOn(
  state: State,
  script: Script,
  rules: Rules = {},
): Promise<RunResult & { sent: string[] }> {
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
  const connection = rules.connection ?? 'c';
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
    connection,
    claim: () => state.ledger.claim(connection, 0),
    concurrency: 3,
    delivery: { backoff: { baseMs: rules.backoffMs ?? 1, random: () => 0 } },
    signal: rules.signal ?? new AbortController().signal,
    ...(rules.drain ? { drain: rules.drain } : {}),
    now: () => 0,
  });
  return { ...result, sent };
}
