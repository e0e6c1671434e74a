/** Bounds the bytes of all bodies that are being sent, over all connections. */
export interface InFlight {
  /** Bytes of the bodies held now. */
  readonly bytes: number;
  /**
   * Waits until there is room. A connection that holds nothing gets in at once, so that one which never gets rid of
   * its bodies takes nobody's place. Gives what to call when the body is done with. Rejects when the signal is aborted.
   */
  enter(connection: string, bytes: number, signal: AbortSignal): Promise<() => void>;
}

interface Waiting {
  readonly connection: string;
  readonly bytes: number;
  readonly admit: () => void;
}

/** `bound`: bytes in all, passed only by connections that hold nothing else. */
export function createInFlight(bound: number): InFlight {
  let total = 0;
  const held = new Map<string, number>();
  const queue: Waiting[] = [];

  const fits = ({ connection, bytes }: Waiting): boolean =>
    !held.has(connection) || total + bytes <= bound;

  const hold = (connection: string, bytes: number): (() => void) => {
    total += bytes;
    held.set(connection, (held.get(connection) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      total -= bytes;
      const left = held.get(connection)! - 1;
      if (left === 0) held.delete(connection);
      else held.set(connection, left);
      admitNext();
    };
  };

  const admitNext = (): void => {
    for (;;) {
      const next = queue.findIndex(fits);
      if (next < 0) return;
      queue.splice(next, 1)[0]!.admit();
    }
  };

  return {
    get bytes() {
      return total;
    },
    enter(connection, bytes, signal) {
      signal.throwIfAborted();
      return new Promise((resolve, reject) => {
        const onAbort = (): void => {
          queue.splice(queue.indexOf(waiting), 1);
          reject(signal.reason as Error);
        };
        const waiting: Waiting = {
          connection,
          bytes,
          admit() {
            signal.removeEventListener('abort', onAbort);
            resolve(hold(connection, bytes));
          },
        };
        // First come, first served, but for those that nobody may hold back.
        if (fits(waiting) && !(held.has(connection) && queue.length > 0)) {
          waiting.admit();
          return;
        }
        signal.addEventListener('abort', onAbort, { once: true });
        queue.push(waiting);
      });
    },
  };
}
