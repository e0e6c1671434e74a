import { HOUR_MS } from '../core/hours.ts';
import type Database from 'better-sqlite3';
import type { DeadLetters, RetryOutcome, StoredDeadLetter } from '../core/ledger.ts';
import { within } from './database.ts';

/** A page ends once it holds this much: unreadable blocks and refused events may have megabytes each. */
const PAGE_BYTES = 16 * 1024 * 1024;

const COLUMNS = `d.id, o.name AS connection, s.slice, s.version, d.record, d.event_type AS eventType, d.cause, d.detail, d.kind,
  d.payload, d.at, d.retries`;
const FROM =
  'dead_letters d JOIN slices s ON s.id = d.slice JOIN connections o ON o.id = s.connection';

/** Conditions on dead letters, only those that are asked for: so that each has its index. Each begins with AND. */
export function lettersWhere({
  connection,
  cause,
  eventType,
}: {
  readonly connection?: string | undefined;
  readonly cause?: string | undefined;
  readonly eventType?: string | undefined;
}): { where: string; values: string[] } {
  const parts = [
    [connection, 'd.connection = (SELECT id FROM connections WHERE name = ?)'],
    [cause, 'd.cause = ?'],
    [eventType, 'd.event_type = ?'],
  ] as const;
  const given = parts.filter(([value]) => value !== undefined);
  return {
    where: given.map(([, sql]) => `AND ${sql}`).join(' '),
    values: given.map(([value]) => value!),
  };
}

export function createDeadLetters(db: Database.Database): DeadLetters {
  const find = db.prepare<[number], { slice: number; connection: number; event_type: string }>(
    'SELECT d.slice, s.connection, d.event_type FROM dead_letters d JOIN slices s ON s.id = d.slice WHERE d.id = ?',
  );
  const remove = db.prepare<[number]>('DELETE FROM dead_letters WHERE id = ?');
  const keep = db.prepare<[string, string, number]>(
    'UPDATE dead_letters SET cause = ?, detail = ?, retries = retries + 1 WHERE id = ?',
  );
  const count = db.prepare<[number, string, string, string, number]>(
    `INSERT INTO counts (slice, event_type, outcome, reason, n) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n`,
  );
  const rollup = db.prepare<[number, number, string, string, string, number]>(
    `INSERT INTO rollups (connection, hour, event_type, outcome, reason, n) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET n = n + excluded.n`,
  );

  const settle = db.transaction((outcomes: readonly RetryOutcome[], at: number) => {
    const hour = Math.floor(at / HOUR_MS);
    for (const outcome of outcomes) {
      const letter = find.get(outcome.id);
      // Settled by an earlier call: a repeat must change nothing.
      if (!letter) continue;
      if (outcome.kind === 'refused') {
        keep.run(outcome.cause, outcome.detail, outcome.id);
        continue;
      }
      const reason = outcome.kind === 'skipped' ? outcome.reason : '';
      for (const [name, why, n] of [
        ['dead_letter', '', -1],
        [outcome.kind, reason, 1],
      ] as const) {
        count.run(letter.slice, letter.event_type, name, why, n);
        rollup.run(letter.connection, hour, letter.event_type, name, why, n);
      }
      remove.run(outcome.id);
    }
  });

  return {
    list: ({ connection, cause, eventType, after, limit }) =>
      within(() => {
        const { where, values } = lettersWhere({ connection, cause, eventType });
        const rows = db
          .prepare<unknown[], StoredDeadLetter>(
            `SELECT ${COLUMNS} FROM ${FROM} WHERE d.id > ? ${where} ORDER BY d.id LIMIT ?`,
          )
          .iterate(after ?? 0, ...values, limit);
        const page: StoredDeadLetter[] = [];
        let bytes = 0;
        for (const letter of rows) {
          page.push(letter);
          bytes += letter.payload.length;
          if (bytes >= PAGE_BYTES) break;
        }
        return page;
      }),
    get: (id) =>
      within(() =>
        db
          .prepare<[number], StoredDeadLetter>(`SELECT ${COLUMNS} FROM ${FROM} WHERE d.id = ?`)
          .get(id),
      ),
    summary: () =>
      within(() =>
        db
          .prepare<[], { connection: string; cause: string; eventType: string; n: number }>(
            `SELECT o.name AS connection, g.cause, g.event_type AS eventType, g.n FROM dead_letter_groups g
             JOIN connections o ON o.id = g.connection ORDER BY g.n DESC, g.cause, g.event_type`,
          )
          .all(),
      ),
    settle: (outcomes, at) => within(() => settle.immediate(outcomes, at)),
  };
}
