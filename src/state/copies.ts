import { closeSync, fsyncSync, openSync } from 'node:fs';
import type Database from 'better-sqlite3';

/** Pages, indexes and references that are not as they should be. */
export function damageIn(db: Database.Database): string[] {
  const found = db.pragma('integrity_check') as { integrity_check: string }[];
  const damage = found.map((row) => row.integrity_check).filter((text) => text !== 'ok');
  if (damage.length > 0) return damage;
  const orphans = db.pragma('foreign_key_check') as { table: string; parent: string }[];
  return orphans.map(({ table, parent }) => `a row of ${table} belongs to none of ${parent}`);
}

/** Waits until a file or the names in a folder are on the disk. */
export function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
