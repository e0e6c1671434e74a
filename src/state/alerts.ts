import type Database from 'better-sqlite3';
import type { Alert, AlertKind, Alerts } from '../core/connections.ts';
import { within } from './database.ts';

export function createAlerts(db: Database.Database): Alerts {
  const put = db.prepare<[string, AlertKind, string, number, number | null]>(
    `INSERT INTO alerts (connection, kind, detail, since, told_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (connection, kind) DO UPDATE SET detail = excluded.detail, since = excluded.since,
       told_at = excluded.told_at`,
  );
  const remove = db.prepare<[string, AlertKind]>(
    'DELETE FROM alerts WHERE connection = ? AND kind = ?',
  );
  return {
    list: () =>
      within(() =>
        db
          .prepare<[], Alert>(
            `SELECT connection, kind, detail, since, told_at AS toldAt FROM alerts ORDER BY connection, kind`,
          )
          .all(),
      ),
    put: ({ connection, kind, detail, since, toldAt }) =>
      within(() => {
        put.run(connection, kind, detail, since, toldAt);
      }),
    remove: (connection, kind) =>
      within(() => {
        remove.run(connection, kind);
      }),
  };
}
