import { statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { StateError } from '../core/errors.ts';
import type { ConnectionHealth, Health, TableSize } from '../core/upkeep.ts';
import { createDeadLetters } from './dead-letters.ts';
import { damageIn } from './copies.ts';
import { openDatabase, translated } from './database.ts';
import { createLedger } from './ledger.ts';

/** Reads a data folder through, beside whoever works on it. Throws StateError when there is none or it is of another version. */
export async function examine(dataDir: string): Promise<Health> {
  let db: Database.Database | undefined;
  try {
    db = openDatabase(dataDir, { readonly: true });
    return await examineDatabase(db);
  } catch (error) {
    if (!(error instanceof StateError) || error.code !== 'state_corrupt') throw error;
    return healthOf({ damage: [error.message] });
  } finally {
    db?.close();
  }
}

/** An open database of the newest version. */
export async function examineDatabase(db: Database.Database): Promise<Health> {
  const damage = translated(() => damageIn(db));
  if (damage.length > 0) return healthOf({ damage });
  const size = (name: string): number => db.pragma(name, { simple: true }) as number;
  return healthOf({
    damage,
    connections: await connectionsOf(db),
    tables: translated(() => tablesOf(db)),
    databaseBytes: size('page_count') * size('page_size'),
    freeBytes: size('freelist_count') * size('page_size'),
    logBytes: statSync(`${db.name}-wal`, { throwIfNoEntry: false })?.size ?? 0,
  });
}

function healthOf(found: Partial<Health> & Pick<Health, 'damage'>): Health {
  const connections = found.connections ?? [];
  return {
    ok: found.damage.length === 0 && connections.every(({ imbalances }) => imbalances.length === 0),
    connections,
    tables: [],
    databaseBytes: 0,
    freeBytes: 0,
    logBytes: 0,
    ...found,
  };
}

async function connectionsOf(db: Database.Database): Promise<ConnectionHealth[]> {
  const ledger = translated(() => createLedger(db));
  const letters = await createDeadLetters(db).summary();
  const health: ConnectionHealth[] = [];
  for (const connection of await ledger.connections())
    health.push({
      connection,
      imbalances: await ledger.imbalances(connection),
      problems: await ledger.problems(connection),
      deadLetters: letters
        .filter((each) => each.connection === connection)
        .reduce((sum, { n }) => sum + n, 0),
    });
  return health;
}

function tablesOf(db: Database.Database): TableSize[] {
  const tables = db
    .prepare<[], { table: string; bytes: number }>(
      `SELECT m.tbl_name AS "table", sum(d.pgsize) AS bytes FROM dbstat d JOIN sqlite_schema m ON m.name = d.name
       WHERE d.aggregate = 1 GROUP BY m.tbl_name ORDER BY bytes DESC, 1`,
    )
    .all();
  return tables.map(({ table, bytes }) => ({
    table,
    rows: db.prepare<[], number>(`SELECT count(*) FROM "${table}"`).pluck().get()!,
    bytes,
  }));
}
