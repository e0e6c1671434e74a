import type { ConnectionStatus } from '../core/connections.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How many dead letters each connection had in the last hour. */
export interface DeadLetterWindow {
  /** Takes in the counts of now. */
  note(statuses: readonly ConnectionStatus[], now: number): void;
  /** `whole`: an hour was watched. */
  lastHour(connection: string, now: number): { n: number; whole: boolean };
}

interface Watch {
  since: number;
  /** The count as it was last seen. */
  count: number;
  /** New ones by minute. */
  readonly minutes: Map<number, number>;
}

/** Made from counts since the start of the service, which begin at 0 again when it starts anew. */
export function createDeadLetterWindow(): DeadLetterWindow {
  const watches = new Map<string, Watch>();
  return {
    note(statuses, now) {
      for (const { connection, deadLetters } of statuses) {
        let watch = watches.get(connection);
        if (!watch) {
          watch = { since: now, count: 0, minutes: new Map() };
          watches.set(connection, watch);
        }
        watch.since = Math.min(watch.since, now);
        const fresh = deadLetters < watch.count ? deadLetters : deadLetters - watch.count;
        watch.count = deadLetters;
        const minute = Math.floor(now / MINUTE);
        if (fresh > 0) watch.minutes.set(minute, (watch.minutes.get(minute) ?? 0) + fresh);
        for (const each of watch.minutes.keys())
          if (!isRecent(each, now)) watch.minutes.delete(each);
      }
    },
    lastHour(connection, now) {
      const watch = watches.get(connection);
      if (!watch) return { n: 0, whole: false };
      let n = 0;
      for (const [minute, fresh] of watch.minutes) if (isRecent(minute, now)) n += fresh;
      return { n, whole: now - watch.since >= HOUR };
    },
  };
}

/** Of the last 60 minutes, the one under way among them. A clock that was set back leaves none in the future. */
function isRecent(minute: number, now: number): boolean {
  const age = Math.floor(now / MINUTE) - minute;
  return age >= 0 && age < 60;
}
