import { setImmediate } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import type { CohortNow, Cohorts, OpenCohort } from '../../core/cohorts.ts';
import { translated, within } from '../database.ts';
import { applying, forgettingStep } from './apply.ts';
import {
  findCohort,
  getCohort,
  listCohorts,
  listSyncs,
  listUsers,
  readHold,
  reasonsOf,
} from './listing.ts';
import { memberRows } from './members.ts';
import { ending, receiving } from './receive.ts';
import { sizesSince } from './sizes.ts';
import { userRows } from './users.ts';
import { wishes } from './wishes.ts';
import { writes } from './writes.ts';

export function createCohorts(db: Database.Database): Cohorts {
  const users = userRows(db);
  const members = memberRows(db, users);
  /** One transaction that holds the write lock from its start, so that what it reads stays so. */
  const atomic = <A extends unknown[], R>(
    work: (...args: A) => R,
  ): ((...args: A) => Promise<R>) => {
    const transaction = db.transaction(work as (...args: unknown[]) => unknown);
    return (...args) => within(() => transaction.immediate(...args) as R);
  };
  const { claim, settle, pending } = writes(db, users);
  const wanted = wishes(db, users);
  const hold = db.prepare<[string | null, number]>('UPDATE cohorts SET hold = ? WHERE id = ?');
  const announce = db.prepare<[string, number]>('UPDATE cohorts SET announced = ? WHERE id = ?');
  const silent = db
    .prepare<[number, string], number>(
      `SELECT s.id FROM cohort_syncs s JOIN cohorts c ON c.id = s.cohort JOIN cohort_imports i ON i.id = c.import
       WHERE s.state = 'receiving' AND s.received_at < ? AND i.name = ?`,
    )
    .pluck();
  const end = ending(db);
  const pieces = applying(db, members, users);
  const applyNext = atomic(pieces.next);

  return {
    receive: atomic(receiving(db)),
    list: (filter) => within(() => listCohorts(db, filter)),
    get: (id) => within(() => getCohort(db, id)),
    find: (text, owner) => within(() => findCohort(db, text, owner)),
    users: (id, filter) => within(() => listUsers(db, id, filter)),
    reasons: (id) => within(() => reasonsOf(db, id)),
    sizes: (id, since) => within(() => sizesSince(db, id, since)),
    syncs: (id, filter) => within(() => listSyncs(db, id, filter)),
    open: opening(db),
    expire: atomic((name: string, before: number, at: number) => {
      for (const sync of silent.all(before, name)) end(sync, 'expired', at);
    }),
    async apply(id, now, at) {
      try {
        return await applyNext(id, now, at);
      } catch (error) {
        pieces.undone(id);
        throw error;
      }
    },
    pending: (id) => within(() => pending(id)),
    hold: (id, given) =>
      within(() => void hold.run(given === null ? null : JSON.stringify(given), id)),
    claim: atomic(claim),
    settle: atomic(settle),
    announced: (id, as) => within(() => void announce.run(as, id)),
    approve: atomic(wanted.approve),
    resync: atomic(wanted.resync),
    remove: atomic(wanted.remove),
    suppress: atomic(wanted.suppress),
    unsuppress: atomic(wanted.unsuppress),
    suppressed: (name, filter) => within(() => wanted.suppressed(name, filter)),
    prune: pruning(db),
  };
}

function opening(db: Database.Database): Cohorts['open'] {
  const select = db.prepare<
    unknown[],
    {
      id: number;
      cohortId: string;
      name: string;
      hold: string | null;
      toApply: number;
      toAnnounce: number;
      isMoving: number;
    }
  >(
    `SELECT id, cohort_id AS cohortId, name, hold, toApply, toAnnounce, isMoving FROM (
       SELECT c.id, c.cohort_id, c.name, c.hold, c.pending_adds + c.pending_removes AS toWrite,
         c.state <> 'live' OR c.identity IS NOT @identity OR c.identity_cursor IS NOT NULL OR c.rewrite IS NOT NULL
           OR c.destination IS NOT @destination
           OR EXISTS (SELECT 1 FROM cohort_syncs s WHERE s.cohort = c.id AND s.state = 'applying')
           OR EXISTS (SELECT 1 FROM cohort_users u WHERE u.cohort = c.id AND u.again_at <= @at)
           OR EXISTS (SELECT 1 FROM cohort_members m WHERE m.cohort = c.id AND m.gone = 1)
           AS toApply,
         @announces AND c.announced IS NOT c.name AND c.state = 'live' AS toAnnounce,
         c.identity IS NOT @identity OR c.destination IS NOT @destination OR c.rewrite IS 'move' AS isMoving
       FROM cohorts c JOIN cohort_imports i ON i.id = c.import WHERE i.name = @name
     ) WHERE toApply OR toAnnounce OR toWrite > 0 OR hold IS NOT NULL ORDER BY id`,
  );
  return (name, { identification, destination, announces }: CohortNow, at) =>
    within(() =>
      select
        .all({
          ...{ name, at, destination, identity: identification.fingerprint },
          announces: Number(announces),
        })
        .map(({ id, cohortId, name: title, hold, toApply, toAnnounce, isMoving }): OpenCohort => ({
          id,
          name: { id: cohortId, name: title },
          toApply: toApply === 1,
          toAnnounce: toAnnounce === 1,
          isMoving: isMoving === 1,
          held: readHold(hold),
        })),
    );
}

/** Syncs a cohort keeps whatever their age. */
const KEPT_SYNCS = 100;
const STEP = 1000;

function pruning(db: Database.Database): Cohorts['prune'] {
  return async (before) => {
    let pruned = 0;
    const drain = async (step: () => number | boolean): Promise<void> => {
      for (;;) {
        const n = translated(step);
        pruned += Number(n);
        if (n === false || n === 0) return;
        // Others get their turn.
        await setImmediate();
      }
    };
    const { forgotten, cohorts, forget } = translated(() => ({
      forgotten: db
        .prepare<[], number>(`SELECT id FROM cohorts WHERE state = 'forgotten'`)
        .pluck()
        .all(),
      cohorts: db.prepare<[], number>('SELECT id FROM cohorts').pluck().all(),
      forget: forgettingStep(db),
    }));
    for (const id of forgotten) await drain(() => forget(id));
    const old = `SELECT id FROM cohort_syncs WHERE cohort = @id AND ended_at < @before
      AND id NOT IN (SELECT id FROM cohort_syncs WHERE cohort = @id ORDER BY id DESC LIMIT ${KEPT_SYNCS})`;
    const pages = db.prepare(
      `DELETE FROM cohort_pages WHERE (sync, page) IN (SELECT sync, page FROM cohort_pages WHERE sync IN (${old}) LIMIT ${STEP})`,
    );
    const syncs = db.prepare(
      `DELETE FROM cohort_syncs WHERE id IN (SELECT id FROM (${old}) LIMIT ${STEP})`,
    );
    const sizes = db.prepare(
      `DELETE FROM cohort_sizes WHERE cohort = @id AND minute IN
         (SELECT minute FROM cohort_sizes WHERE cohort = @id AND minute < @before / 60000 LIMIT ${STEP})`,
    );
    for (const id of cohorts)
      for (const statement of [pages, syncs, sizes])
        await drain(() => statement.run({ id, before }).changes);
    return pruned;
  };
}
