import type Database from 'better-sqlite3';
import { countUser, isWanted, type Tally, type UserRow } from './tally.ts';

/** A cohort, and what a transaction changes of its figures. */
export interface Within {
  readonly cohort: number;
  /** Of the cohort now: by it is told what was pending when a person approved, whenever that was said. */
  readonly seq: number;
  readonly tally: Tally;
}

/** Rows of `cohort_users`. Every call is part of a transaction of the caller's. */
export interface UserRows {
  get(cohort: number, user: string): UserRow | undefined;
  /** One member more (1) or fewer (-1) is this user. */
  hold(within: Within, user: string, by: 1 | -1, member: string): void;
  /** Puts a changed row in the place of what it was. */
  change(within: Pick<Within, 'cohort' | 'tally'>, before: UserRow, after: UserRow): void;
}

const COLUMNS = `user, holders, suppressed, sent, refusal, again_at AS againAt, seq, written_at AS writtenAt, member`;

export function userRows(db: Database.Database): UserRows {
  const select = db.prepare<[number, string], UserRow>(
    `SELECT ${COLUMNS} FROM cohort_users WHERE cohort = ? AND user = ?`,
  );
  const insert = db.prepare(
    `INSERT INTO cohort_users (cohort, user, holders, suppressed, seq, member) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const update = db.prepare<UserRow & { cohort: number }>(
    `UPDATE cohort_users SET holders = @holders, suppressed = @suppressed, sent = @sent, refusal = @refusal,
       again_at = @againAt, seq = @seq, written_at = @writtenAt, member = @member
     WHERE cohort = @cohort AND user = @user`,
  );
  const drop = db.prepare<[number, string]>(
    'DELETE FROM cohort_users WHERE cohort = ? AND user = ?',
  );
  const isSuppressed = db
    .prepare<[number, string], number>(
      `SELECT 1 FROM cohort_suppressed WHERE import = (SELECT import FROM cohorts WHERE id = ?) AND user = ?`,
    )
    .pluck();

  const change: UserRows['change'] = ({ cohort, tally }, before, after) => {
    countUser(tally, before, -1);
    // Whoever was never written needs no remembering.
    const isNobody = after.holders === 0 && after.sent === 0 && after.writtenAt === 0;
    if (isNobody) drop.run(cohort, after.user);
    else {
      update.run({ ...after, cohort });
      countUser(tally, after, 1);
    }
  };

  return {
    get: (cohort, user) => select.get(cohort, user),
    change,
    hold(within, user, by, member) {
      const { cohort, seq, tally } = within;
      const before = select.get(cohort, user);
      if (!before) {
        if (by < 0) return;
        const suppressed = isSuppressed.get(cohort, user) ?? 0;
        insert.run(cohort, user, 1, suppressed, seq, member);
        countUser(
          tally,
          {
            user,
            holders: 1,
            suppressed,
            sent: 0,
            refusal: null,
            againAt: null,
            seq,
            writtenAt: 0,
            member,
          },
          1,
        );
        return;
      }
      const after = {
        ...before,
        holders: Math.max(0, before.holders + by),
        ...(by > 0 ? { member } : {}),
      };
      // What Braze refused of the one says nothing of the other.
      if (isWanted(before) !== isWanted(after))
        Object.assign(after, { seq, refusal: null, againAt: null });
      change(within, before, after);
    },
  };
}
