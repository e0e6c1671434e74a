import type Database from 'better-sqlite3';
import type { Mappings } from '../core/connections.ts';
import { within } from './database.ts';

export function createMappings(db: Database.Database): Mappings {
  return {
    used: (connection, { since, until }) =>
      within(() =>
        db
          .prepare<(string | null)[], { fingerprint: string | null; slices: number }>(
            `SELECT m.fingerprint, count(*) AS slices FROM slices s
             JOIN connections o ON o.id = s.connection LEFT JOIN mappings m ON m.id = s.mapping
             WHERE o.name = ? AND (s.hour IS NULL OR ((? IS NULL OR s.hour >= ?) AND (? IS NULL OR s.hour < ?)))
             GROUP BY s.mapping ORDER BY s.mapping`,
          )
          .all(connection, since ?? null, since ?? null, until ?? null, until ?? null),
      ),
  };
}
