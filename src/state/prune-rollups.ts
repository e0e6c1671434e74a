import { HOUR_MS } from '../core/hours.ts';
import type Database from 'better-sqlite3';

/** First hour of the UTC day of an hour, both counted since the epoch. */
export function dayOf(hour: number): number {
  return Math.floor(hour / 24) * 24;
}

/** First hour of the UTC month of an hour, both counted since the epoch. */
export function monthOf(hour: number): number {
  const date = new Date(hour * HOUR_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) / HOUR_MS;
}

/**
 * Merges sums of hours before `before` into that of the first hour of their period, a period a step; gives how many rows
 * it took. The sum over any stretch of whole periods stays what it was.
 */
export function createRollupPruning(db: Database.Database) {
  const hours = db
    .prepare<[number, number], number>(
      'SELECT DISTINCT hour FROM rollups WHERE connection = ? AND hour < ? ORDER BY hour',
    )
    .pluck();
  const add = db.prepare<[number, number, number, number, number]>(
    `INSERT INTO rollups (connection, hour, event_type, outcome, reason, n)
     SELECT ?, ?, event_type, outcome, reason, sum(n) FROM rollups WHERE connection = ? AND hour > ? AND hour <= ?
     GROUP BY event_type, outcome, reason HAVING sum(n) <> 0
     ON CONFLICT DO UPDATE SET n = n + excluded.n`,
  );
  const drop = db.prepare<[number, number, number]>(
    'DELETE FROM rollups WHERE connection = ? AND hour > ? AND hour <= ?',
  );
  const mergePeriod = db.transaction((connection: number, first: number, last: number): number => {
    add.run(connection, first, connection, first, last);
    return drop.run(connection, first, last).changes;
  });

  return function* merge(
    connection: number,
    before: number,
    periodOf: (hour: number) => number,
  ): Generator<number> {
    const last = new Map<number, number>();
    for (const hour of hours.all(connection, periodOf(before)))
      if (hour !== periodOf(hour)) last.set(periodOf(hour), hour);
    for (const [first, hour] of last) yield mergePeriod.immediate(connection, first, hour);
  };
}
