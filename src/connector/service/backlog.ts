import { SourceError } from '../../core/errors.ts';
import type { Ledger } from '../../core/ledger.ts';
import type { Source, Window } from '../../core/source.ts';
import type { Tracker } from '../../pipeline/tracker.ts';

/** A pass that takes longer than this has a backlog, and how much is left is worth a listing of its own. */
const AFTER_MS = 10_000;

export interface BacklogOptions {
  readonly source: Source;
  readonly ledger: Ledger;
  readonly connection: string;
  readonly window: Window;
  readonly tracker: Tracker;
  readonly signal: AbortSignal;
}

/** Counts what is left to read once a pass has gone on for a while, so that the time left can be told. */
export function watchBacklog(options: BacklogOptions): { stop(): Promise<void> } {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  let counting: Promise<void> | undefined;
  const timer = setTimeout(() => {
    counting = count(options, signal);
    // Whoever stops it is told; until then nobody listens.
    counting.catch(() => undefined);
  }, AFTER_MS);
  return {
    async stop() {
      clearTimeout(timer);
      stop.abort(new Error('the pass has ended'));
      await counting;
    },
  };
}

async function count(
  { source, ledger, connection, window, tracker }: BacklogOptions,
  signal: AbortSignal,
): Promise<void> {
  let bytes = 0;
  try {
    for await (const slice of source.list(signal, window)) {
      const progress = await ledger.progress(connection, slice);
      if (!progress?.done) bytes += (slice.bytes ?? 0) - (progress?.position.offset ?? 0);
    }
    tracker.backlog(bytes);
  } catch (error) {
    // Only an estimate: the pass itself meets the same error in its turn.
    if (!signal.aborted && !(error instanceof SourceError)) throw error;
  }
}
