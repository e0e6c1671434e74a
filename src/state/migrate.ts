import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { StateError } from '../core/errors.ts';
import { damageIn, sync } from './copies.ts';
import { MIGRATIONS } from './migrations.ts';

/**
 * Brings a database to the newest version, all steps in one transaction: either it is done, or the older Sluice goes on
 * working with it. Before data is touched a copy of it is written beside it, as `sluice.db.v<version>.bak`.
 * Throws StateError `no_backup` when that can't be, with nothing changed.
 */
export function migrate(db: Database.Database, file: string, migrations = MIGRATIONS): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version >= migrations.length) return;
  if (version > 0) keepCopy(db, `${file}.v${version}.bak`, version);
  db.transaction(() => {
    for (const sql of migrations.slice(version)) db.exec(sql);
    db.pragma(`user_version = ${migrations.length}`);
  }).immediate();
}

function keepCopy(db: Database.Database, copy: string, version: number): void {
  const part = `${copy}.part`;
  try {
    rmSync(part, { force: true });
    // The file is made first, because SQLite would let others read it.
    closeSync(openSync(part, 'wx', 0o600));
    db.prepare('VACUUM INTO ?').run(part);
    checkCopy(part);
    sync(part);
    renameSync(part, copy);
    sync(dirname(copy));
  } catch (error) {
    rmSync(part, { force: true });
    const bytes =
      (db.pragma('page_count', { simple: true }) as number) *
      (db.pragma('page_size', { simple: true }) as number);
    throw new StateError(
      'no_backup',
      `The data is of an older version (${version}), and the copy that is made before it is changed could not be written: ${(error as Error).message}`,
      {
        hint: `See that ${dirname(copy)} has ${Math.ceil(bytes / 1e6)} MB of free space, and start again. Nothing was changed.`,
        cause: error,
      },
    );
  }
}

function checkCopy(file: string): void {
  const copy = new Database(file, { readonly: true });
  try {
    const [damage] = damageIn(copy);
    if (damage !== undefined) throw new Error(damage);
  } finally {
    copy.close();
  }
}
