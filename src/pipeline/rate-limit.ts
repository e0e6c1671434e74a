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

/** Seconds of allowance that a bucket holds, so that a burst after a pause goes out at once. */
const BURST_SECONDS = 10;

/** Two token buckets, one for events and one for bytes of JSON. */
export function createRateLimit(settings: RateLimitSettings): RateLimit {
  const rates = [settings.eventsPerSecond, settings.bytesPerMinute / 60];
  const levels = rates.map((rate) => rate * BURST_SECONDS);
  let filledAt = settings.now();
  let queue: Promise<void> = Promise.resolve();

  const wait = async (wanted: readonly number[], signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    const now = settings.now();
    const seconds = (now - filledAt) / 1000;
    filledAt = now;
    let missing = 0;
    for (const [i, rate] of rates.entries()) {
      levels[i] = Math.min(levels[i]! + seconds * rate, rate * BURST_SECONDS) - wanted[i]!;
      // More than a bucket holds may be wanted: it goes into debt, and the next one waits.
      missing = Math.max(missing, -levels[i] / rate);
    }
    if (missing > 0) await settings.wait(missing * 1000, signal);
  };

  return {
    take(events, bytes, signal) {
      const turn = queue.then(() => wait([events, bytes], signal));
      queue = turn.catch(() => undefined);
      return turn;
    },
  };
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
