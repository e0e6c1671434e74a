import { Batch } from '../../core/batch.ts';
import { type Counts, totalOf } from '../../core/counts.ts';
import { HOUR_MS, hourOf } from '../../core/hours.ts';
import { START, type Slice, type Source } from '../../core/source.ts';
import type { createUnpack } from '../../mapping/unpack.ts';

/** Stretches that are tried, the shortest first, in hours; then everything there is. */
const STRETCHES = [48, 1440, undefined] as const;
const MAX_LISTED = 20_000;
const LIST_MS = 15_000;

/** Files of the newest stretch of a source in which there are any. */
export interface Sample {
  /** By Currents type as the name tells it; under '' where it does not. Newest first. */
  readonly files: ReadonlyMap<string, readonly Slice[]>;
  /** First hour and the first hour after it, as `YYYY-MM-DD-HH`; null when there are no files. */
  readonly from: string | null;
  readonly until: string | null;
  readonly hours: number;
  /** The bounds were met: there is more than was listed. */
  readonly cut: boolean;
}

/**
 * Lists the newest two days of a source; where these are empty two months, and then all. Bounded by 20,000 files and
 * 15 seconds. Throws SourceError.
 */
export async function sampleOf(source: Source, now: number, signal: AbortSignal): Promise<Sample> {
  const limit = AbortSignal.timeout(LIST_MS);
  for (const stretch of STRETCHES) {
    const until = Math.floor(now / HOUR_MS) * HOUR_MS;
    const since = stretch === undefined ? 0 : until - stretch * HOUR_MS;
    // The hour under way is not whole yet, so it says nothing of a day, but for where nothing else is there.
    const window = stretch === undefined ? {} : { since: hourOf(since), until: hourOf(until) };
    const found: Slice[] = [];
    let cut = false;
    try {
      for await (const slice of source.list(AbortSignal.any([signal, limit]), window)) {
        const at = timeOf(slice);
        if (slice.hour === undefined && at !== undefined && (at < since || at > now)) continue;
        found.push(slice);
        cut = found.length >= MAX_LISTED;
        if (cut) break;
      }
    } catch (error) {
      if (signal.aborted || !limit.aborted) throw error;
      cut = true;
    }
    if (found.length === 0 && !cut) continue;
    if (stretch === 48) return sampleFrom(found, since, until, cut);
    const times = found.flatMap((each) => timeOf(each) ?? []).toSorted((a, b) => a - b);
    const first = Math.floor((times[0] ?? until) / HOUR_MS) * HOUR_MS;
    const last = Math.floor((times.at(-1) ?? until) / HOUR_MS) * HOUR_MS + HOUR_MS;
    return sampleFrom(found, first, last, cut);
  }
  return { files: new Map(), from: null, until: null, hours: 0, cut: false };
}

function sampleFrom(found: readonly Slice[], from: number, until: number, cut: boolean): Sample {
  const files = Map.groupBy(
    found.toSorted((a, b) => (timeOf(b) ?? 0) - (timeOf(a) ?? 0)),
    ({ eventType }) => eventType ?? '',
  );
  const hours = Math.max(1, (until - from) / HOUR_MS);
  return { files, from: hourOf(from), until: hourOf(until), hours, cut };
}

function timeOf({ hour, writtenAt }: Slice): number | undefined {
  if (hour === undefined) return writtenAt;
  const [year = 0, month = 1, day = 1, of = 0] = hour.split('-').map(Number);
  return Date.UTC(year, month - 1, day, of);
}

/** Records by type, and bytes read for them, of the beginning of a file. Reads `maxBytes` and a block more, at most. */
export async function countRecords(
  slice: Slice,
  unpack: ReturnType<typeof createUnpack>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<{ counts: ReadonlyMap<string, number>; bytes: number }> {
  const limits = { events: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };
  const batch = new Batch(limits, Buffer.alloc(0));
  const counts: Counts = batch.enter(slice, START).counts;
  let bytes = 0;
  for await (const piece of unpack(slice, START, signal)) {
    for (let n = 0; n < piece.records;) {
      const next = piece.encode(n, 0, batch);
      if (next <= n) break;
      n = next;
    }
    bytes = piece.next;
    if (bytes >= maxBytes || totalOf(counts).read > 1_000_000) break;
  }
  const read = new Map([...counts].map(([type, each]) => [type, each.read]));
  return { counts: read, bytes };
}

/** Does something with each of many, a few at a time, in order. Stops beginning new ones once `isOver`. */
export async function aFewAtATime<T>(
  all: readonly T[],
  work: (each: T) => Promise<void>,
  isOver: () => boolean,
  width = 8,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < all.length && !isOver()) await work(all[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(width, all.length) }, worker));
}
