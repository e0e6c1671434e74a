import { HOUR_MS } from '../core/hours.ts';
import type Database from 'better-sqlite3';
import type {
  Books,
  HourFigures,
  LetterGroup,
  LetterLine,
  SliceLine,
  UnknownLine,
} from '../core/books.ts';
import type { Job } from '../core/connections.ts';
import { emptyCounts, totalOf } from '../core/counts.ts';
import type { Run } from '../core/ledger.ts';
import { within } from './database.ts';
import { lettersWhere } from './dead-letters.ts';
import { JOBS } from './jobs.ts';
import { type CountRow, countsFrom } from './ledger.ts';

/** Bytes of a dead letter that are shown in a list. */
const HEAD_BYTES = 600;

const OWNER = '(SELECT id FROM connections WHERE name = ?)';
const STATE = `iif(s.done = 1, 'done', iif(s.problem IS NULL, 'open', 'problem'))`;
const NO_LATER = `NOT EXISTS (SELECT 1 FROM slices later
  WHERE later.connection = s.connection AND later.slice = s.slice AND later.id > s.id)`;
const STATES = {
  done: 'AND s.done = 1',
  // A version that another has replaced will never be settled.
  open: `AND s.done = 0 AND s.problem IS NULL AND ${NO_LATER}`,
  problem: `AND s.problem IS NOT NULL AND ${NO_LATER}`,
} as const;

/** The statements, by what they are for; a test holds their plans to the indexes. */
export const QUERIES = {
  hours: `SELECT hour * ${HOUR_MS} AS at,
      sum(iif(outcome = 'read', n, 0)) AS read, sum(iif(outcome = 'delivered', n, 0)) AS delivered,
      sum(iif(outcome = 'skipped', n, 0)) AS skipped, sum(iif(outcome = 'dead_letter', n, 0)) AS deadLetters
    FROM rollups WHERE connection = ${OWNER} AND hour >= ? GROUP BY hour ORDER BY hour`,
  lags: `SELECT hour * ${HOUR_MS} AS at, seconds FROM lags WHERE connection = ${OWNER} AND hour >= ? ORDER BY hour`,
  total: `SELECT '' AS event_type, outcome, reason, sum(n) AS n FROM rollups WHERE connection = ${OWNER}
    GROUP BY outcome, reason`,
  types: `SELECT event_type, outcome, reason, sum(n) AS n FROM rollups WHERE connection = ${OWNER}
    GROUP BY event_type, outcome, reason`,
  typesSince: `SELECT event_type AS type, sum(n) AS read FROM rollups WHERE connection = ${OWNER} AND hour >= ?
      AND outcome = 'read' GROUP BY event_type ORDER BY sum(n) DESC, event_type`,
  runs: `SELECT r.id, o.name AS connection, r.started_at AS startedAt, r.ended_at AS endedAt, r.state, r.detail, r.read,
      r.delivered, r.skipped, r.dead_letters AS deadLetters, r.requests, r.bytes_sent AS bytesSent
    FROM runs r JOIN connections o ON o.id = r.connection WHERE r.connection = ${OWNER} AND r.id < ?
    ORDER BY r.id DESC LIMIT ?`,
  jobs: `${JOBS} WHERE j.connection = ${OWNER} AND j.id < ? ORDER BY j.id DESC LIMIT ?`,
  deadLetters: `SELECT ifnull(sum(n), 0) FROM dead_letter_groups WHERE connection = ${OWNER}`,
  groups: groupsSql(''),
  groupsOf: groupsSql(`WHERE g.connection = ${OWNER}`),
  ownersOf: `SELECT d.id, o.name AS connection FROM dead_letters d JOIN connections o ON o.id = d.connection
    WHERE d.id IN (SELECT value FROM json_each(?))`,
  unknown: `SELECT o.name AS connection, r.event_type AS type, iif(r.outcome = 'new_field', r.reason, NULL) AS field,
      sum(r.n) AS n
    FROM rollups r JOIN connections o ON o.id = r.connection
    WHERE (r.outcome = 'new_field' OR r.reason = 'uncatalogued') AND o.sealed IS NOT NULL
    GROUP BY r.connection, r.event_type, 3 HAVING sum(r.n) > 0 ORDER BY r.event_type, 3, o.name`,
} as const;

