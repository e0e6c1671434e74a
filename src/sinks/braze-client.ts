import { setTimeout as delay } from 'node:timers/promises';
// Two parts of undici: loading the whole takes three times as long, at every start of a command.
import request from 'undici/lib/api/api-request.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Answer } from '../core/sink.ts';
import { boundedWait, isNetworkFault, networkDetail, readBounded, readRetryAfter } from './http.ts';
import type { Scrub } from './scrub.ts';

/** What came back over HTTP. */
export interface BrazeReply {
  readonly kind: 'reply';
  readonly status: number;
  readonly body: string;
  /** How long the answer asks to wait before the next request; a 429 that does not say: until the limit is renewed. */
  readonly afterMs: number | undefined;
}

export interface BrazeClient {
  /** Sends JSON once. A fault of the network is an answer; an aborted signal throws. */
  post(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<BrazeReply | (Answer & { kind: 'retry' })>;
  close(): Promise<void>;
}

/** Longer waits for a new allowance are given back to the caller, who can be told to stop meanwhile. */
const PATIENCE_MS = 5000;

/** Keeps to the allowance that Braze's answers tell of: once it is used up, nothing is sent before it is renewed. */
export function openBraze(
  settings: { readonly instance: string; readonly timeoutMs: number },
  connections: number,
  scrub: Scrub,
): BrazeClient {
  const endpoint = new URL(settings.instance);
  const base = endpoint.pathname.replace(/\/$/, '');
  const pool = new Pool(endpoint.origin, {
    connections,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    headersTimeout: settings.timeoutMs,
    bodyTimeout: settings.timeoutMs,
    connect: { timeout: settings.timeoutMs },
  });
  /** On the clock of `performance.now`. */
  let freeAt = 0;

  return {
    async post(path, headers, body, signal) {
      signal.throwIfAborted();
      for (;;) {
        const waitMs = freeAt - performance.now();
        if (waitMs <= 0) break;
        if (waitMs > PATIENCE_MS)
          return {
            kind: 'retry',
            detail: `${endpoint.host}: the rate limit is used up.`,
            afterMs: waitMs,
          };
        await delay(waitMs, undefined, { signal }).catch((error: unknown) => {
          signal.throwIfAborted();
          throw error;
        });
      }
      try {
        const answer = await request.call(pool, {
          method: 'POST',
          path: `${base}${path}`,
          headers: { ...headers, 'content-type': 'application/json' },
          body,
          signal,
        });
        const status = answer.statusCode;
        const { isUsedUp, retryAfterMs, resetMs } = readAllowance(answer.headers, Date.now());
        const afterMs = retryAfterMs ?? (status === 429 ? resetMs : undefined);
        const pauseMs = status === 429 ? afterMs : isUsedUp ? resetMs : undefined;
        if (pauseMs !== undefined) freeAt = Math.max(freeAt, performance.now() + pauseMs);
        return { kind: 'reply', status, body: await readBounded(answer.body), afterMs };
      } catch (error) {
        signal.throwIfAborted();
        if (!isNetworkFault(error)) throw error;
        return { kind: 'retry', detail: scrub(networkDetail(error, endpoint.host)) };
      }
    },
    close: () => pool.destroy(),
  };
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * What the headers say of the rate limit: `x-ratelimit-remaining`, and `x-ratelimit-reset` in seconds since the epoch
 * on Braze's clock, which its `date` tells. `now`: this machine's, in milliseconds.
 */
export function readAllowance(
  headers: Headers,
  now: number,
): { isUsedUp: boolean; retryAfterMs: number | undefined; resetMs: number | undefined } {
  const one = (name: string): string | undefined => [headers[name]].flat()[0];
  const there = Date.parse(one('date') ?? '');
  const reset = one('x-ratelimit-reset');
  const resetMs =
    reset !== undefined && /^\d+$/.test(reset)
      ? boundedWait(Number(reset) * 1000 - (Number.isNaN(there) ? now : there))
      : undefined;
  return {
    isUsedUp: one('x-ratelimit-remaining') === '0',
    retryAfterMs: readRetryAfter(one('retry-after'), now),
    resetMs,
  };
}
