import type Database from 'better-sqlite3';
import { type Cohorts, keyOfUser, userOfKey } from '../../core/cohorts.ts';
import { StateError } from '../../core/errors.ts';
import { newTally, tallying } from './tally.ts';
import { ending } from './receive.ts';
import type { UserRows } from './users.ts';

type Wishes = Pick<
  Cohorts,
  'approve' | 'resync' | 'remove' | 'suppress' | 'unsuppress' | 'suppressed'
>;
/** What a person wants of cohorts. Each is one short transaction; the engine does what takes long. */
type Synchronous<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R : never;
};

export function wishes(db: Database.Database, users: UserRows): Synchronous<Wishes> {
  const approve = db.prepare<[number]>(
    `UPDATE cohorts SET approved_seq = seq, seq = seq + 1, hold = NULL, revision = revision + 1
     WHERE id = ? AND state <> 'forgotten'`,
  );
  const resync = db.prepare<[number]>(
    `UPDATE cohorts SET rewrite = ifnull(rewrite, 'resync'), rewrite_cursor = 0, announced = NULL,
       revision = revision + 1 WHERE id = ? AND state = 'live'`,
  );
  const forget = db.prepare<[number]>(
    `UPDATE cohorts SET state = 'forgotten', hold = NULL, revision = revision + 1 WHERE id = ? AND state <> 'forgotten'`,
  );
  const clear = db
    .prepare<[number], number>(
      `UPDATE cohorts SET state = 'clearing', seq = seq + 1, approved_seq = seq + 1, hold = NULL,
       revision = revision + 1 WHERE id = ? AND state <> 'forgotten' RETURNING seq`,
    )
    .pluck();
  const openSyncs = db
    .prepare<[number], number>(
      `SELECT id FROM cohort_syncs WHERE cohort = ? AND state IN ('receiving', 'applying')`,
    )
    .pluck();
  const end = ending(db);
  const emptyView = db.prepare(
    `INSERT INTO cohort_syncs (cohort, action, session, state, seq, pages, began_at, received_at)
     VALUES (?, 'members', 'cleared by a person', 'applying', ?, 0, ?, ?)`,
  );
  const importOf = db
    .prepare<[string], number>(
      'SELECT id FROM cohort_imports WHERE name = ? AND sealed IS NOT NULL',
    )
    .pluck();
  const cohortsOf = db
    .prepare<[number], number>(`SELECT id FROM cohorts WHERE import = ? AND state <> 'forgotten'`)
    .pluck();
  const touch = db.prepare<[number]>(
    'UPDATE cohort_imports SET revision = revision + 1 WHERE id = ?',
  );
  const add = db.prepare<[number, string, number]>(
    'INSERT OR IGNORE INTO cohort_suppressed (import, user, at) VALUES (?, ?, ?)',
  );
  const drop = db.prepare<[number, string]>(
    'DELETE FROM cohort_suppressed WHERE import = ? AND user = ?',
  );
  const tally = tallying(db);

  const expectImport = (name: string): number => {
    const id = importOf.get(name);
    if (id !== undefined) return id;
    throw new StateError('no_such_import', `There is no cohort import ${name}`);
  };
  const expect = (changes: number, id: number): void => {
    if (changes === 0) throw new StateError('no_such_cohort', `There is no cohort ${id}`);
  };
  const mark = (owner: number, user: string, suppressed: 0 | 1): void => {
    for (const cohort of cohortsOf.all(owner)) {
      const row = users.get(cohort, user);
      if (!row) continue;
      const within = { cohort, tally: newTally() };
      // Its seq is that of no sync: what a person wants needs no approval.
      users.change(within, row, { ...row, suppressed, seq: 0, refusal: null, againAt: null });
      tally(cohort, within.tally);
    }
  };

  return {
    approve: (id) => expect(approve.run(id).changes, id),
    resync: (id) => expect(resync.run(id).changes, id),
    remove(id, clears, at) {
      if (!clears) return expect(forget.run(id).changes, id);
      const seq = clear.get(id);
      expect(seq === undefined ? 0 : 1, id);
      for (const sync of openSyncs.all(id)) end(sync, 'outdated', at);
      emptyView.run(id, seq, at, at);
    },
    suppress(name, given, at) {
      const owner = expectImport(name);
      let changed = 0;
      for (const user of given.map(keyOfUser)) {
        if (add.run(owner, user, at).changes === 0) continue;
        changed++;
        mark(owner, user, 1);
      }
      touch.run(owner);
      return changed;
    },
    unsuppress(name, given) {
      const owner = expectImport(name);
      let changed = 0;
      for (const user of given.map(keyOfUser)) {
        if (drop.run(owner, user).changes === 0) continue;
        changed++;
        mark(owner, user, 0);
      }
      touch.run(owner);
      return changed;
    },
    suppressed: (name, { after = '', limit }) =>
      db
        .prepare<[number, string, number], { user: string; at: number }>(
          'SELECT user, at FROM cohort_suppressed WHERE import = ? AND user > ? ORDER BY user LIMIT ?',
        )
        .all(expectImport(name), after, limit)
        .map(({ user, at }) => ({ user: userOfKey(user), at })),
  };
}