function groupsSql(where: string): string {
  return `SELECT o.name AS connection, g.cause, g.event_type AS eventType, g.n,
      ifnull((SELECT d.at FROM dead_letters d WHERE d.connection = g.connection AND d.cause = g.cause
        AND d.event_type = g.event_type ORDER BY d.id DESC LIMIT 1), 0) AS newestAt
    FROM dead_letter_groups g JOIN connections o ON o.id = g.connection ${where}
    ORDER BY g.n DESC, g.connection, g.cause, g.event_type`;
}

export function slicesSql(state: keyof typeof STATES | undefined): string {
  return `SELECT s.id, s.slice, s.hour, ${STATE} AS state, s.problem, s.records, s.offset AS bytes,
      s.updated_at AS updatedAt
    FROM slices s WHERE s.connection = ${OWNER} AND s.id < ? ${state ? STATES[state] : ''} ORDER BY s.id DESC LIMIT ?`;
}

export function lettersSql(where: string): string {
  return `SELECT d.id, o.name AS connection, s.slice, d.record, d.event_type AS eventType, d.cause, d.detail, d.kind,
      substr(d.payload, 1, ${HEAD_BYTES}) AS head, d.at, d.retries
    FROM dead_letters d JOIN slices s ON s.id = d.slice JOIN connections o ON o.id = d.connection
    WHERE d.id < ? ${where} ORDER BY d.id DESC LIMIT ?`;
}

export function createBooks(db: Database.Database): Books {
  const all = <Row>(sql: string, ...values: unknown[]): Promise<Row[]> =>
    within(() => db.prepare<unknown[], Row>(sql).all(...values));
  const hourFrom = (since: number): number => Math.floor(since / HOUR_MS);
  const last = Number.MAX_SAFE_INTEGER;

  return {
    hours: (connection, since) => all<HourFigures>(QUERIES.hours, connection, hourFrom(since)),
    lags: (connection, since) => all(QUERIES.lags, connection, hourFrom(since)),
    async total(connection) {
      const counts = countsFrom(await all<CountRow>(QUERIES.total, connection));
      return counts.size === 0 ? emptyCounts() : totalOf(counts);
    },
    types: async (connection) => countsFrom(await all<CountRow>(QUERIES.types, connection)),
    typesSince: (connection, since) => all(QUERIES.typesSince, connection, hourFrom(since)),
    slices: (connection, { before = last, limit, state }) =>
      all<SliceLine>(slicesSql(state), connection, before, limit),
    runs: (connection, { before = last, limit }) =>
      all<Run>(QUERIES.runs, connection, before, limit),
    jobs: (connection, { before = last, limit }) =>
      all<Job>(QUERIES.jobs, connection, before, limit),
    job: async (id) => (await all<Job>(`${JOBS} WHERE j.id = ?`, id))[0],
    deadLetters: (connection) =>
      within(() => db.prepare<[string], number>(QUERIES.deadLetters).pluck().get(connection)!),
    groups: (connection) =>
      connection === undefined
        ? all<LetterGroup>(QUERIES.groups)
        : all<LetterGroup>(QUERIES.groupsOf, connection),
    letters({ before = last, limit, ...filter }) {
      const { where, values } = lettersWhere(filter);
      return all<LetterLine>(lettersSql(where), before, ...values, limit);
    },
    ownersOf: (ids) => all(QUERIES.ownersOf, JSON.stringify(ids)),
    unknown: () => all<UnknownLine>(QUERIES.unknown),
    bytes: () =>
      within(
        () =>
          (db.pragma('page_count', { simple: true }) as number) *
          (db.pragma('page_size', { simple: true }) as number),
      ),
  };
}
