import { HOUR_MS } from '../core/hours.ts';
import type Database from 'better-sqlite3';
import {
  addCounts,
  type Counts,
  countsOf,
  skippedOf,
  totalOf,
  type TypeCounts,
} from '../core/counts.ts';
import { StateError } from '../core/errors.ts';
import type {
  Claim,
  ClaimOptions,
  Ledger,
  Run,
  RunState,
  Settlement,
  SliceProblem,
} from '../core/ledger.ts';
import type { Advance } from '../core/batch.ts';
import { within } from './database.ts';
import { imbalancesOf } from './imbalances.ts';

/** Slices that stay open are looked at again, but no more of them than this. */
const MAX_OPEN = 200;

interface SliceRow {
  id: number;
  offset: number;
  idx: number;
  records: number;
  done: number;
}

/** What became of how many records of one event type, as a row. */
export interface CountRow {
  event_type: string;
  outcome: string;
  reason: string;
  n: number;
}

export function createLedger(db: Database.Database): Ledger {
  const connectionId = db.prepare<[string], { id: number; epoch: number }>(
    'SELECT id, epoch FROM connections WHERE name = ?',
  );
  const findSlice = db.prepare<[number, string, string], SliceRow>(
    'SELECT id, offset, idx, records, done FROM slices WHERE connection = ? AND slice = ? AND version = ?',
  );
  const putSlice = db.prepare<
    [
      number,
      string,
      string,
      number,
      number,
      number,
      number,
      string | null,
      number,
      string | null,
      number,
    ],
    { id: number }
  >(
    `INSERT INTO slices (connection, slice, version, offset, idx, records, done, problem, updated_at, hour, mapping)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT mapping FROM runs WHERE id = ?))
     ON CONFLICT (connection, slice, version) DO UPDATE SET offset = excluded.offset, idx = excluded.idx,
       records = excluded.records, done = excluded.done, problem = excluded.problem, updated_at = excluded.updated_at,
       mapping = excluded.mapping
     RETURNING id`,
  );
  const addCount = db.prepare<[number, string, string, string, number]>(
    `INSERT INTO counts (slice, event_type, outcome, reason, n) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET n = n + excluded.n`,
  );
  const addRollup = db.prepare<[number, number, string, string, string, number]>(
    `INSERT INTO rollups (connection, hour, event_type, outcome, reason, n) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET n = n + excluded.n`,
  );
  const addLetter = db.prepare(
    `INSERT INTO dead_letters (slice, record, event_type, cause, detail, kind, payload, at, connection) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const addToRun = db.prepare(
    `UPDATE runs SET read = read + ?, delivered = delivered + ?, skipped = skipped + ?, dead_letters = dead_letters + ?,
       requests = requests + ?, bytes_sent = bytes_sent + ? WHERE id = ?`,
  );

  const advanceSlice = (connection: number, run: number, advance: Advance, at: number): number => {
    const { slice, position, done, problem } = advance;
    const before = findSlice.get(connection, slice.id, slice.version);
    if (before && isBehind(position, before))
      throw new StateError(
        'ledger_conflict',
        `${slice.id} would go back from byte ${before.offset} to ${position.offset}`,
        {
          hint: 'Two processes seem to write the same connection. Stop one of them.',
        },
      );
    return putSlice.get(
      connection,
      slice.id,
      slice.version,
      position.offset,
      position.index,
      position.record,
      done ? 1 : 0,
      problem ?? null,
      at,
      slice.hour ?? null,
      run,
    )!.id;
  };

  const settle = db.transaction((claim: Claim, settlement: Settlement) => {
    const owner = connectionId.get(claim.connection);
    if (owner?.epoch !== claim.epoch)
      throw new StateError('owner_lost', `Another process has taken over ${claim.connection}`, {
        hint: 'This one stops; the other goes on where it stood.',
      });
    const hour = Math.floor(settlement.at / HOUR_MS);
    const ids = new Map<string, number>();
    const sums: Counts = new Map();
    for (const advance of settlement.advances) {
      const id = advanceSlice(owner.id, claim.run, advance, settlement.at);
      ids.set(sliceKey(advance.slice.id, advance.slice.version), id);
      for (const row of rowsOf(advance.counts))
        addCount.run(id, row.event_type, row.outcome, row.reason, row.n);
      addCounts(sums, advance.counts);
    }
    for (const row of rowsOf(sums))
      addRollup.run(owner.id, hour, row.event_type, row.outcome, row.reason, row.n);
    for (const letter of settlement.deadLetters)
      addLetter.run(
        ids.get(sliceKey(letter.slice, letter.version)),
        letter.record,
        letter.eventType,
        letter.cause,
        letter.detail,
        letter.kind,
        letter.payload,
        settlement.at,
        owner.id,
      );
    const total = totalOf(sums);
    addToRun.run(
      total.read,
      total.delivered,
      skippedOf(total),
      total.deadLetters,
      settlement.requests,
      settlement.bytesSent,
      claim.run,
    );
  });

  const claim = db.transaction((name: string, at: number, { mapping }: ClaimOptions): Claim => {
    db.prepare('INSERT INTO connections (name) VALUES (?) ON CONFLICT DO NOTHING').run(name);
    const { id, epoch } = db
      .prepare<[string], { id: number; epoch: number }>(
        'UPDATE connections SET epoch = epoch + 1 WHERE name = ? RETURNING id, epoch',
      )
      .get(name)!;
    db.prepare(
      `UPDATE runs SET state = 'stopped', ended_at = ?, detail = 'the process ended before the run did' WHERE connection = ? AND state = 'running'`,
    ).run(at, id);
    if (mapping !== undefined)
      db.prepare('INSERT INTO mappings (fingerprint) VALUES (?) ON CONFLICT DO NOTHING').run(
        mapping,
      );
    const run = db
      .prepare(
        `INSERT INTO runs (connection, epoch, started_at, state, mapping)
         VALUES (?, ?, ?, 'running', (SELECT id FROM mappings WHERE fingerprint = ?))`,
      )
      .run(id, epoch, at, mapping ?? null);
    return { connection: name, epoch, run: Number(run.lastInsertRowid) };
  });

  return {
    claim: (connection, at, options = {}) => within(() => claim.immediate(connection, at, options)),
    progress: (connection, slice) =>
      within(() => {
        const owner = connectionId.get(connection);
        const row = owner && findSlice.get(owner.id, slice.id, slice.version);
        return (
          row && {
            position: { offset: row.offset, index: row.idx, record: row.records },
            done: row.done === 1,
          }
        );
      }),
    settle: (owner, settlement) => within(() => settle.immediate(owner, settlement)),
    endRun: (owner, state, detail, at) =>
      within(() => {
        db.prepare<[RunState, string | null, number, number]>(
          'UPDATE runs SET state = ?, detail = ?, ended_at = ? WHERE id = ?',
        ).run(state, detail, at, owner.run);
      }),
    totals: (connection) =>
      within(() => {
        const rows = db
          .prepare<{ connection: string }, CountRow>(
            `SELECT event_type, outcome, reason, sum(n) AS n FROM (
               SELECT c.event_type, c.outcome, c.reason, c.n FROM counts c JOIN slices s ON s.id = c.slice
                 JOIN connections o ON o.id = s.connection WHERE o.name = @connection
               UNION ALL SELECT p.event_type, p.outcome, p.reason, p.n FROM past_counts p
                 JOIN connections o ON o.id = p.connection WHERE o.name = @connection
             ) GROUP BY event_type, outcome, reason`,
          )
          .all({ connection });
        return countsFrom(rows);
      }),
    imbalances: (connection) => within(() => imbalancesOf(db, connection)),
    problems: (connection) =>
      within(() =>
        db
          .prepare<
            [string],
            SliceProblem
          >(`SELECT s.slice, s.problem FROM slices s JOIN connections o ON o.id = s.connection
         WHERE o.name = ? AND s.problem IS NOT NULL AND NOT EXISTS (SELECT 1 FROM slices later
           WHERE later.connection = s.connection AND later.slice = s.slice AND later.id > s.id) ORDER BY s.slice`)
          .all(connection),
      ),
    connections: () =>
      within(() =>
        db.prepare<[], string>('SELECT name FROM connections ORDER BY name').pluck().all(),
      ),
    listing: (connection) =>
      within(() => {
        const row = db
          .prepare<[string], { newestHour: string | null; prunedBefore: string | null }>(
            'SELECT newest_hour AS newestHour, pruned_before AS prunedBefore FROM connections WHERE name = ?',
          )
          .get(connection);
        const open = db
          .prepare<[string, number], string>(
            `SELECT s.slice FROM slices s JOIN connections o ON o.id = s.connection
             WHERE o.name = ? AND s.done = 0 AND s.hour IS NOT NULL AND NOT EXISTS (SELECT 1 FROM slices later
               WHERE later.connection = s.connection AND later.slice = s.slice AND later.id > s.id)
             ORDER BY s.hour DESC LIMIT ?`,
          )
          .pluck()
          .all(connection, MAX_OPEN);
        return {
          newestHour: row?.newestHour ?? undefined,
          prunedBefore: row?.prunedBefore ?? undefined,
          open,
        };
      }),
    noteListed: (connection, newestHour) =>
      within(() => {
        db.prepare<[string, string]>(
          `INSERT INTO connections (name, newest_hour) VALUES (?, ?)
           ON CONFLICT (name) DO UPDATE SET newest_hour = excluded.newest_hour`,
        ).run(connection, newestHour);
      }),
    runs: ({ connection, limit }) =>
      within(() =>
        db
          .prepare<[string | null, string | null, number], Run>(
            `SELECT r.id, o.name AS connection, r.started_at AS startedAt, r.ended_at AS endedAt, r.state, r.detail, r.read, r.delivered,
               r.skipped, r.dead_letters AS deadLetters, r.requests, r.bytes_sent AS bytesSent
             FROM runs r JOIN connections o ON o.id = r.connection WHERE ? IS NULL OR o.name = ? ORDER BY r.id DESC LIMIT ?`,
          )
          .all(connection ?? null, connection ?? null, limit),
      ),
  };
}

function sliceKey(id: string, version: string): string {
  return JSON.stringify([id, version]);
}

function isBehind(
  position: { offset: number; index: number; record: number },
  before: SliceRow,
): boolean {
  if (position.offset !== before.offset) return position.offset < before.offset;
  return position.index < before.idx || position.record < before.records;
}

function* rowsOf(counts: Counts): Generator<CountRow> {
  for (const [event_type, each] of counts) {
    const one = (outcome: string, n: number, reason = ''): CountRow => ({
      event_type,
      outcome,
      reason,
      n,
    });
    if (each.read > 0) yield one('read', each.read);
    if (each.delivered > 0) yield one('delivered', each.delivered);
    if (each.deadLetters > 0) yield one('dead_letter', each.deadLetters);
    for (const [reason, n] of Object.entries(each.skipped)) yield one('skipped', n, reason);
    for (const [rule, n] of Object.entries(each.adjusted)) yield one('adjusted', n, rule);
    for (const [field, n] of Object.entries(each.newFields)) yield one('new_field', n, field);
  }
}

export function countsFrom(rows: readonly CountRow[]): Counts {
  const counts: Counts = new Map();
  for (const row of rows) apply(countsOf(counts, row.event_type), row);
  return counts;
}

function apply(into: TypeCounts, { outcome, reason, n }: CountRow): void {
  const add = (record: Record<string, number>): void => {
    const sum = (record[reason] ?? 0) + n;
    if (sum !== 0) record[reason] = sum;
  };
  switch (outcome) {
    case 'read':
      into.read += n;
      break;
    case 'delivered':
      into.delivered += n;
      break;
    case 'dead_letter':
      into.deadLetters += n;
      break;
    case 'skipped':
      add(into.skipped);
      break;
    case 'adjusted':
      add(into.adjusted);
      break;
    case 'new_field':
      add(into.newFields);
      break;
    default:
      throw new StateError(
        'unknown_outcome',
        `The ledger holds an outcome this Sluice does not know: ${outcome}`,
        {
          hint: 'Update Sluice.',
        },
      );
  }
}
