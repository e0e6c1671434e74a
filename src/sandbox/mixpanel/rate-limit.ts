/** What one project may do. `events` and `bytes` in any 60 seconds; queries are raw exports. */
export interface RateLimits {
  readonly eventsPerMinute: number;
  /** Bytes of JSON before compression. */
  readonly bytesPerMinute: number;
  readonly queriesPerSecond: number;
  readonly queriesPerHour: number;
}

/** As documented: about 30,000 events a second or 2 GB a minute, rolling; 3 exports a second, 60 an hour. */
export const DOCUMENTED_LIMITS: RateLimits = {
  eventsPerMinute: 1_800_000,
  bytesPerMinute: 2_000_000_000,
  queriesPerSecond: 3,
  queriesPerHour: 60,
};

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export interface RateLimiter {
  /** Whether a request of that size still fits; if so, it is counted. Events that fail validation count too. */
  takeImport(events: number, bytes: number): boolean;
  takeQuery(): boolean;
}

/** Sums over the last minute, second by second: what came in a second counts until its last request is a minute old. */
export function createRateLimiter(limits: RateLimits | 'off', clock: () => number): RateLimiter {
  if (limits === 'off') return { takeImport: () => true, takeQuery: () => true };
  let seconds: { second: number; last: number; events: number; bytes: number }[] = [];
  let queries: number[] = [];
  return {
    takeImport(events, bytes) {
      const now = clock();
      const second = Math.floor(now / 1000);
      seconds = seconds.filter((each) => each.last > now - MINUTE_MS);
      const eventSum = seconds.reduce((sum, each) => sum + each.events, events);
      const byteSum = seconds.reduce((sum, each) => sum + each.bytes, bytes);
      if (eventSum > limits.eventsPerMinute || byteSum > limits.bytesPerMinute) return false;
      const newest = seconds.at(-1);
      if (newest?.second === second) {
        newest.last = now;
        newest.events += events;
        newest.bytes += bytes;
      } else seconds.push({ second, last: now, events, bytes });
      return true;
    },
    takeQuery() {
      const now = clock();
      queries = queries.filter((at) => at > now - HOUR_MS);
      if (queries.length >= limits.queriesPerHour) return false;
      if (queries.filter((at) => at > now - 1000).length >= limits.queriesPerSecond) return false;
      queries.push(now);
      return true;
    },
  };
}
