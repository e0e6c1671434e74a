import type Database from 'better-sqlite3';
import type { Job, Jobs } from '../core/connections.ts';
import { StateError } from '../core/errors.ts';
import { within } from './database.ts';

export const JOBS = `SELECT j.id, o.name AS connection, j.kind, j.since, j.until, j.reached, j.state, j.detail,
  j.created_at AS createdAt, j.ended_at AS endedAt FROM jobs j JOIN connections o ON o.id = j.connection`;

export function createJobs(db: Database.Database): Jobs {
  const one = (id: number | bigint): Job =>
    db.prepare<[number | bigint], Job>(`${JOBS} WHERE j.id = ?`).get(id)!;
  return {
    add: ({ connection, kind, since, until }, at) =>
      within(() => {
        const { changes, lastInsertRowid } = db
          .prepare(
            `INSERT INTO jobs (connection, kind, since, until, state, created_at)
             SELECT id, ?, ?, ?, 'waiting', ? FROM connections WHERE name = ? AND sealed IS NOT NULL`,
          )
          .run(kind, since, until, at, connection);
        if (changes === 0)
          throw new StateError('no_such_connection', `There is no connection ${connection}`, {
            hint: 'Those there are: sluice get',
          });
        return one(lastInsertRowid);
      }),
    open: (connection) =>
      within(() =>
        db
          .prepare<[string], Job>(`${JOBS} WHERE o.name = ? AND j.ended_at IS NULL ORDER BY j.id`)
          .all(connection),
      ),
    list: ({ connection, limit }) =>
      within(() =>
        db
          .prepare<[string | null, string | null, number], Job>(
            `${JOBS} WHERE ? IS NULL OR o.name = ? ORDER BY j.id DESC LIMIT ?`,
          )
          .all(connection ?? null, connection ?? null, limit),
      ),
    set: (id, state, detail, at) =>
      within(() => {
        const isOpen = state === 'waiting' || state === 'running';
        const { changes } = db
          .prepare('UPDATE jobs SET state = ?, detail = ?, ended_at = ? WHERE id = ?')
          .run(state, detail, isOpen ? null : at, id);
        if (changes === 0)
          throw new StateError('no_such_job', `There is no job ${id}`, {
            hint: 'Those there are: sluice jobs',
          });
      }),
    reach: (id, hour) =>
      within(() => {
        db.prepare('UPDATE jobs SET reached = ? WHERE id = ?').run(hour, id);
      }),
  };
}
