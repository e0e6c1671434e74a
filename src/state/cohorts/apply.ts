import type Database from 'better-sqlite3';
import type { CohortNow } from '../../core/cohorts.ts';
import type { MemberRows } from './members.ts';
import { newTally, tallying, type UserRow } from './tally.ts';
import type { UserRows } from './users.ts';
import { applyingSyncs } from './views.ts';

/** Rows that one transaction deals with, so that others get their turn. */
const STEP = 2000;
/** How long users that left are remembered, so that they are not written again too soon, in milliseconds. */
const REMEMBER_MS = 24 * 3_600_000;

interface CohortRow {
  readonly id: number;
  readonly state: string;
  readonly seq: number;
  readonly identity: string | null;
  readonly identityCursor: number | null;
  readonly destination: string | null;
  readonly rewrite: 'resync' | 'move' | null;
  readonly rewriteCursor: number;
}

/** One bounded piece of work; false when there is none of this kind. */
type Piece = (cohort: CohortRow, now: CohortNow, at: number) => boolean;

export interface Applying {
  /** Does the next piece of what is to be applied to a cohort, as one transaction; false when there was nothing left. */
  next(id: number, now: CohortNow, at: number): boolean;
  /** That transaction was rolled back. */
  undone(id: number): void;
}

export function applying(db: Database.Database, members: MemberRows, users: UserRows): Applying {
  const select = db.prepare<[number], CohortRow>(
    `SELECT id, state, seq, identity, identity_cursor AS identityCursor, destination, rewrite,
       rewrite_cursor AS rewriteCursor FROM cohorts WHERE id = ?`,
  );
  const sync = applyingSyncs(db, members);
  const applyingSync: Piece = (cohort, now, at) => sync.next(cohort, now, at);
  const pieces: Piece[] = [
    forgetting(db),
    relocating(db),
    identifying(db, members),
    applyingSync,
    rewriting(db, users),
    tryingAgain(db, users),
    burying(db),
  ];
  return {
    next(id, now, at) {
      const cohort = select.get(id);
      return cohort !== undefined && pieces.some((piece) => piece(cohort, now, at));
    },
    undone: sync.undone,
  };
}

/** What is written to another place now begins anew there. */
function relocating(db: Database.Database): Piece {
  const set = db.prepare(
    `UPDATE cohorts SET destination = ?, announced = iif(destination IS NULL, announced, NULL),
       rewrite = iif(destination IS NULL, rewrite, 'move'), rewrite_cursor = 0 WHERE id = ?`,
  );
  return ({ id, destination }, now) =>
    destination !== now.destination && set.run(now.destination, id).changes > 0;
}

function identifying(db: Database.Database, members: MemberRows): Piece {
  const start = db.prepare<[string, number]>(
    `UPDATE cohorts SET identity = ?, identity_cursor = 0, seq = seq + 1 WHERE id = ?`,
  );
  const next = db.prepare<[number, number], { id: number; member: string; fields: string }>(
    `SELECT id, member, fields FROM cohort_members WHERE cohort = ? AND id > ? AND gone = 0 ORDER BY id LIMIT ${STEP}`,
  );
  const reach = db.prepare<[number | null, number]>(
    'UPDATE cohorts SET identity_cursor = ? WHERE id = ?',
  );
  const tally = tallying(db);
  return ({ id, seq, identity, identityCursor }, { identification }) => {
    if (identity !== identification.fingerprint)
      return start.run(identification.fingerprint, id).changes > 0;
    if (identityCursor === null) return false;
    const rows = next.all(id, identityCursor);
    const within = { cohort: id, seq, tally: newTally() };
    for (const { member, fields } of rows)
      members.identify(within, member, identification.identify(parsed(fields)));
    tally(id, within.tally);
    reach.run(rows.length < STEP ? null : rows.at(-1)!.id, id);
    return true;
  };
}

/** Notes users as to be written again: those that are in, at the same place; or whoever is wanted, at another one. */
function rewriting(db: Database.Database, users: UserRows): Piece {
  const next = userPages(db);
  const reach = db.prepare('UPDATE cohorts SET rewrite = ?, rewrite_cursor = ? WHERE id = ?');
  const tally = tallying(db);
  return ({ id, rewrite, rewriteCursor }) => {
    if (rewrite === null) return false;
    const rows = next.all(id, rewriteCursor);
    const within = { cohort: id, tally: newTally() };
    for (const { id: _id, ...row } of rows) {
      // At another place nobody is in yet.
      const sent = rewrite === 'move' ? 0 : row.sent === 1 ? 3 : row.sent;
      const writtenAt = rewrite === 'move' ? 0 : row.writtenAt;
      users.change(within, row, { ...row, sent, writtenAt, refusal: null, againAt: null });
    }
    tally(id, within.tally);
    const isLast = rows.length < STEP;
    reach.run(isLast ? null : rewrite, isLast ? 0 : rows.at(-1)!.id, id);
    return true;
  };
}

