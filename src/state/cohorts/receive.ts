import { deflateRawSync } from 'node:zlib';
import type Database from 'better-sqlite3';
import type { CohortPage, Received } from '../../core/cohorts.ts';
import { StateError } from '../../core/errors.ts';

interface SyncRow {
  readonly id: number;
  readonly state: string;
  readonly seq: number;
  readonly pages: number;
}

/** Speed matters more than size: a page waits for seconds. */
const DEFLATE = { level: 1 } as const;

/**
 * Takes in one page, as part of one transaction.
 *
 * A sync counts once its pages are all in: a full view or a difference that Mixpanel gave up halfway will be said again,
 * perhaps otherwise. What it says was true when its first page came, so that it yields to whatever began later. A page
 * is told from its repeat by its digest; another page with the same number takes the place of the first, or begins a
 * sync that was complete anew: Mixpanel starts again from the top when a sync failed.
 */
export function receiving(
  db: Database.Database,
): (name: string, page: CohortPage, at: number) => Received {
  const newestSync = db.prepare<[number, string, string], SyncRow>(
    `SELECT id, state, seq, pages FROM cohort_syncs WHERE cohort = ? AND session = ? AND action = ?
     ORDER BY id DESC LIMIT 1`,
  );
  const digestOf = db
    .prepare<[number, number], Buffer>(
      'SELECT digest FROM cohort_pages WHERE sync = ? AND page = ?',
    )
    .pluck();
  const begin = db.prepare(
    `INSERT INTO cohort_syncs (cohort, action, session, state, seq, pages, began_at, received_at)
     VALUES (?, ?, ?, 'receiving', ?, ?, ?, ?)`,
  );
  const putPage = db.prepare(
    'INSERT OR REPLACE INTO cohort_pages (sync, page, digest, members, staged) VALUES (?, ?, ?, ?, ?)',
  );
  const progress = db.prepare<unknown[], { pagesIn: number }>(
    `UPDATE cohort_syncs SET received_at = ?, members = (SELECT total(members) FROM cohort_pages WHERE sync = id)
     WHERE id = ? RETURNING (SELECT count(*) FROM cohort_pages WHERE sync = id) AS pagesIn`,
  );
  const pagesOfBoth = db
    .prepare<[number, number], number>(
      'SELECT count(DISTINCT page) FROM cohort_pages WHERE sync IN (?, ?)',
    )
    .pluck();
  // A difference that is complete counts for what came before the view; one that is not would be outdated all the same.
  const olderSyncs = db
    .prepare<[number, number], number>(
      `SELECT id FROM cohort_syncs WHERE cohort = ? AND seq < ?
         AND (state = 'receiving' OR (state = 'applying' AND action = 'members'))`,
    )
    .pluck();
  const newerView = db
    .prepare<[number, number], number>(
      `SELECT 1 FROM cohort_syncs WHERE cohort = ? AND seq > ? AND action = 'members' AND state IN ('applying', 'done')`,
    )
    .pluck();
  const complete = db.prepare<[number]>(`UPDATE cohort_syncs SET state = 'applying' WHERE id = ?`);
  const end = ending(db);

  const beginSync = (cohort: number, page: CohortPage, seq: number, at: number): SyncRow => {
    const { action, session, pages } = page;
    const { lastInsertRowid } = begin.run(cohort, action, session, seq, pages, at, at);
    return { id: Number(lastInsertRowid), state: 'receiving', seq, pages };
  };

  /** The sync that the page belongs to; or why it counts for none. */
  const syncOf = (
    cohort: number,
    page: CohortPage,
    seq: number,
    at: number,
  ): SyncRow | 'repeated' | 'outdated' => {
    // Without a session nothing tells a repeat from the same said anew; to say it twice is harmless.
    const isAlone = page.session === '' && page.pages === 1;
    const known = isAlone ? undefined : newestSync.get(cohort, page.session, page.action);
    if (!known) return beginSync(cohort, page, seq, at);
    const digest = digestOf.get(known.id, page.page);
    if (digest?.equals(page.digest) === true && known.state !== 'expired') return 'repeated';
    // The rest of what nobody waits for any more.
    const isSame = known.pages === page.pages;
    if (known.state === 'outdated' && isSame && digest === undefined) return 'outdated';
    if (known.state === 'receiving') {
      if (isSame) return known;
      end(known.id, 'outdated', at);
    }
    return beginSync(cohort, page, seq, at);
  };

  /**
   * Marks what is complete now. Mixpanel's documents do not say whether the pages of a difference are numbered for
   * what comes and what goes on their own or together: either is taken.
   */
  const completed = (cohort: number, page: CohortPage, sync: SyncRow, pagesIn: number): boolean => {
    if (pagesIn >= sync.pages) return complete.run(sync.id).changes > 0;
    if (page.action === 'members') return false;
    const other = page.action === 'add_members' ? 'remove_members' : 'add_members';
    const twin = newestSync.get(cohort, page.session, other);
    if (twin?.pages !== sync.pages || pagesOfBoth.get(sync.id, twin.id)! < sync.pages) return false;
    if (twin.state === 'receiving') complete.run(twin.id);
    return complete.run(sync.id).changes > 0;
  };

  return (name, page, at) => {
    const { id: cohort, seq } = cohortOf(db, name, page, at);
    const sync = syncOf(cohort, page, seq, at);
    if (typeof sync === 'string') return { kind: sync, cohort };
    if (newerView.get(cohort, sync.seq) !== undefined) {
      end(sync.id, 'outdated', at);
      return { kind: 'outdated', cohort };
    }
    const staged = deflateRawSync(JSON.stringify(page.members), DEFLATE);
    putPage.run(sync.id, page.page, page.digest, page.members.length, staged);
    const { pagesIn } = progress.get(at, sync.id)!;
    const isComplete = completed(cohort, page, sync, pagesIn);
    if (isComplete && page.action === 'members')
      for (const older of olderSyncs.all(cohort, sync.seq)) end(older, 'outdated', at);
    return { kind: 'kept', cohort, complete: isComplete };
  };
}

