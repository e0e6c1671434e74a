import { HOUR_MS } from '../../core/hours.ts';
import { addTypeCounts, emptyCounts, skippedOf, type Counts } from '../../core/counts.ts';
import type { HourFigures } from '../../core/books.ts';
import type { SliceProblem } from '../../core/ledger.ts';
import { channelName, findEvent } from '../../catalogue/catalogue.ts';
import { connectionSpec } from '../connection.ts';
import type { Live } from './live.ts';
import { type ManagedParts, stored } from './parts.ts';

const DAY_MS = 24 * HOUR_MS;
const MAX_LISTED = 100;
/** The verdict reads every slice, so it is given again for a while: at least so long, and as many times as it took. */
const FRESH_MS = 2000;
const FRESH_TIMES = 50;

export interface Balance {
  readonly read: number;
  readonly delivered: number;
  /** By reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly deadLetters: number;
  /** Whether all adds up, over all time, slice by slice and hour by hour. */
  readonly balanced: boolean;
  /** Where it does not; at most 100. */
  readonly breaks: readonly SliceProblem[];
  /** Slices that can't be read to their end; at most 100. */
  readonly unreadable: readonly SliceProblem[];
}

/** Keeps the costly part of the balance for a while. */
export function createBalance(parts: ManagedParts): (name: string) => Promise<Balance> {
  const kept = new Map<string, { until: number; verdict: Promise<SliceProblem[][]> }>();
  const verdictOf = (name: string): Promise<SliceProblem[][]> => {
    const begun = performance.now();
    const known = kept.get(name);
    if (known && known.until > begun) return known.verdict;
    const { ledger } = parts.state;
    const verdict = Promise.all([ledger.imbalances(name), ledger.problems(name)]);
    const entry = { until: Infinity, verdict };
    kept.set(name, entry);
    const ended = (): void => {
      const now = performance.now();
      entry.until = now + Math.max(FRESH_MS, (now - begun) * FRESH_TIMES);
    };
    verdict.then(ended, () => kept.delete(name));
    return verdict;
  };
  return async (name) => {
    await stored(parts, name);
    const [breaks = [], unreadable = []] = await verdictOf(name);
    const total = await parts.state.books.total(name);
    const { read, delivered, skipped, deadLetters } = total;
    return {
      read,
      delivered,
      skipped,
      deadLetters,
      balanced: breaks.length === 0 && read === delivered + skippedOf(total) + deadLetters,
      breaks: breaks.slice(0, MAX_LISTED),
      unreadable: unreadable.slice(0, MAX_LISTED),
    };
  };
}

export type Period = 'hour' | 'day' | 'week' | 'month';

export interface Point extends HourFigures {
  /** The largest that was noted; null when none was. */
  readonly lagSeconds: number | null;
}

export interface Figures {
  readonly step: 'minute' | 'hour' | 'day';
  /** Oldest first, without a gap. */
  readonly points: readonly Point[];
}

const STEPS = {
  day: { step: 'hour', ms: HOUR_MS, n: 24 },
  week: { step: 'hour', ms: HOUR_MS, n: 168 },
  month: { step: 'day', ms: DAY_MS, n: 31 },
} as const;

/** Throws UsageError `no_such_connection`. */
export async function figures(
  parts: ManagedParts,
  live: Live,
  name: string,
  period: Period,
): Promise<Figures> {
  await stored(parts, name);
  if (period === 'hour') return { step: 'minute', points: live.minutes(name) };
  const { step, ms, n } = STEPS[period];
  const since = Math.floor(parts.now() / ms) * ms - (n - 1) * ms;
  const points = Array.from({ length: n }, (_, i) => ({
    ...{ at: since + i * ms, read: 0, delivered: 0, skipped: 0, deadLetters: 0 },
    lagSeconds: null as number | null,
  }));
  const pointAt = (at: number) => points[Math.floor((at - since) / ms)];
  for (const each of await parts.state.books.hours(name, since)) {
    const point = pointAt(each.at);
    if (!point) continue;
    for (const key of ['read', 'delivered', 'skipped', 'deadLetters'] as const)
      point[key] += each[key];
  }
  for (const { at, seconds } of await parts.state.books.lags(name, since)) {
    const point = pointAt(at);
    if (point) point.lagSeconds = Math.max(point.lagSeconds ?? 0, seconds);
  }
  return { step, points };
}

export interface TypeLine {
  readonly type: string;
  /** Mixpanel event name; null when the catalogue has none. */
  readonly event: string | null;
  readonly read: number;
  readonly delivered: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly deadLetters: number;
  readonly newFields: Readonly<Record<string, number>>;
}

/** By event type, over all time; most read first. Throws UsageError `no_such_connection`. */
export async function typesOf(parts: ManagedParts, name: string): Promise<TypeLine[]> {
  const { spec } = await stored(parts, name);
  const settings = connectionSpec.safeParse(spec).data?.settings;
  const counts = await parts.state.books.types(name);
  return [...merged(counts)]
    .map(([type, { read, delivered, skipped, deadLetters, newFields }]) => {
      const known = findEvent(type);
      const native = settings?.eventNames === 'channel' && known ? channelName(known) : known?.name;
      const event = native === undefined ? null : (settings?.rename.events[native] ?? native);
      return { type, event, read, delivered, skipped, deadLetters, newFields };
    })
    .toSorted((a, b) => b.read - a.read || (a.type < b.type ? -1 : 1));
}

/** Both spellings of a type are one. */
function merged(counts: Counts): Counts {
  const all: Counts = new Map();
  for (const [type, each] of counts) {
    const name = findEvent(type)?.type ?? type;
    const into = all.get(name) ?? emptyCounts();
    addTypeCounts(into, each);
    all.set(name, into);
  }
  return all;
}
