import { SluiceError, withHint } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Backoff, backoffMs, sleep } from './retry.ts';

/** What a pass over a source came to. */
export type PassOutcome =
  | { readonly kind: 'finished' }
  /** There is more to do that must not keep others waiting: the next pass follows at once. */
  | { readonly kind: 'more' }
  /** Nothing will be taken until a person mends something. `hint`: what. */
  | { readonly kind: 'halted'; readonly detail: string; readonly hint: string };

export interface PassSignals {
  /** Aborted: read nothing more, settle what is in flight. */
  readonly drain: AbortSignal;
  /** Aborted: leave at once. */
  readonly signal: AbortSignal;
}

/** What one connection does over and over. */
export interface Work {
  readonly name: string;
  readonly pollMs: number;
  /** Throws SluiceError for what may go by itself: it is tried again. */
  pass(signals: PassSignals): Promise<PassOutcome>;
  /** Calls back when there is something new before the poll is due. Returns how to stop that. */
  onArrival?(wake: () => void): () => void;
  /** How long to wait after a call back, so that what comes together is read together. */
  readonly gatherMs?: number;
  close(): Promise<void>;
}

export interface LoopOptions {
  readonly log: Log;
  readonly backoff: Backoff;
  /** How long a halted connection waits before it looks whether things are well again. */
  readonly recheckMs: number;
  /** Told of what the loop does; see `createTracker`. */
  readonly onPass: () => void;
  readonly onIdle: () => void;
  readonly onHalted: (detail: string, hint: string) => void;
  readonly onFailed: (detail: string) => void;
}

export interface Loop {
  /** Does the next pass now. */
  wake(): void;
  /** Stops after what is in flight is settled, or after `graceMs` without. */
  stop(graceMs: number): Promise<void>;
}

/** Runs the passes of one connection until it is stopped. A fault in one connection never ends another's loop. */
export function startLoop(work: Work, options: LoopOptions): Loop {
  const drain = new AbortController();
  const abort = new AbortController();
  let woken = false;
  let arrived = false;
  let wakeUp: (() => void) | undefined;
  const wake = (): void => {
    woken = true;
    wakeUp?.();
  };
  const forget = work.onArrival?.(() => {
    arrived = true;
    wakeUp?.();
  });

  /** Arrivals must not turn the waits of a destination, a source or a disk at fault into a storm. */
  const rest = async (ms: number, { untilArrival }: { untilArrival: boolean }): Promise<void> => {
    const isOver = (): boolean => woken || (untilArrival && arrived);
    if (isOver() || drain.signal.aborted) return;
    const early = new AbortController();
    wakeUp = () => {
      if (isOver()) early.abort();
    };
    await sleep(ms, AbortSignal.any([early.signal, drain.signal])).catch(() => undefined);
    wakeUp = undefined;
  };

  const forever = async (): Promise<void> => {
    let failures = 0;
    while (!drain.signal.aborted) {
      if (arrived && work.gatherMs !== undefined)
        await sleep(work.gatherMs, drain.signal).catch(() => undefined);
      woken = false;
      arrived = false;
      options.onPass();
      const outcome = await attempt(work, { drain: drain.signal, signal: abort.signal });
      if (drain.signal.aborted) return;
      failures = outcome.kind === 'failed' ? failures + 1 : 0;
      switch (outcome.kind) {
        case 'more':
          break;
        case 'finished':
          options.onIdle();
          await rest(work.pollMs, { untilArrival: true });
          break;
        case 'halted':
          options.onHalted(outcome.detail, outcome.hint);
          await rest(options.recheckMs, { untilArrival: false });
          break;
        case 'broken': {
          const detail = 'A fault of Sluice itself stopped this connection.';
          options.log.error(detail, { connection: work.name }, outcome.error);
          options.onHalted(
            detail,
            'Nothing is lost. The log has the details: please report them. It is tried again every few minutes.',
          );
          await rest(options.recheckMs, { untilArrival: false });
          break;
        }
        case 'failed':
          options.onFailed(outcome.detail);
          await rest(backoffMs(failures, options.backoff), { untilArrival: false });
          break;
      }
    }
  };

  const ended = forever();
  return {
    wake,
    async stop(graceMs) {
      forget?.();
      drain.abort(new Error('stopping'));
      const timer = setTimeout(() => abort.abort(new Error('stopping')), graceMs);
      await ended;
      clearTimeout(timer);
      await work.close();
    },
  };
}

type Attempt =
  | PassOutcome
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'broken'; readonly error: unknown };

async function attempt(work: Work, signals: PassSignals): Promise<Attempt> {
  try {
    return await work.pass(signals);
  } catch (error) {
    // Whatever is thrown because we leave is no fault.
    if (signals.signal.aborted) return { kind: 'finished' };
    if (error instanceof SluiceError) return { kind: 'failed', detail: withHint(error) };
    return { kind: 'broken', error };
  }
}
