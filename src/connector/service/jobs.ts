import type { Job } from '../../core/connections.ts';
import { hourOf } from '../../core/hours.ts';
import { daysOf } from '../../pipeline/window.ts';

/**
 * A replay keeps books of its own: what it reads was read before, and the connection's sums must not hold it twice.
 */
export function replayName(connection: string, job: number): string {
  return `${connection} (replay ${job})`;
}

/** Whose settings hold for these books: a replay's are those of its connection. */
export function ownerOf(connection: string): string {
  return connection.replace(/ \(replay \d+\)$/, '');
}

/** The job whose replay these books belong to; undefined when they are a connection's own. */
export function replayOf(connection: string): number | undefined {
  const job = / \(replay (\d+)\)$/.exec(connection)?.[1];
  return job === undefined ? undefined : Number(job);
}

/**
 * The next day of a job that is still to be read; undefined when it is done. Day by day, so that what is new in the
 * meantime never waits for long, and a job goes on where it stood after a restart. `now`: milliseconds.
 */
export function nextStretch(
  { since, until, reached, createdAt }: Job,
  now: number,
): { since: string; until: string } | undefined {
  // What was written since the job was ordered is the connection's own affair.
  const end = until ?? hourOf(Math.min(createdAt, now) + 3_600_000);
  return daysOf(reached ?? since, end)[0];
}
