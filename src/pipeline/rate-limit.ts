import type { Rates } from '../core/sink.ts';
import { sleep } from './retry.ts';

export interface RateLimit {
  /** Waits until this much may be sent. First come, first served. Rejects when the signal is aborted. */
  take(events: number, bytes: number, signal: AbortSignal): Promise<void>;
}

export interface RateLimitSettings extends Rates {
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Seconds of allowance that a bucket for events or bytes holds, so that a burst after a pause goes out at once. */
const BURST_SECONDS = 10;

/** Of the requests that a span of time allows, the share that may go out at once; the others come evenly. */
const BURST_SHARE = 0.1;

interface Bucket {
  /** What it gets a second. */
  readonly rate: number;
  readonly capacity: number;
  level: number;
}

/** Token buckets for events, for bytes of JSON and, where they are bounded, for requests. */
export function createRateLimit(settings: RateLimitSettings): RateLimit {
  const buckets = [
    burstOf(settings.eventsPerSecond),
    burstOf(settings.bytesPerMinute / 60),
    requestBucket(settings.requests),
  ];
  let filledAt = settings.now();
  let queue: Promise<void> = Promise.resolve();

  const wait = async (wanted: readonly number[], signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    const now = settings.now();
    const seconds = (now - filledAt) / 1000;
    filledAt = now;
    let missing = 0;
    for (const [i, bucket] of buckets.entries()) {
      if (!bucket) continue;
      const { rate, capacity } = bucket;
      bucket.level = Math.min(bucket.level + seconds * rate, capacity) - wanted[i]!;
      // More than a bucket holds may be wanted: it goes into debt, and the next one waits.
      missing = Math.max(missing, -bucket.level / rate);
    }
    if (missing > 0) await settings.wait(missing * 1000, signal);
  };

  return {
    take(events, bytes, signal) {
      const turn = queue.then(() => wait([events, bytes, 1], signal));
      queue = turn.catch(() => undefined);
      return turn;
    },
  };
}

function burstOf(rate: number): Bucket | undefined {
  if (!Number.isFinite(rate)) return undefined;
  return { rate, capacity: rate * BURST_SECONDS, level: rate * BURST_SECONDS };
}

/** What it holds and what it gets in `seconds` are `count` together, so that no span of that length sees more. */
function requestBucket(requests: Rates['requests']): Bucket | undefined {
  if (!requests) return undefined;
  const capacity = Math.max(requests.count * BURST_SHARE, 1);
  const rate = (requests.count * (1 - BURST_SHARE)) / requests.seconds;
  return { rate, capacity, level: capacity };
}

const shared = new Map<string, RateLimit>();

/** The one limit of a destination in this process, shared by all connections that send there. */
export function sharedRateLimit(destination: string, rates: Rates): RateLimit {
  let limit = shared.get(destination);
  if (!limit) {
    limit = createRateLimit({ ...rates, now: () => performance.now(), wait: sleep });
    shared.set(destination, limit);
  }
  return limit;
}
