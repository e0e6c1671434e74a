import type Database from 'better-sqlite3';
import {
  type Cohort,
  type CohortHold,
  type CohortSync,
  type CohortUser,
  type CohortUserFilter,
  type Cohorts,
  userOfKey,
} from '../../core/cohorts.ts';
import { StateError } from '../../core/errors.ts';
import { containing } from '../sealed-specs.ts';
import { isWanted } from './tally.ts';

type CohortRow = Omit<Cohort, 'held' | 'clearing'> & {
  readonly hold: string | null;
  readonly state: string;
};

const COHORTS = `SELECT c.id, i.name AS import, cohort_id AS cohortId, project_id AS projectId, c.name, description,
    c.created_at AS createdAt, received_at AS receivedAt, written_at AS writtenAt, hold, state, members, unmatched,
    suppressed, refused, in_braze AS inBraze, pending_adds AS pendingAdds, pending_removes AS pendingRemoves
  FROM cohorts c JOIN cohort_imports i ON i.id = c.import
  WHERE i.sealed IS NOT NULL AND state <> 'forgotten'`;

function cohort({ hold, state, ...row }: CohortRow): Cohort {
  return { ...row, held: readHold(hold), clearing: state === 'clearing' };
}

export function readHold(hold: string | null): CohortHold | null {
  return hold === null ? null : (JSON.parse(hold) as CohortHold);
}

export function listCohorts(
  db: Database.Database,
  { import: owner, search, after, limit }: Parameters<Cohorts['list']>[0],
): Cohort[] {
  const conditions: string[] = [];
  const values: unknown[] = [];
  if (owner !== undefined) {
    conditions.push('i.name = ?');
    values.push(owner);
  }
  if (search !== undefined && search !== '') {
    const text = containing(search);
    conditions.push(String.raw`(c.name LIKE ? ESCAPE '\' OR cohort_id LIKE ? ESCAPE '\')`);
    values.push(text, text);
  }
  if (after !== undefined) {
    conditions.push('(c.name, c.id) > (SELECT name, id FROM cohorts WHERE id = ?)');
    values.push(after);
  }
  const where = conditions.map((each) => ` AND ${each}`).join('');
  return db
    .prepare<unknown[], CohortRow>(`${COHORTS}${where} ORDER BY c.name, c.id LIMIT ?`)
    .all(...values, limit)
    .map(cohort);
}

export function getCohort(db: Database.Database, id: number): Cohort | undefined {
  const row = db.prepare<[number], CohortRow>(`${COHORTS} AND c.id = ?`).get(id);
  return row && cohort(row);
}

export function findCohort(db: Database.Database, text: string, owner?: string): Cohort {
  const found = db
    .prepare<unknown[], CohortRow>(
      `${COHORTS} AND (? IS NULL OR i.name = ?) AND (cohort_id = ? OR c.name = ?) ORDER BY i.name, c.id`,
    )
    .all(owner ?? null, owner ?? null, text, text)
    .map(cohort);
  const exact = found.filter(({ cohortId }) => cohortId === text);
  const meant = exact.length > 0 ? exact : found;
  if (meant.length === 0)
    throw new StateError('no_such_cohort', `There is no cohort ${text}`, {
      hint: 'See what there is: sluice cohorts list. A cohort turns up once Mixpanel has called for it.',
    });
  if (meant.length > 1)
    throw new StateError('ambiguous', `${text} names more than one cohort`, {
      hint: `Say which by --import or by its id: ${meant.map((each) => `${each.import}: ${each.cohortId}`).join(', ')}`,
    });
  return meant[0]!;
}

interface UserPart {
  readonly user: string | null;
  readonly holders: number | null;
  readonly suppressed: number | null;
  readonly sent: number | null;
  readonly refusal: string | null;
}

function stateOf(row: UserPart): CohortUser['state'] {
  if (row.user === null) return 'unmatched';
  const { holders, suppressed, sent, refusal } = row;
  const wanted = isWanted({ holders: holders ?? 0, suppressed: suppressed ?? 0 });
  if (refusal !== null) return 'refused';
  if ((sent ?? 0) !== Number(wanted)) return wanted ? 'pending_add' : 'pending_remove';
  if (suppressed === 1 && (holders ?? 0) > 0) return 'suppressed';
  return wanted ? 'in' : 'out';
}

const OF_MEMBERS = `SELECT m.member, m.user, m.reason, m.fields, u.holders, u.suppressed, u.sent, u.refusal
  FROM cohort_members m LEFT JOIN cohort_users u ON u.cohort = m.cohort AND u.user = m.user
  WHERE m.cohort = @id AND m.gone = 0 AND m.member > @after`;
