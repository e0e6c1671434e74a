import { setTimeout as delay } from 'node:timers/promises';
import { push } from './service.ts';

export interface BrazeSender {
  /** Where the service answers; undefined while it does not. */
  goTo(url: string | undefined): void;
  /** Of the answers so far, in the order of their first coming; 0: no answer. */
  statuses(): number[];
  /** Sends nothing new, and settles when all that was sent is acknowledged. */
  end(): Promise<Sent>;
}

export interface Sent {
  /** Pushes that got a 2xx: all that were begun. */
  readonly acknowledged: number;
  /** Tries that got another answer or none. */
  readonly refused: number;
  readonly statuses: readonly number[];
}

/** How long it waits where Braze waits for minutes. */
const AGAIN_MS = 10;

/** Pushes one body after the other as Braze does: each again and again until it is acknowledged. */
export function brazeSender(
  name: string,
  bodies: Iterable<string>,
  everyMs: number,
  lanes = 2,
): BrazeSender {
  const iterator = bodies[Symbol.iterator]();
  const statuses = new Set<number>();
  let target: string | undefined;
  const over = new AbortController();
  let acknowledged = 0;
  let refused = 0;

  const deliver = async (body: string): Promise<void> => {
    for (;;) {
      const url = target;
      if (url !== undefined) {
        const status = await push(url, name, body).catch(() => 0);
        statuses.add(status);
        if (status >= 200 && status < 300) {
          acknowledged++;
          return;
        }
        refused++;
      }
      await delay(AGAIN_MS);
    }
  };
  const lane = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const next = iterator.next();
      if (next.done === true) return;
      await deliver(next.value);
      await delay(everyMs * lanes);
    }
  };
  const ended = Promise.all(Array.from({ length: lanes }, lane));
  return {
    goTo(url) {
      target = url;
    },
    statuses: () => [...statuses],
    async end() {
      over.abort();
      await ended;
      return { acknowledged, refused, statuses: [...statuses] };
    },
  };
}
