import { hash } from 'node:crypto';
import type Database from 'better-sqlite3';
import type { Connections } from '../core/connections.ts';
import { within } from './database.ts';
import { sealedSpecs } from './sealed-specs.ts';
import type { Keyring } from './secrets.ts';

export function createConnections(db: Database.Database, keys: Keyring): Connections {
  const specs = sealedSpecs(db, keys, {
    ...{ table: 'connections', what: 'connection', missing: 'no_such_connection' },
  });
  const put = db.transaction(specs.put);
  const setPaused = db.transaction(specs.setPaused);
  const remove = db.transaction((name: string, at: number) => {
    const id = specs.forget(name, at);
    db.prepare('DELETE FROM statuses WHERE connection = ?').run(id);
    db.prepare(
      `UPDATE jobs SET state = 'cancelled', detail = 'the connection was deleted', ended_at = ?
       WHERE connection = ? AND ended_at IS NULL`,
    ).run(at, id);
  });

  return {
    list: () => within(specs.list),
    page: (filter) => within(() => specs.page(filter)),
    get: (name) => within(() => specs.get(name)),
    put: (...args) => within(() => put.immediate(...args)),
    setPaused: (name, paused, at) => within(() => setPaused.immediate(name, paused, at)),
    remove: (name, at) => within(() => remove.immediate(name, at)),
    revision: () =>
      within(() => {
        // Revisions only rise. Jobs may be pruned, so what tells their states apart is not a mere count.
        const state = db
          .prepare<
            [],
            { connections: number; jobs: number | null; ended: number; last: number | null }
          >(
            `SELECT (SELECT total(revision) FROM connections) AS connections,
               (SELECT seq FROM sqlite_sequence WHERE name = 'jobs') AS jobs,
               (SELECT count(ended_at) FROM jobs) AS ended, (SELECT max(ended_at) FROM jobs) AS last`,
          )
          .get()!;
        return Number.parseInt(hash('sha256', JSON.stringify(state), 'hex').slice(0, 12), 16);
      }),
  };
}