const OF_USERS = `SELECT u.member, u.user, NULL AS reason, coalesce(m.fields, '{}') AS fields, u.holders, u.suppressed,
    u.sent, u.refusal
  FROM cohort_users u LEFT JOIN cohort_members m ON m.cohort = u.cohort AND m.member = u.member AND m.user = u.user
  WHERE u.cohort = @id AND u.user > @after`;
const WANTED = '(u.holders > 0 AND u.suppressed = 0)';

/** By state, where rows are found; those of users are in order of the user's key, the others in that of the member. */
const OF_STATE: Readonly<Record<CohortUser['state'], string>> = {
  in: `${OF_USERS} AND u.sent = 1 AND u.refusal IS NULL AND ${WANTED}`,
  pending_add: `${OF_USERS} AND u.refusal IS NULL AND u.sent <> ${WANTED} AND ${WANTED} = 1`,
  pending_remove: `${OF_USERS} AND u.refusal IS NULL AND u.sent <> ${WANTED} AND ${WANTED} = 0`,
  unmatched: `${OF_MEMBERS} AND m.user IS NULL`,
  suppressed: `${OF_USERS} AND u.suppressed = 1 AND u.holders > 0`,
  refused: `${OF_USERS} AND u.refusal IS NOT NULL`,
  out: `${OF_USERS} AND u.holders = 0 AND u.sent = 0`,
};

/** A page, and by what the next one goes on. */
export function listUsers(
  db: Database.Database,
  id: number,
  { state, search = '', after = '', limit }: CohortUserFilter,
): CohortUser[] {
  const isOfMembers = state === undefined || state === 'unmatched';
  const sql = state === undefined ? OF_MEMBERS : OF_STATE[state];
  const key = isOfMembers ? 'm.member' : 'u.user';
  // A Braze id comes after the kind and a colon in its key.
  const member = isOfMembers ? 'm.member' : 'u.member';
  const user = isOfMembers ? 'm.user' : 'u.user';
  const matches =
    search === ''
      ? ''
      : ` AND (substr(${member}, 1, length(@search)) = @search
           OR substr(${user}, instr(${user}, ':') + 1, length(@search)) = @search)`;
  return db
    .prepare<unknown[], UserPart & { member: string; reason: string | null; fields: string }>(
      `${sql}${matches} ORDER BY ${key} LIMIT @limit`,
    )
    .all({ id, after, search, limit })
    .map((row) => ({
      member: row.member,
      cursor: isOfMembers ? row.member : row.user!,
      user: row.user === null ? null : userOfKey(row.user),
      state: stateOf(row),
      reason: row.reason ?? row.refusal,
      fields: JSON.parse(row.fields) as Record<string, unknown>,
    }));
}

export function reasonsOf(
  db: Database.Database,
  id: number,
): { kind: 'unmatched' | 'refused'; reason: string; n: number }[] {
  return db
    .prepare<[number, number], { kind: 'unmatched' | 'refused'; reason: string; n: number }>(
      `SELECT 'unmatched' AS kind, reason, count(*) AS n FROM cohort_members
         WHERE cohort = ? AND user IS NULL AND gone = 0 GROUP BY reason
       UNION ALL
       SELECT 'refused', refusal, count(*) FROM cohort_users WHERE cohort = ? AND refusal IS NOT NULL GROUP BY refusal
       ORDER BY n DESC, reason LIMIT 100`,
    )
    .all(id, id);
}

export function listSyncs(
  db: Database.Database,
  id: number,
  { before, limit }: { before?: number; limit: number },
): CohortSync[] {
  const pagesOf = db
    .prepare<[number], number>('SELECT page FROM cohort_pages WHERE sync = ? ORDER BY page')
    .pluck();
  return db
    .prepare<[number, number, number], Omit<CohortSync, 'pagesIn'>>(
      `SELECT id, cohort, action, session, state, pages, members, added, removed, began_at AS beganAt,
         received_at AS receivedAt, ended_at AS endedAt
       FROM cohort_syncs WHERE cohort = ? AND id < ? ORDER BY id DESC LIMIT ?`,
    )
    .all(id, before ?? Number.MAX_SAFE_INTEGER, limit)
    .map((sync) => ({ ...sync, pagesIn: ranges(pagesOf.all(sync.id)) }));
}

/** `[1, 2, 3, 6]` → `[[1, 3], [6, 6]]`. */
function ranges(pages: readonly number[]): [number, number][] {
  const out: [number, number][] = [];
  for (const page of pages) {
    const last = out.at(-1);
    if (last && page === last[1] + 1) last[1] = page;
    else out.push([page, page]);
  }
  return out;
}
