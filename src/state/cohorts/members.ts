import type Database from 'better-sqlite3';
import { type BrazeUser, keyOfUser, type UnmatchedReason } from '../../core/cohorts.ts';
import type { UserRows, Within } from './users.ts';

interface MemberRow {
  readonly id: number;
  readonly user: string | null;
  readonly reason: string | null;
  readonly fields: string;
  readonly seq: number;
  readonly gone: number;
}

/**
 * Rows of `cohort_members`. Every call is part of a transaction of the caller's, and says whether the member came or
 * went by it; `row` is the id of its row.
 */
export interface MemberRows {
  /** It is a member, as was said with this seq; what was said later outranks it. */
  put(
    within: Within,
    member: StagedMember,
    seq: number,
    remember: boolean,
  ): { row: number; added: boolean };
  /** It is none. `remember`: what was said earlier may come later, and must not undo this. */
  leave(within: Within, member: string, seq: number, remember: boolean): boolean;
  /** It is known in Braze by another id, or by none, from now on. */
  identify(within: Within, member: string, user: BrazeUser | UnmatchedReason): void;
}

export interface StagedMember {
  readonly id: string;
  readonly user: BrazeUser | UnmatchedReason;
  /** JSON. */
  readonly fields: string;
}

export function memberRows(db: Database.Database, users: UserRows): MemberRows {
  const select = db.prepare<[number, string], MemberRow>(
    'SELECT id, user, reason, fields, seq, gone FROM cohort_members WHERE cohort = ? AND member = ?',
  );
  const put = db
    .prepare<unknown[], number>(
      `INSERT INTO cohort_members (cohort, member, user, reason, fields, seq, gone) VALUES (?, ?, ?, ?, ?, ?, 0)
     ON CONFLICT (cohort, member) DO UPDATE SET user = excluded.user, reason = excluded.reason,
       fields = excluded.fields, seq = excluded.seq, gone = 0 RETURNING id`,
    )
    .pluck();
  const bury = db.prepare(
    `INSERT INTO cohort_members (cohort, member, fields, seq, gone) VALUES (?, ?, '{}', ?, 1)
     ON CONFLICT (cohort, member) DO UPDATE SET user = NULL, reason = NULL, fields = '{}', seq = excluded.seq, gone = 1`,
  );
  const drop = db.prepare<[number, string]>(
    'DELETE FROM cohort_members WHERE cohort = ? AND member = ?',
  );

  /** Takes back what the row stood for. */
  const uncount = (within: Within, member: string, { user }: MemberRow): void => {
    within.tally.members -= 1;
    if (user === null) within.tally.unmatched -= 1;
    else users.hold(within, user, -1, member);
  };
  const count = (within: Within, member: string, user: string | null): void => {
    within.tally.members += 1;
    if (user === null) within.tally.unmatched += 1;
    else users.hold(within, user, 1, member);
  };

  return {
    put(within, { id, user: given, fields }, seq, remember) {
      const before = select.get(within.cohort, id);
      if (before && before.seq > seq) return { row: before.id, added: false };
      const { user, reason } = written(given);
      const wasIn = before?.gone === 0;
      const isSame = wasIn && before.user === user && before.reason === reason;
      if (isSame && before.fields === fields && !remember) return { row: before.id, added: false };
      const row = put.get(within.cohort, id, user, reason, fields, seq)!;
      if (isSame) return { row, added: false };
      // First in, then out: a user that stays must not seem to leave for a moment.
      count(within, id, user);
      if (wasIn) uncount(within, id, before);
      return { row, added: !wasIn };
    },
    leave(within, id, seq, remember) {
      const before = select.get(within.cohort, id);
      if (before ? before.seq > seq : !remember) return false;
      if (remember) bury.run(within.cohort, id, seq);
      else drop.run(within.cohort, id);
      if (before?.gone !== 0) return false;
      uncount(within, id, before);
      return true;
    },
    identify(within, id, given) {
      const before = select.get(within.cohort, id);
      if (before?.gone !== 0) return;
      const { user, reason } = written(given);
      if (before.user === user && before.reason === reason) return;
      put.get(within.cohort, id, user, reason, before.fields, before.seq);
      count(within, id, user);
      uncount(within, id, before);
    },
  };
}

function written(user: BrazeUser | UnmatchedReason): {
  user: string | null;
  reason: string | null;
} {
  return typeof user === 'string'
    ? { user: null, reason: user }
    : { user: keyOfUser(user), reason: null };
}
