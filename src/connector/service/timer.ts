import { setTimeout as delay } from 'node:timers/promises';

/** Does something again and again, never twice at once. What it throws is told, and does not end it. */
export function every(
  ms: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  const stop = new AbortController();
  const forever = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await delay(ms, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) return;
      await work().catch(onError);
    }
  };
  const ended = forever();
  return {
    async stop() {
      stop.abort();
      await ended;
    },
  };
}
