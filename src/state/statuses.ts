import { HOUR_MS } from '../core/hours.ts';
import type Database from 'better-sqlite3';
import type { ConnectionStatus, Statuses } from '../core/connections.ts';
import { within } from './database.ts';

export function createStatuses(db: Database.Database): Statuses {
  // A connection that was deleted meanwhile has none.
  const put = db.prepare<[string, number, string]>(
    `INSERT INTO statuses (connection, status, at)
     SELECT id, ?, ? FROM connections WHERE name = ? AND sealed IS NOT NULL
     ON CONFLICT (connection) DO UPDATE SET status = excluded.status, at = excluded.at`,
  );
  const noteLag = db.prepare<[number, number, string]>(
    `INSERT INTO lags (connection, hour, seconds)
     SELECT id, ?, ? FROM connections WHERE name = ? AND sealed IS NOT NULL
     ON CONFLICT DO UPDATE SET seconds = excluded.seconds WHERE excluded.seconds > seconds`,
  );
  const putAll = db.transaction((statuses: readonly ConnectionStatus[]) => {
    for (const status of statuses) {
      put.run(JSON.stringify(status), status.at, status.connection);
      noteLag.run(
        Math.floor(status.at / HOUR_MS),
        Math.round(status.lagSeconds),
        status.connection,
      );
    }
  });
  return {
    put: (statuses) => within(() => putAll.immediate(statuses)),
    list: () =>
      within(() =>
        db
          .prepare<[], string>(
            'SELECT s.status FROM statuses s JOIN connections o ON o.id = s.connection ORDER BY o.name',
          )
          .pluck()
          .all()
          .map((text) => JSON.parse(text) as ConnectionStatus),
      ),
  };
}