function userPages(db: Database.Database) {
  return db.prepare<[number, number], UserRow & { id: number }>(
    `SELECT id, user, holders, suppressed, sent, refusal, again_at AS againAt, seq, written_at AS writtenAt, member
     FROM cohort_users WHERE cohort = ? AND id > ? ORDER BY id LIMIT ${STEP}`,
  );
}

/** Users that Braze refused, once it is time to try them again. */
function tryingAgain(db: Database.Database, users: UserRows): Piece {
  const due = db
    .prepare<[number, number], string>(
      `SELECT user FROM cohort_users WHERE cohort = ? AND again_at <= ? LIMIT ${STEP}`,
    )
    .pluck();
  const tally = tallying(db);
  return ({ id }, _now, at) => {
    const found = due.all(id, at);
    const within = { cohort: id, tally: newTally() };
    for (const user of found) {
      const row = users.get(id, user)!;
      users.change(within, row, { ...row, refusal: null, againAt: null });
    }
    tally(id, within.tally);
    return found.length > 0;
  };
}

/** Members and users that left, once nothing can ask for them any more. */
function burying(db: Database.Database): Piece {
  const isOpen = db
    .prepare<[number], number>(
      `SELECT 1 FROM cohort_syncs WHERE cohort = ? AND state IN ('receiving', 'applying') LIMIT 1`,
    )
    .pluck();
  const members = db.prepare<[number, number]>(
    `DELETE FROM cohort_members WHERE cohort = ? AND member IN
       (SELECT member FROM cohort_members WHERE cohort = ? AND gone = 1 LIMIT ${STEP})`,
  );
  const users = db.prepare<[number, number, number]>(
    `DELETE FROM cohort_users WHERE cohort = ? AND user IN
       (SELECT user FROM cohort_users WHERE cohort = ? AND holders = 0 AND sent = 0 AND refusal IS NULL
          AND written_at < ? LIMIT ${STEP})`,
  );
  return ({ id }, _now, at) => {
    const gone = isOpen.get(id) === undefined ? members.run(id, id).changes : 0;
    return gone + users.run(id, id, at - REMEMBER_MS).changes > 0;
  };
}

/** Everything of a cohort that is to be forgotten: at once, or when Braze has nobody in it any more. */
function forgetting(db: Database.Database): Piece {
  // Whom Braze refuses for good can't be taken out.
  const left = db
    .prepare<[number], number>(
      `SELECT 1 FROM cohorts c WHERE id = ? AND (members + pending_adds + pending_removes > 0
         OR EXISTS (SELECT 1 FROM cohort_syncs s WHERE s.cohort = c.id AND state = 'applying')
         OR EXISTS (SELECT 1 FROM cohort_users u WHERE u.cohort = c.id AND again_at IS NOT NULL))`,
    )
    .pluck();
  const forget = db.prepare<[number]>(`UPDATE cohorts SET state = 'forgotten' WHERE id = ?`);
  const step = forgettingStep(db);
  return ({ id, state }) => {
    if (state === 'clearing' && left.get(id) === undefined) return forget.run(id).changes > 0;
    return state === 'forgotten' && step(id);
  };
}

/** Takes away a bounded part of a forgotten cohort, in the end the cohort itself; false when it is not there. */
export function forgettingStep(db: Database.Database): (cohort: number) => boolean {
  const ofCohort = (table: string, key: string): Database.Statement<[number, number]> =>
    db.prepare(
      `DELETE FROM ${table} WHERE cohort = ? AND (${key}) IN (SELECT ${key} FROM ${table} WHERE cohort = ? LIMIT ${STEP})`,
    );
  const pages = db.prepare<[number]>(
    `DELETE FROM cohort_pages WHERE rowid IN (SELECT rowid FROM cohort_pages
       WHERE sync IN (SELECT id FROM cohort_syncs WHERE cohort = ?) LIMIT ${STEP})`,
  );
  const others = [
    ofCohort('cohort_members', 'member'),
    ofCohort('cohort_users', 'user'),
    ofCohort('cohort_sizes', 'minute'),
    ofCohort('cohort_syncs', 'id'),
  ];
  const cohort = db.prepare<[number]>('DELETE FROM cohorts WHERE id = ?');
  return (id) => {
    if (pages.run(id).changes > 0) return true;
    for (const statement of others) if (statement.run(id, id).changes > 0) return true;
    return cohort.run(id).changes > 0;
  };
}

function parsed(fields: string): Record<string, unknown> {
  return JSON.parse(fields) as Record<string, unknown>;
}