/** Ends a sync and drops what was staged of it. */
export function ending(
  db: Database.Database,
): (sync: number, state: 'done' | 'outdated' | 'expired', at: number) => void {
  const set = db.prepare<[string, number, number]>(
    'UPDATE cohort_syncs SET state = ?, ended_at = ? WHERE id = ?',
  );
  const drop = db.prepare<[number]>(
    'UPDATE cohort_pages SET staged = NULL WHERE sync = ? AND staged IS NOT NULL',
  );
  return (sync, state, at) => {
    set.run(state, at, sync);
    drop.run(sync);
  };
}

/** The cohort that a page is about, made when it is new, with the seq of what the page says. */
function cohortOf(
  db: Database.Database,
  name: string,
  page: CohortPage,
  at: number,
): { id: number; seq: number } {
  const owner = db
    .prepare<[string], number>(
      'SELECT id FROM cohort_imports WHERE name = ? AND sealed IS NOT NULL',
    )
    .pluck()
    .get(name);
  if (owner === undefined)
    throw new StateError('no_such_import', `There is no cohort import ${name}`);
  const { cohortId, projectId, name: title, description } = page;
  // Who says of a cohort that is being cleared that it has members, begins it anew.
  const revives =
    page.action === 'members' || (page.action === 'add_members' && page.members.length > 0);
  return db
    .prepare<unknown[], { id: number; seq: number }>(
      `INSERT INTO cohorts (import, cohort_id, project_id, name, description, state, created_at, received_at, seq)
       VALUES (?, ?, ?, ?, ?, 'live', ?, ?, 1)
       ON CONFLICT (import, cohort_id) WHERE state <> 'forgotten' DO UPDATE SET
         project_id = excluded.project_id, name = excluded.name, description = excluded.description,
         received_at = excluded.received_at, seq = seq + 1, state = iif(?, 'live', state)
       RETURNING id, seq`,
    )
    .get(owner, cohortId, projectId, title, description, at, at, Number(revives))!;
}
