import type Database from 'better-sqlite3';
import {
  type CohortChange,
  type CohortPending,
  type Cohorts,
  keyOfUser,
  userOfKey,
} from '../../core/cohorts.ts';
import { noteSize } from './sizes.ts';
import { isIn, isWanted, newTally, tallying, type UserRow } from './tally.ts';
import type { UserRows } from './users.ts';

const WANTED = '(holders > 0 AND suppressed = 0)';
const TO_WRITE = `refusal IS NULL AND sent <> ${WANTED}`;

const NOTHING: CohortPending = {
  ...{ adds: 0, removes: 0, unapproved: 0, inBraze: 0 },
  ...{ empties: false, isUnsettled: false },
};

/** Whom Braze will never let in is out: should he leave, nothing is to be written. */
function sentOf({ sent }: UserRow, { againAt }: { againAt: number | null }): number {
  return againAt === null && sent === 2 ? 0 : sent;
}

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
  // Whose entry is in doubt and who is to be in, or the other way round.
  const nextAgain = db
    .prepare<[number, number, number, number], string>(
      `SELECT user FROM cohort_users WHERE cohort = ? AND ${TO_WRITE} AND ${WANTED} = ? AND written_at > ?
         AND sent = 3 - ${WANTED} LIMIT ?`,
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
    { limit, removes, at, spacingMs }: Parameters<Cohorts['claim']>[1],
  ): CohortChange[] => {
    const now = figures.get(id);
    // It was forgotten meanwhile: Braze stays as it is.
    if (!now) return [];
    const found: string[] = [];
    const take = (some: (room: number) => readonly string[]): void => {
      if (found.length < limit) found.push(...some(limit - found.length));
    };
    const before = at - spacingMs;
    take((room) => next.all(id, 1, before, room));
    take((room) => nextAgain.all(id, 1, before, room));
    // What came in meanwhile was not weighed yet.
    if (removes === 'approved' || (removes && now.isUnsettled === 1))
      take((room) => nextApproved.all(id, before, id, room));
    else if (removes) {
      take((room) => next.all(id, 0, before, room));
      take((room) => nextAgain.all(id, 0, before, room));
    }
    const within = { cohort: id, tally: newTally() };
    const changes = found.map((user) => {
      const row = users.get(id, user)!;
      const member = isWanted(row);
      // Who is taken out while his entry is in doubt is in, perhaps.
      users.change(within, row, {
        ...row,
        sent: member && !isIn(row.sent) ? 2 : 3,
        writtenAt: at,
      });
      return { user: userOfKey(user), member };
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
          ? {
              ...row,
              sent: sentOf(row, refused),
              refusal: refused.detail,
              againAt: refused.againAt,
            }
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
