import type Database from 'better-sqlite3';
import {
  type CohortChange,
  type CohortPending,
  type Cohorts,
  keyOfUser,
  userOfKey,
} from '../../core/cohorts.ts';
import { noteSize } from './sizes.ts';
import { isIn, isWanted, newTally, tallying } from './tally.ts';
import type { UserRows } from './users.ts';

const WANTED = '(holders > 0 AND suppressed = 0)';
const TO_WRITE = `refusal IS NULL AND sent <> ${WANTED}`;

const NOTHING: CohortPending = {
  ...{ adds: 0, removes: 0, unapproved: 0, inBraze: 0 },
  ...{ empties: false, isUnsettled: false },
};

/** What there is to write, and what became of it. */
export function writes(db: Database.Database, users: UserRows) {
  const next = db
    .prepare<[number, number, number, number], string>(
      `SELECT user FROM cohort_users WHERE cohort = ? AND ${TO_WRITE} AND ${WANTED} = ? AND written_at <= ? LIMIT ?`,
    )
    .pluck();
  const nextApproved = db
    .prepare<[number, number, number, number], string>(
      `SELECT user FROM cohort_users WHERE cohort = ? AND ${TO_WRITE} AND ${WANTED} = 0 AND written_at <= ?
         AND seq <= (SELECT approved_seq FROM cohorts WHERE id = ?) LIMIT ?`,
    )
    .pluck();
  const unapproved = db
    .prepare<[number, number], number>(
      `SELECT count(*) FROM cohort_users WHERE cohort = ? AND ${TO_WRITE} AND ${WANTED} = 0
         AND seq > (SELECT approved_seq FROM cohorts WHERE id = ?)`,
    )
    .pluck();
  const figures = db.prepare<
    [number],
    {
      adds: number;
      removes: number;
      inBraze: number;
      isClearing: number;
      isUnsettled: number;
      lastEmpties: number;
    }
  >(
    `SELECT pending_adds AS adds, pending_removes AS removes, in_braze AS inBraze, state = 'clearing' AS isClearing,
       identity_cursor IS NOT NULL OR rewrite IS NOT NULL
         OR EXISTS (SELECT 1 FROM cohort_syncs s WHERE s.cohort = c.id AND state IN ('receiving', 'applying')) AS isUnsettled,
       members = 0 AND (SELECT action = 'members' FROM cohort_syncs s WHERE s.cohort = c.id AND state = 'done'
         AND added + removed > 0 ORDER BY id DESC LIMIT 1) AS lastEmpties
     FROM cohorts c WHERE id = ? AND state <> 'forgotten'`,
  );
  const wrote = db.prepare<[number, number]>('UPDATE cohorts SET written_at = ? WHERE id = ?');
  const tally = tallying(db);
  const size = noteSize(db);

  const claim = (
    id: number,
    { limit, removes, writtenBefore }: Parameters<Cohorts['claim']>[1],
  ): CohortChange[] => {
    const now = figures.get(id);
    // It was forgotten meanwhile: Braze stays as it is.
    if (!now) return [];
    const found = next.all(id, 1, writtenBefore, limit);
    const room = limit - found.length;
    if (removes !== false && room > 0)
      found.push(
        // What came in meanwhile was not weighed yet.
        ...(removes === 'approved' || now.isUnsettled === 1
          ? nextApproved.all(id, writtenBefore, id, room)
          : next.all(id, 0, writtenBefore, room)),
      );
    const within = { cohort: id, tally: newTally() };
    const changes = found.map((user) => {
      const row = users.get(id, user)!;
      users.change(within, row, { ...row, sent: isIn(row.sent) ? 3 : 2 });
      return { user: userOfKey(user), member: isWanted(row) };
    });
    tally(id, within.tally);
    return changes;
  };

  const settle = (...[id, written, at]: Parameters<Cohorts['settle']>): void => {
    const within = { cohort: id, tally: newTally() };
    for (const { user, member, refused } of written) {
      const row = users.get(id, keyOfUser(user));
      if (!row) continue;
      // A refusal of what is no longer wanted says nothing of what is wanted now.
      const isStill = isWanted(row) === member;
      if (refused && !isStill) continue;
      users.change(
        within,
        row,
        refused
          ? { ...row, refusal: refused.detail, againAt: refused.againAt }
          : { ...row, sent: Number(member), writtenAt: at, refusal: null, againAt: null },
      );
    }
    tally(id, within.tally);
    wrote.run(at, id);
    size(id, at);
  };

  const pending = (id: number): CohortPending => {
    const found = figures.get(id);
    if (!found) return NOTHING;
    const { adds, removes, inBraze, isClearing, isUnsettled, lastEmpties } = found;
    return {
      ...{ adds, removes, inBraze },
      // Whoever has a cohort cleared wants everybody out.
      unapproved: removes === 0 || isClearing === 1 ? 0 : unapproved.get(id, id)!,
      empties: lastEmpties === 1,
      isUnsettled: isUnsettled === 1,
    };
  };

  return { claim, settle, pending };
}
