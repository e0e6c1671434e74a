import { setImmediate as turn } from 'node:timers/promises';
import { type Advance, Batch, type BatchLimits } from '../core/batch.ts';
import { addCounts, type Counts, countsOf } from '../core/counts.ts';
import type { DeadLetter } from '../core/dead-letter.ts';
import { SliceError, withHint, SluiceError, SourceError } from '../core/errors.ts';
import type { Claim, Ledger, SliceProblem } from '../core/ledger.ts';
import type { Piece, Unpack } from '../core/piece.ts';
import type { Sink } from '../core/sink.ts';
import { type Position, type Slice, type Source, START, type Window } from '../core/source.ts';
import { deliver, type DeliverOptions, type Delivery } from './deliver.ts';
import { mapInOrder } from './in-order.ts';

export interface RunOptions {
  readonly source: Source;
  readonly unpack: Unpack;
  readonly sink: Sink;
  readonly ledger: Ledger;
  readonly connection: string;
  /** Asked for once, when there is something to settle. */
  readonly claim: () => Promise<Claim>;
  /** What part of the source is wanted; all of it when left out. */
  readonly window?: Window;
  /** Requests in flight at once. */
  readonly concurrency: number;
  /** Records a batch, skipped ones included. */
  readonly recordsPerBatch?: number;
  /** Bytes of JSON a batch, where the sink's own bound is too much for the memory there is. */
  readonly bytesPerBatch?: number;
  readonly delivery: Omit<DeliverOptions, 'signal' | 'drain' | 'onPacked'>;
  /** Aborted: nothing more is read, and what is in flight is still settled. */
  readonly drain?: AbortSignal;
  readonly signal: AbortSignal;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
  /** A slice that is not settled to its end is about to be read, from a byte on. */
  readonly onOpened?: (slice: Slice, from: number) => void;
  /** `advances`: what was settled just now. */
  readonly onSettled?: (progress: Progress, advances: readonly Advance[]) => void;
}

/** How far a run is. */
export interface Progress {
  /** Slices that the source has, read in this run or before. */
  readonly listed: number;
  readonly slices: number;
  readonly counts: Counts;
  /** Bytes of slices settled in this run. */
  readonly bytesRead: number;
  readonly requests: number;
  readonly bytesSent: number;
  /** Newest hour that the source listed. */
  readonly newestHour?: string;
}

export interface RunResult extends Progress {
  readonly state: 'finished' | 'halted' | 'stopped';
  /** Why it halted. */
  readonly detail?: string;
  readonly problems: readonly SliceProblem[];
}

/** Nobody else gets a turn for about this long. */
const TURN_MS = 8;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const RECORDS_PER_BATCH = 100_000;
/** A batch also ends after this many slices, so that thousands of tiny ones settle in steps. */
const SLICES_PER_BATCH = 256;

/**
 * Carries everything a source holds to the sink and into the ledger: the straight line. Batches are sent side by side
 * and settled in order, so that a checkpoint means: everything before it is settled.
 * Throws what the ledger or the source's listing throws; what was listed until then is still sent and settled.
 */
export async function run(options: RunOptions): Promise<RunResult> {
  const { ledger, signal } = options;
  let claim: Promise<Claim> | undefined;
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  const totals: Writable<Progress> = {
    listed: 0,
    slices: 0,
    counts: new Map(),
    bytesRead: 0,
    requests: 0,
    bytesSent: 0,
  };
  const problems: SliceProblem[] = [];
  const buffers: Uint8Array[] = [];
  const started = new Map<string, number>();

  const send = async (batch: Batch): Promise<{ batch: Batch; delivery: Delivery }> => {
    const { buffer } = batch;
    const delivery = await deliver(options.sink, batch.lines, batch.events, {
      ...options.delivery,
      signal: inner,
      ...(options.drain ? { drain: options.drain } : {}),
      onPacked: () => buffers.push(buffer),
    });
    return { batch, delivery };
  };

  const settled = async (advances: readonly Advance[]): Promise<void> => {
    for (const { slice, counts, position, done, problem } of advances) {
      if (done) await options.source.release?.(slice);
      addCounts(totals.counts, counts);
      totals.bytesRead += position.offset - (started.get(slice.id) ?? 0);
      started.set(slice.id, position.offset);
      if (done) totals.slices++;
      if (done || problem !== undefined) started.delete(slice.id);
      if (problem !== undefined) problems.push({ slice: slice.id, problem });
    }
  };

  try {
    const onListed = ({ hour }: Slice): void => {
      totals.listed++;
      if (hour !== undefined && hour > (totals.newestHour ?? '')) totals.newestHour = hour;
    };
    const batches = fillBatches(options, inner, buffers, started, onListed);
    for await (const { batch, delivery } of mapInOrder(batches, options.concurrency, send)) {
      totals.requests += delivery.requests;
      totals.bytesSent += delivery.bytesSent;
      if (delivery.kind === 'halt') {
        stop.abort();
        return { ...totals, state: 'halted', detail: delivery.detail, problems };
      }
      try {
        const rejected = countOutcomes(batch, delivery);
        await ledger.settle(await (claim ??= options.claim()), {
          advances: batch.advances,
          deadLetters: [...batch.deadLetters, ...rejected],
          requests: delivery.requests,
          bytesSent: delivery.bytesSent,
          at: options.now(),
        });
      } catch (error) {
        // Requests in flight would go on retrying while the loop is being left.
        stop.abort();
        throw error;
      }
      await settled(batch.advances);
      options.onSettled?.(totals, batch.advances);
    }
    return { ...totals, state: options.drain?.aborted ? 'stopped' : 'finished', problems };
  } catch (error) {
    // A ledger that fails while the run is being stopped is not the same as a run that was stopped.
    if ((signal.aborted || options.drain?.aborted === true) && !(error instanceof SluiceError))
      return { ...totals, state: 'stopped', problems };
    throw error;
  } finally {
    stop.abort();
  }
}

