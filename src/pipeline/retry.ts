import { setTimeout as delay } from 'node:timers/promises';

export interface Backoff {
  /** First wait in milliseconds; doubles up to thirty times as much. */
  readonly baseMs: number;
  /** A number from 0 to 1. */
  readonly random: () => number;
}

/** Waits of 2 s doubling to 60 s, with 1–5 s of jitter: what import APIs commonly ask for. */
export const DEFAULT_BACKOFF: Backoff = { baseMs: 2000, random: Math.random };

const STEPS = 30;

/** Milliseconds to wait after the `attempt`th failure (from 1), at least as long as the destination asked for. */
export function backoffMs(attempt: number, backoff: Backoff, afterMs = 0): number {
  const doubled = Math.min(backoff.baseMs * 2 ** (attempt - 1), backoff.baseMs * STEPS);
  const jitter = backoff.baseMs * (0.5 + 2 * backoff.random());
  return Math.max(doubled + jitter, afterMs);
}

/** Rejects with the signal's reason when it is aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
