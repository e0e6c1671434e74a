import type Database from 'better-sqlite3';
import { addHours, hourOf } from '../core/hours.ts';
import type { SourceMemory } from '../core/upkeep.ts';

/** Slices looked at a transaction. */
const STEP = 1000;

interface Candidate {
  readonly id: number;
  readonly at: string | number;
  readonly ripe: number;
}

/** Nothing of it is left to be done, and its counts say so: what is out of balance stays, to be seen. */
const SETTLED = `NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.slice = s.id)
  AND (SELECT ifnull(sum(iif(c.outcome = 'read', c.n, 0)), 0) = s.records - s.past_records
      AND ifnull(sum(iif(c.outcome IN ('delivered', 'skipped'), c.n, 0)), 0) = s.records - s.past_records
    FROM counts c WHERE c.slice = s.id)`;

/** Read to its end, or replaced by a newer version. */
const CLOSED = `(s.done = 1 OR EXISTS (SELECT 1 FROM slices later
  WHERE later.connection = s.connection AND later.slice = s.slice AND later.id > s.id))`;

/** Versions go oldest first, one a pass: an older one must never look like the newest again. */
const OLDEST = `NOT EXISTS (SELECT 1 FROM slices older
  WHERE older.connection = s.connection AND older.slice = s.slice AND older.id < s.id)`;

/** A backfill that was broken off in a stretch reads it again, and counts on those that are settled. */
const NO_BACKFILL_READS_IT = `NOT EXISTS (SELECT 1 FROM jobs j WHERE j.connection = s.connection AND j.ended_at IS NULL
  AND j.kind = 'backfill' AND s.hour >= ifnull(j.reached, j.since) AND (j.until IS NULL OR s.hour < j.until))`;

/** Two walks over slices, a step a call; each gives how many rows it took. */
export interface SlicePruning {
  /** Forgets settled slices that are not listed again. */
  forget(connection: number, memory: SourceMemory, now: number): Generator<number>;
  /** Adds counts of settled slices that have no hour, and so may be listed for ever, to the sum of their connection. */
  merge(connection: number, before: number): Generator<number>;
}

export function createSlicePruning(db: Database.Database): SlicePruning {
  const newestHour = db
    .prepare<[number], string | null>('SELECT newest_hour FROM connections WHERE id = ?')
    .pluck();
  const oldHours = db.prepare<[number, string, string, number, number], Candidate>(
    `SELECT s.id, s.hour AS at, ${SETTLED} AND ${CLOSED} AND ${OLDEST} AND ${NO_BACKFILL_READS_IT} AS ripe FROM slices s
     WHERE s.connection = ? AND s.hour < ? AND (s.hour, s.id) > (?, ?) ORDER BY s.hour, s.id LIMIT ?`,
  );
  const all = db.prepare<[number, number, number], Candidate>(
    `SELECT s.id, s.id AS at, ${SETTLED} AND ${OLDEST} AS ripe FROM slices s
     WHERE s.connection = ? AND s.id > ? ORDER BY s.id LIMIT ?`,
  );
  const withoutHour = db.prepare<[number, number, number, number, number], Candidate>(
    `SELECT s.id, s.updated_at AS at, ${SETTLED} AS ripe FROM slices s
     WHERE s.hour IS NULL AND s.done = 1 AND s.past_records < s.records
       AND s.connection = ? AND s.updated_at < ? AND (s.updated_at, s.id) > (?, ?) ORDER BY s.updated_at, s.id LIMIT ?`,
  );
  const addToPast = db.prepare<[number, string]>(
    `INSERT INTO past_counts (connection, event_type, outcome, reason, n)
     SELECT ?, event_type, outcome, reason, sum(n) FROM counts WHERE slice IN (SELECT value FROM json_each(?))
     GROUP BY event_type, outcome, reason HAVING sum(n) <> 0
     ON CONFLICT DO UPDATE SET n = n + excluded.n`,
  );
  const dropCounts = db.prepare<[string]>(
    'DELETE FROM counts WHERE slice IN (SELECT value FROM json_each(?))',
  );
  const dropSlices = db.prepare<[string]>(
    'DELETE FROM slices WHERE id IN (SELECT value FROM json_each(?))',
  );
  const markMerged = db.prepare<[string]>(
    'UPDATE slices SET past_records = records WHERE id IN (SELECT value FROM json_each(?))',
  );
  const raise = db.prepare<[string, number, string]>(
    "UPDATE connections SET pruned_before = ? WHERE id = ? AND ifnull(pruned_before, '') < ?",
  );

  const moveCounts = (connection: number, ids: string): void => {
    addToPast.run(connection, ids);
    dropCounts.run(ids);
  };

  /** Walks candidates in their order, so that those which must stay are met once. */
  function* walk(
    first: string | number,
    next: (after: string | number, id: number) => Candidate[],
    take: (ids: string) => void,
  ): Generator<number> {
    let [after, id] = [first, 0];
    const step = db.transaction((): { met: number; taken: number } => {
      const found = next(after, id);
      const ids = found.filter(({ ripe }) => ripe === 1).map((each) => each.id);
      if (ids.length > 0) take(JSON.stringify(ids));
      const last = found.at(-1);
      if (last) [after, id] = [last.at, last.id];
      return { met: found.length, taken: ids.length };
    });
    for (;;) {
      const { met, taken } = step.immediate();
      yield taken;
      if (met < STEP) return;
    }
  }

  return {
    *forget(connection, memory, now) {
      const drop = (ids: string): void => {
        moveCounts(connection, ids);
        dropSlices.run(ids);
      };
      if (memory.kind === 'over') {
        yield* walk(0, (_, id) => all.all(connection, id, STEP), drop);
        return;
      }
      const newest = newestHour.get(connection);
      // Nothing was listed to its end yet, so all of it may be listed again.
      if (newest === undefined || newest === null) return;
      // A folder dated in the future, or a clock that runs ahead, must not make the past look old: the earlier one counts.
      const clock = hourOf(now);
      const before = addHours(newest < clock ? newest : clock, -memory.lookBackHours);
      yield* walk(
        '',
        (after, id) => oldHours.all(connection, before, String(after), id, STEP),
        (ids) => {
          drop(ids);
          if (memory.kind === 'listed') raise.run(before, connection, before);
        },
      );
    },
    merge: (connection, before) =>
      walk(
        0,
        (after, id) => withoutHour.all(connection, before, Number(after), id, STEP),
        (ids) => {
          moveCounts(connection, ids);
          markMerged.run(ids);
        },
      ),
  };
}
