import { closeSync, lstatSync, openSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { StateError } from '../core/errors.ts';
import type { Health } from '../core/upkeep.ts';
import { openDatabase, translated } from './database.ts';
import { damageIn, sync } from './copies.ts';
import { examineDatabase } from './examine.ts';
import { MIGRATIONS } from './migrations.ts';

export interface BackupResult {
  /** Absolute path. */
  readonly file: string;
  readonly bytes: number;
  /** What the copy holds, as it was read back. Left out for a data folder of an older version: its books aren't read. */
  readonly health?: Health;
}

/**
 * Copies the database of a data folder as it is at one moment, beside whoever works on it, and reads the copy back.
 * `replace`: the file may be there already. Throws StateError; a file that was there then stays as it was.
 */
export async function backUp(
  dataDir: string,
  to: string,
  { replace = false }: { replace?: boolean } = {},
): Promise<BackupResult> {
  const file = resolve(to);
  const source = openDatabase(dataDir, { readonly: true, anyVersion: true });
  // Its own for each process, so that two that run at once do not write the same one.
  const part = `${file}.${process.pid}.part`;
  try {
    checkTarget(file, dataDir, replace);
    await copy(source, part);
    const health = await readBack(part);
    sync(part);
    renameSync(part, file);
    sync(dirname(file));
    return { file, bytes: lstatSync(file).size, ...(health ? { health } : {}) };
  } catch (error) {
    if (error instanceof StateError) throw error;
    throw new StateError(
      'backup_failed',
      `The backup could not be written to ${file}: ${(error as Error).message}`,
      {
        hint: 'See that the folder is there, may be written and has space. What was there before is unchanged.',
        cause: error,
      },
    );
  } finally {
    source.close();
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(part + suffix, { force: true });
  }
}

/** Names that Sluice uses in a data folder itself. */
const OWN_NAMES = /^(sluice\.db|lock\.|key)/;

function checkTarget(file: string, dataDir: string, replace: boolean): void {
  const folder = realpathSync(dirname(file));
  if (folder === realpathSync(dataDir) && OWN_NAMES.test(basename(file)))
    throw new StateError('backup_onto_itself', `${file} is a file that Sluice works with`, {
      hint: 'Choose another name, best on another disk.',
    });
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found && !found.isFile())
    throw new StateError('backup_exists', `${file} is there and is no file`, {
      hint: `Name a file, for example ${join(file, 'sluice-backup.db')}.`,
    });
  if (found && !replace)
    throw new StateError('backup_exists', `${file} is there already`, {
      hint: 'Choose another name, or replace it with --force.',
    });
}

async function copy(source: Database.Database, part: string): Promise<void> {
  // The file is made first, because SQLite would let others read it.
  closeSync(openSync(part, 'wx', 0o600));
  // Holding on to one moment: else the copy would start anew whenever another process commits, and may never end.
  source.exec('BEGIN');
  source.prepare('SELECT count(*) FROM sqlite_schema').get();
  await source.backup(part);
  source.exec('COMMIT');
}

/** Throws StateError `backup_damaged`. */
async function readBack(part: string): Promise<Health | undefined> {
  const copied = new Database(part);
  try {
    // One file alone, that may be moved and copied.
    copied.pragma('journal_mode = DELETE');
    const version = copied.pragma('user_version', { simple: true }) as number;
    const health = version === MIGRATIONS.length ? await examineDatabase(copied) : undefined;
    const damage = health?.damage ?? translated(() => damageIn(copied));
    if (damage.length > 0)
      throw new StateError('backup_damaged', `The copy is damaged: ${damage[0]}`, {
        hint: 'The data folder is damaged too, or the disk of the copy is at fault. See `sluice doctor`.',
      });
    return health;
  } finally {
    copied.close();
  }
}