async function* fillBatches(
  options: RunOptions,
  inner: AbortSignal,
  buffers: Uint8Array[],
  started: Map<string, number>,
  onListed: (slice: Slice) => void,
): AsyncGenerator<Batch> {
  const { drain } = options;
  const signal = drain ? AbortSignal.any([inner, drain]) : inner;
  const limits: BatchLimits = {
    events: options.sink.limits.events,
    bytes: Math.min(options.sink.limits.bytes, options.bytesPerBatch ?? Infinity),
    records: options.recordsPerBatch ?? RECORDS_PER_BATCH,
  };
  const fresh = (): Batch =>
    new Batch(limits, buffers.pop() ?? Buffer.allocUnsafeSlow(Math.min(limits.bytes, 1 << 20)));
  // Made when there is something for it: most polls of a service find nothing new.
  let batch: Batch | undefined;
  let unlistable: SourceError | undefined;
  let turnedAt = performance.now();

  try {
    for await (const slice of options.source.list(signal, options.window)) {
      onListed(slice);
      const progress = await options.ledger.progress(options.connection, slice);
      if (progress?.done) {
        // The process may have ended between the commit and the release.
        await options.source.release?.(slice);
        continue;
      }
      let position = progress?.position ?? START;
      started.set(slice.id, position.offset);
      options.onOpened?.(slice, position.offset);
      let advance: Advance;
      try {
        for await (const piece of options.unpack(slice, position, signal)) {
          signal.throwIfAborted();
          for (;;) {
            batch ??= fresh();
            advance = batch.enter(slice, position);
            position = encodeMore(piece, position, batch);
            advance.position = position;
            const whole = position.offset === piece.next;
            if (!whole || batch.isFull) {
              yield batch;
              batch = undefined;
            }
            if (whole) break;
          }
          // Mapping is work of this thread; others wait for it, above all those who push.
          if (performance.now() - turnedAt > TURN_MS) {
            await turn();
            turnedAt = performance.now();
          }
        }
        batch ??= fresh();
        advance = batch.enter(slice, position);
        advance.done = true;
      } catch (error) {
        if (!(error instanceof SliceError)) throw error;
        batch ??= fresh();
        advance = batch.enter(slice, position);
        advance.problem = withHint(error);
      }
      if (batch.advances.length >= SLICES_PER_BATCH) {
        yield batch;
        batch = undefined;
      }
    }
  } catch (error) {
    // What was read for a batch that is never sent is read again by the next run.
    if (drain?.aborted && !inner.aborted && !(error instanceof SluiceError)) return;
    if (!(error instanceof SourceError)) throw error;
    unlistable = error;
  }
  if (batch && !batch.isEmpty) yield batch;
  if (unlistable) throw unlistable;
}

/** Maps records of a piece until it or the batch is at its end; gives the new position. */
function encodeMore(piece: Piece, position: Position, batch: Batch): Position {
  const resumed = piece.offset === position.offset && position.index < piece.records;
  // A block that was half settled and has rotted since comes as one record: it counts on from where the slice stands.
  const from = resumed ? position.index : 0;
  const first = position.record - from;
  const mapped = piece.records === from ? from : piece.encode(from, first, batch);
  if (mapped === from && piece.records > from && batch.records === 0 && batch.events === 0)
    throw new Error(`record ${position.record} fits no batch`);
  return mapped === piece.records
    ? { offset: piece.next, index: 0, record: first + mapped }
    : { offset: piece.offset, index: mapped, record: first + mapped };
}

/** Counts each event as delivered or as a dead letter; gives the dead letters. */
function countOutcomes(
  batch: Batch,
  delivery: Extract<Delivery, { kind: 'settled' }>,
): DeadLetter[] {
  for (const { advance, eventType, events } of batch.stretches)
    countsOf(advance.counts, eventType).delivered += events;
  return delivery.rejections.map((rejection) => {
    const { advance, eventType, record } = batch.placeOf(rejection.index);
    const counts = countsOf(advance.counts, eventType);
    counts.delivered--;
    counts.deadLetters++;
    return {
      slice: advance.slice.id,
      version: advance.slice.version,
      record,
      eventType,
      cause: rejection.cause,
      detail: rejection.detail,
      kind: 'event',
      payload: rejection.event,
    };
  });
}
