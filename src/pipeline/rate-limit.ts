import { sleep } from './retry.ts';

export interface RateLimit {
  /** Waits until this much may be sent. First come, first served. Rejects when the signal is aborted. */
  take(events: number, bytes: number, signal: AbortSignal): Promise<void>;
}

export interface RateLimitSettings {
  readonly eventsPerSecond: number;
  readonly bytesPerMinute: number;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What Mixpanel documents for a project: about 30,000 events a second or 2 GB of JSON a minute, over a minute. */
const MIXPANEL_PROJECT: RateLimitSettings = {
  eventsPerSecond: 30_000,
  bytesPerMinute: 2_000_000_000,
  now: () => performance.now(),
  wait: sleep,
};

/** Seconds of allowance that a bucket holds, so that a burst after a pause goes out at once. */
const BURST_SECONDS = 10;

/** Two token buckets, one for events and one for bytes of JSON. */
export function createRateLimit(settings: RateLimitSettings = MIXPANEL_PROJECT): RateLimit {
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
      missing = Math.max(missing, -levels[i]! / rate);
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

/** The one limit of a project in this process, shared by all its connections. */
export function sharedRateLimit(project: string): RateLimit {
  let limit = shared.get(project);
  if (!limit) {
    limit = createRateLimit();
    shared.set(project, limit);
  }
  return limit;
}
