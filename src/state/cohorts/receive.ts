import type Database from 'better-sqlite3';
import type { CohortPage, Received } from '../../core/cohorts.ts';
import { StateError } from '../../core/errors.ts';
import type { MemberRows } from './members.ts';
import { noteSize } from './sizes.ts';
import { newTally, tallying } from './tally.ts';

interface SyncRow {
  readonly id: number;
  readonly state: string;
  readonly seq: number;
  readonly pages: number;
}

/**
 * Takes in one page, as part of one transaction.
 *
 * A difference holds from the moment it is received. A full view is staged; once its pages are all in it says what was
 * true when its first page came, so that it yields to differences received since, and to a full view that began later.
 * A page is told from its repeat by its digest; another page with the same number begins that part, or a sync that was
 * complete, anew: Mixpanel starts again from the top when a sync failed.
 */
export function receiving(
  db: Database.Database,
  rows: MemberRows,
): (name: string, page: CohortPage, at: number) => Received {
  const tally = tallying(db);
  const size = noteSize(db);
  const newestSync = db.prepare<[number, string, string], SyncRow>(
    `SELECT id, state, seq, pages FROM cohort_syncs WHERE cohort = ? AND session = ? AND action = ?
     ORDER BY id DESC LIMIT 1`,
  );
  const digestOf = db
    .prepare<[number, number], Buffer>(
      'SELECT digest FROM cohort_pages WHERE sync = ? AND page = ?',
    )
    .pluck();
  const begin = db.prepare<unknown[]>(
    `INSERT INTO cohort_syncs (cohort, action, session, state, seq, pages, began_at, received_at, step)
     VALUES (?, ?, ?, 'receiving', ?, ?, ?, ?, 'none')`,
  );
  const putPage = db.prepare<unknown[]>(
    'INSERT OR REPLACE INTO cohort_pages (sync, page, digest, members) VALUES (?, ?, ?, ?)',
  );
  const progress = db.prepare<unknown[], { pages: number; pagesIn: number }>(
    `UPDATE cohort_syncs SET received_at = ?, added = added + ?, removed = removed + ?,
       members = (SELECT total(members) FROM cohort_pages WHERE sync = id)
     WHERE id = ? RETURNING pages, (SELECT count(*) FROM cohort_pages WHERE sync = id) AS pagesIn`,
  );
  const stage = db.prepare<unknown[]>(
    'INSERT OR REPLACE INTO cohort_staged (sync, member, page, fields) VALUES (?, ?, ?, ?)',
  );
  const unstage = db.prepare<[number, number]>(
    'DELETE FROM cohort_staged WHERE sync = ? AND page = ?',
  );
  const giveUp = db.prepare<[number, number]>(
    `UPDATE cohort_syncs SET state = 'outdated', ended_at = ?, step = iif(action = 'members', 'drop', 'none')
     WHERE id = ?`,
  );
  const olderViews = db
    .prepare<[number, number], number>(
      `SELECT id FROM cohort_syncs WHERE cohort = ? AND seq < ? AND action = 'members'
         AND state IN ('receiving', 'applying')`,
    )
    .pluck();
  const newerView = db
    .prepare<[number, number], number>(
      `SELECT 1 FROM cohort_syncs WHERE cohort = ? AND seq > ? AND action = 'members' AND state IN ('applying', 'done')`,
    )
    .pluck();
  const openView = db
    .prepare<[number], number>(
      `SELECT 1 FROM cohort_syncs WHERE cohort = ? AND action = 'members' AND state IN ('receiving', 'applying') LIMIT 1`,
    )
    .pluck();
  const finish = db.prepare<unknown[]>(
    'UPDATE cohort_syncs SET state = ?, step = ?, ended_at = ? WHERE id = ?',
  );

  const beginSync = (cohort: number, page: CohortPage, seq: number, at: number): SyncRow => {
    const { action, session, pages } = page;
    const { lastInsertRowid } = begin.run(cohort, action, session, seq, pages, at, at);
    return { id: Number(lastInsertRowid), state: 'receiving', seq, pages };
  };

  /** The sync that the page belongs to; undefined when the page was here before. */
  const syncOf = (
    cohort: number,
    page: CohortPage,
    seq: number,
    at: number,
  ): SyncRow | undefined => {
    // Without a session nothing tells a repeat from the same said anew; to say it twice is harmless.
    const isAlone = page.session === '' && (page.action !== 'members' || page.pages === 1);
    const known = isAlone ? undefined : newestSync.get(cohort, page.session, page.action);
    if (!known) return beginSync(cohort, page, seq, at);
    const before = digestOf.get(known.id, page.page);
    const isRepeat = before !== undefined && before.equals(page.digest);
    if (isRepeat && known.state !== 'expired') return undefined;
    if (known.state === 'receiving' && known.pages === page.pages) {
      if (before !== undefined && page.action === 'members') unstage.run(known.id, page.page);
      return known;
    }
    if (known.state === 'receiving') giveUp.run(at, known.id);
    return beginSync(cohort, page, seq, at);
  };

  const takeDifference = (cohort: number, page: CohortPage, seq: number) => {
    const within = { cohort, tally: newTally() };
    const remember = openView.get(cohort) !== undefined;
    let changed = 0;
    for (const { id, user, fields } of page.members) {
      const isChange =
        page.action === 'add_members'
          ? rows.put(within, { id, user, fields: JSON.stringify(fields) }, seq, remember)
          : rows.leave(within, id, seq, remember);
      if (isChange) changed++;
    }
    tally(cohort, within.tally);
    return page.action === 'add_members'
      ? { added: changed, removed: 0 }
      : { added: 0, removed: changed };
  };

  return (name, page, at) => {
    const { id: cohort, seq } = cohortOf(db, name, page, at);
    const sync = syncOf(cohort, page, seq, at);
    if (!sync) return { kind: 'repeated', cohort };
    const isView = page.action === 'members';
    if (isView && newerView.get(cohort, sync.seq) !== undefined) {
      giveUp.run(at, sync.id);
      return { kind: 'outdated', cohort };
    }
    let change = { added: 0, removed: 0 };
    if (isView)
      for (const { id, fields } of page.members)
        stage.run(sync.id, id, page.page, JSON.stringify(fields));
    else change = takeDifference(cohort, page, seq);
    putPage.run(sync.id, page.page, page.digest, page.members.length);
    const { pages, pagesIn } = progress.get(at, change.added, change.removed, sync.id)!;
    const complete = pagesIn >= pages;
    if (complete && isView) {
      for (const older of olderViews.all(cohort, sync.seq)) giveUp.run(at, older);
      finish.run('applying', 'take', null, sync.id);
    } else if (complete) {
      finish.run('done', 'none', at, sync.id);
      size(cohort, at);
    }
    return { kind: 'kept', cohort, complete };
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
  const { cohortId, projectId, name: title, description, identity } = page;
  // Who says of a cohort that is being cleared that it has members, begins it anew.
  const revives =
    page.action === 'members' || (page.action === 'add_members' && page.members.length > 0);
  return db
    .prepare<unknown[], { id: number; seq: number }>(
      `INSERT INTO cohorts (import, cohort_id, project_id, name, description, state, created_at, received_at, seq, identity)
       VALUES (?, ?, ?, ?, ?, 'live', ?, ?, 1, ?)
       ON CONFLICT (import, cohort_id) WHERE state <> 'forgotten' DO UPDATE SET
         project_id = excluded.project_id, name = excluded.name, description = excluded.description,
         received_at = excluded.received_at, seq = seq + 1, state = iif(?, 'live', state),
         -- Members identified by other settings than the rest: all are to be looked at again.
         identity = iif(identity = excluded.identity, identity, '')
       RETURNING id, seq`,
    )
    .get(owner, cohortId, projectId, title, description, at, at, identity, Number(revives))!;
}
