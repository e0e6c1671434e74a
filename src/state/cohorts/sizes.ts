import type Database from 'better-sqlite3';

const MINUTE_MS = 60_000;

/** Notes how large a cohort is now, the last of each minute. */
export function noteSize(db: Database.Database): (cohort: number, at: number) => void {
  const put = db.prepare<[number, number]>(
    `INSERT INTO cohort_sizes (cohort, minute, members, in_braze)
       SELECT id, ?, members, in_braze FROM cohorts WHERE id = ?
     ON CONFLICT (cohort, minute) DO UPDATE SET members = excluded.members, in_braze = excluded.in_braze`,
  );
  return (cohort, at) => void put.run(Math.floor(at / MINUTE_MS), cohort);
}

export function sizesSince(
  db: Database.Database,
  cohort: number,
  since: number,
): { at: number; members: number; inBraze: number }[] {
  return db
    .prepare<[number, number], { minute: number; members: number; inBraze: number }>(
      `SELECT minute, members, in_braze AS inBraze FROM cohort_sizes WHERE cohort = ? AND minute >= ? ORDER BY minute`,
    )
    .all(cohort, Math.floor(since / MINUTE_MS))
    .map(({ minute, ...sizes }) => ({ at: minute * MINUTE_MS, ...sizes }));
}
