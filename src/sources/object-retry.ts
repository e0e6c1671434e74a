import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from './object-store.ts';

/** Bounds on what is asked of a store. */
export interface Bounds {
  /** Tries in a row that bring nothing. */
  readonly tries: number;
  /** Longest pause before the second try; doubled before each further one. */
  readonly delayMs: number;
  readonly maxDelayMs: number;
  /** Longest wait for an answer or for the next byte. */
  readonly stallMs: number;
  /** Entries a page of a listing, where fewer than the store's own bound are wanted. */
  readonly pageSize?: number;
}

/** About a quarter of a minute in all where every try fails at once. */
export const BOUNDS: Bounds = { tries: 6, delayMs: 500, maxDelayMs: 15_000, stallMs: 60_000 };

/** Waits before the next try, longer with each failure, and never all at the same time. */
export async function pause(failures: number, bounds: Bounds, signal: AbortSignal): Promise<void> {
  const longest = Math.min(bounds.maxDelayMs, bounds.delayMs * 2 ** (failures - 1));
  try {
    await sleep(longest * (0.5 + Math.random() / 2), undefined, { signal });
  } catch {
    throw signal.reason;
  }
}

/** Asks again while the store only fails for now. Throws the last StoreError. */
export async function retrying<T>(
  ask: () => Promise<T>,
  bounds: Bounds,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof StoreError) || error.fault !== 'temporary') throw error;
      if (failures >= bounds.tries) throw forNow(error);
    }
    await pause(failures, bounds, signal);
  }
}

function forNow({ code, message, hint }: StoreError): StoreError {
  return new StoreError('temporary', code, message, hint ?? 'The next poll tries again.');
}

/**
 * Bounds one wait, and ends it at once when the signal is aborted, even where the library beneath pays no heed.
 * Throws the signal's reason, or StoreError `temporarily_unavailable` when the time is over.
 */
export async function inTime<T>(
  work: (signal: AbortSignal) => Promise<T>,
  stallMs: number,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  const cut = new AbortController();
  const onAbort = (): void => cut.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => cut.abort(stalled(stallMs)), stallMs);
  try {
    const ended = new Promise<never>((_, reject) => {
      cut.signal.addEventListener('abort', () => reject(cut.signal.reason as Error), {
        once: true,
      });
    });
    return await Promise.race([work(cut.signal), ended]);
  } catch (error) {
    throw cut.signal.aborted ? cut.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

export function stalled(stallMs: number): StoreError {
  return new StoreError(
    'temporary',
    'temporarily_unavailable',
    `nothing came for ${stallMs / 1000} seconds`,
  );
}
