import { inflateRawSync } from 'node:zlib';
import type Database from 'better-sqlite3';
import type { CohortAction, CohortMember, CohortNow } from '../../core/cohorts.ts';
import type { MemberRows } from './members.ts';
import { ending } from './receive.ts';
import { noteSize } from './sizes.ts';
import { newTally, tallying } from './tally.ts';
import type { Within } from './users.ts';

/** Rows that one transaction looks at, so that others get their turn. */
const STEP = 5000;

interface CompleteSync {
  readonly id: number;
  readonly action: CohortAction;
  readonly seq: number;
}

/**
 * How far a sync is applied. Kept in memory: after a crash, or when a transaction is rolled back, it begins again, which
 * changes nothing.
 */
interface Progress {
  readonly sync: number;
  page: number;
  /** Rows of the members that a full view names, one bit each. */
  named: Uint8Array;
  /** The row up to which is looked for members that it does not name; undefined before its pages are through. */
  swept: number | undefined;
}

export interface ApplyingSyncs {
  /** Brings the oldest complete sync of a cohort nearer to its end; false when there is none. */
  next(cohort: { readonly id: number; readonly seq: number }, now: CohortNow, at: number): boolean;
  /** The transaction of the last piece was rolled back. */
  undone(cohort: number): void;
}

export function applyingSyncs(db: Database.Database, members: MemberRows): ApplyingSyncs {
  const oldest = db.prepare<[number], CompleteSync>(
    `SELECT id, action, seq FROM cohort_syncs WHERE cohort = ? AND state = 'applying' ORDER BY seq, id LIMIT 1`,
  );
  const nextPage = db.prepare<[number, number], { page: number; staged: Buffer }>(
    'SELECT page, staged FROM cohort_pages WHERE sync = ? AND page > ? AND staged IS NOT NULL ORDER BY page LIMIT 1',
  );
  const rows = db.prepare<[number, number], { id: number; member: string; seq: number }>(
    `SELECT id, member, seq FROM cohort_members WHERE cohort = ? AND id > ? ORDER BY id LIMIT ${STEP}`,
  );
  const otherOpen = db
    .prepare<[number, number], number>(
      `SELECT 1 FROM cohort_syncs WHERE cohort = ? AND id <> ? AND state IN ('receiving', 'applying') LIMIT 1`,
    )
    .pluck();
  const count = db.prepare<[number, number, number]>(
    'UPDATE cohort_syncs SET added = added + ?, removed = removed + ? WHERE id = ?',
  );
  const tally = tallying(db);
  const size = noteSize(db);
  const end = ending(db);
  /** By cohort. */
  const underWay = new Map<number, Progress>();

  const takePage = (
    within: Within,
    sync: CompleteSync,
    staged: Buffer,
    progress: Progress,
    { identification }: CohortNow,
  ): void => {
    const { cohort } = within;
    const remember = otherOpen.get(cohort, sync.id) !== undefined;
    let added = 0;
    let removed = 0;
    for (const { id, fields } of inflated(staged))
      if (sync.action === 'remove_members') {
        if (members.leave(within, id, sync.seq, remember)) removed++;
      } else {
        const put = members.put(
          within,
          { id, user: identification.identify(fields), fields: JSON.stringify(fields) },
          sync.seq,
          remember,
        );
        if (put.added) added++;
        if (sync.action === 'members') progress.named = marked(progress.named, put.row);
      }
    tally(cohort, within.tally);
    count.run(added, removed, sync.id);
  };

  /** Takes out whom a full view does not name; true when it is through. */
  const sweep = (within: Within, { id, seq }: CompleteSync, progress: Progress): boolean => {
    const { cohort } = within;
    const found = rows.all(cohort, progress.swept!);
    const remember = otherOpen.get(cohort, id) !== undefined;
    let removed = 0;
    for (const row of found)
      if (row.seq <= seq && !isMarked(progress.named, row.id))
        if (members.leave(within, row.member, seq, remember)) removed++;
    tally(cohort, within.tally);
    count.run(0, removed, id);
    progress.swept = found.at(-1)?.id ?? progress.swept;
    return found.length < STEP;
  };

  const progressOf = (cohort: number, sync: number): Progress => {
    const known = underWay.get(cohort);
    if (known?.sync === sync) return known;
    const progress = { sync, page: 0, named: new Uint8Array(), swept: undefined };
    underWay.set(cohort, progress);
    return progress;
  };

  const next: ApplyingSyncs['next'] = ({ id: cohort, seq }, now, at) => {
    const sync = oldest.get(cohort);
    if (!sync) return false;
    const progress = progressOf(cohort, sync.id);
    const within = { cohort, seq, tally: newTally() };
    if (progress.swept === undefined) {
      const page = nextPage.get(sync.id, progress.page);
      if (page) {
        takePage(within, sync, page.staged, progress, now);
        progress.page = page.page;
        return true;
      }
      progress.swept = 0;
    }
    if (sync.action === 'members' && !sweep(within, sync, progress)) return true;
    end(sync.id, 'done', at);
    size(cohort, at);
    underWay.delete(cohort);
    return true;
  };
  return { next, undone: (cohort) => void underWay.delete(cohort) };
}

function inflated(staged: Buffer): Pick<CohortMember, 'id' | 'fields'>[] {
  return JSON.parse(inflateRawSync(staged).toString('utf8')) as CohortMember[];
}

function marked(bits: Uint8Array, row: number): Uint8Array {
  const at = row >> 3;
  let to = bits;
  if (at >= bits.length) {
    to = new Uint8Array(Math.max(1024, 2 * at));
    to.set(bits);
  }
  to[at]! |= 1 << (row & 7);
  return to;
}

function isMarked(bits: Uint8Array, row: number): boolean {
  return ((bits[row >> 3] ?? 0) & (1 << (row & 7))) !== 0;
}
