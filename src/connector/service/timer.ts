import { setTimeout as delay } from 'node:timers/promises';

/** Does something again and again, never twice at once. It must not reject. */
export function every(ms: number, work: () => Promise<void>): { stop(): Promise<void> } {
  const stop = new AbortController();
  const forever = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await delay(ms, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) return;
      await work();
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
