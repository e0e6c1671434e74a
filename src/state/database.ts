import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StateError } from '../core/errors.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';

export interface DatabaseOptions {
  readonly readonly?: boolean;
  /** Read what an older Sluice has written, as it is. */
  readonly anyVersion?: boolean;
  /** Bound on the size of the database, in pages of 4 kB. */
  readonly maxPages?: number;
}

const FILE = 'sluice.db';
/** The write-ahead log is cut back to this size after it had to grow, for one reader that took long. */
const LOG_BYTES = 16 * 1024 * 1024;

/** Opens the database of a data folder, made and migrated as needed. Throws StateError. */
export function openDatabase(dataDir: string, options: DatabaseOptions = {}): Database.Database {
  const file = join(dataDir, FILE);
  if (options.readonly) expectDatabase(dataDir);
  return translated(() => {
    if (!options.readonly) makeFolder(dataDir);
    const db = new Database(file, { timeout: 10_000 });
    try {
      if (options.readonly) {
        // A reader of a WAL database must be able to write its shared-memory file, so it is read-only by pragma.
        db.pragma('query_only = 1');
        checkVersion(db, dataDir);
        if (!options.anyVersion) checkMigrated(db, dataDir);
      } else {
        chmodSync(file, 0o600);
        // Before the first table, or it has no effect.
        db.pragma('auto_vacuum = INCREMENTAL');
        db.pragma('journal_mode = WAL');
        db.pragma(`journal_size_limit = ${LOG_BYTES}`);
        db.pragma('synchronous = FULL');
        db.pragma('foreign_keys = ON');
        if (options.maxPages !== undefined) db.pragma(`max_page_count = ${options.maxPages}`);
        checkVersion(db, dataDir);
        migrate(db, file);
      }
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** Throws StateError `no_data_folder` when there is no database. */
export function expectDatabase(dataDir: string): void {
  if (!existsSync(join(dataDir, FILE)))
    throw new StateError('no_data_folder', `There is no Sluice data in ${dataDir}`, {
      hint: 'Run `sluice apply` or an export first, or point --data-dir at the folder of an earlier one.',
    });
}

/** Whether there is a database of just this Sluice's version. Throws StateError when it is a newer one's. */
export function isCurrentDatabase(dataDir: string): boolean {
  const file = join(dataDir, FILE);
  if (!existsSync(file)) return false;
  return translated(() => {
    const db = new Database(file, { timeout: 10_000 });
    try {
      checkVersion(db, dataDir);
      return (db.pragma('user_version', { simple: true }) as number) === MIGRATIONS.length;
    } finally {
      db.close();
    }
  });
}

export function makeFolder(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
}

function checkVersion(db: Database.Database, dataDir: string): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > MIGRATIONS.length)
    throw new StateError(
      'newer_data',
      `${dataDir} was written by a newer Sluice (data version ${version}, this one knows ${MIGRATIONS.length})`,
      {
        hint: 'Update Sluice, or use another data folder.',
      },
    );
}

/** Whoever only reads can't migrate: after a death or a full disk at the very first start there may be no tables. */
function checkMigrated(db: Database.Database, dataDir: string): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version < MIGRATIONS.length)
    throw new StateError('not_migrated', `${dataDir} holds nothing that can be shown yet`, {
      hint: 'Run an export: it sets the data up, or brings that of an older Sluice up to date.',
    });
}

const KNOWN: Readonly<Record<string, { code: string; what: string; hint: string }>> = {
  SQLITE_FULL: {
    code: 'disk_full',
    what: 'The disk of the data folder is full',
    hint: 'Free some space: sluice serve then goes on by itself; else run the same command again. Nothing is lost.',
  },
  SQLITE_IOERR: {
    code: 'state_io',
    what: 'The data folder can not be written or read',
    hint: 'The disk may be full or at fault. Mend it and run the same command again: it goes on where it stood.',
  },
  SQLITE_CORRUPT: {
    code: 'state_corrupt',
    what: 'The database in the data folder is damaged',
    hint: 'Restore it from a backup, or export with a new data folder: Mixpanel drops what it already has.',
  },
  SQLITE_NOTADB: {
    code: 'state_corrupt',
    what: 'sluice.db in the data folder is no database',
    hint: 'Move the file away, or use another data folder.',
  },
  SQLITE_READONLY: {
    code: 'state_read_only',
    what: 'The data folder is read-only',
    hint: 'Give the user that runs Sluice the right to write it.',
  },
  SQLITE_CANTOPEN: {
    code: 'state_read_only',
    what: 'The database in the data folder can not be opened',
    hint: 'Check that the folder may be written and that the disk is not full.',
  },
  SQLITE_BUSY: {
    code: 'state_busy',
    what: 'The database in the data folder is held by another process',
    hint: 'Wait for it to end.',
  },
};

/** Turns errors of SQLite and of the file system into StateErrors that say what to do. */
export function translated<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof StateError) throw error;
    const { code = '', message } = error as { code?: string; message: string };
    const known =
      KNOWN[code] ?? Object.entries(KNOWN).find(([prefix]) => code.startsWith(`${prefix}_`))?.[1];
    if (known)
      throw new StateError(known.code, `${known.what} (${message})`, {
        hint: known.hint,
        cause: error,
      });
    if (code === 'ENOSPC')
      throw new StateError('disk_full', KNOWN['SQLITE_FULL']!.what, {
        hint: KNOWN['SQLITE_FULL']!.hint,
        cause: error,
      });
    if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code))
      throw new StateError(
        'state_read_only',
        `The data folder can't be made or written: ${message}`,
        {
          hint: 'Choose another --data-dir, or give the user that runs Sluice the right to write it.',
          cause: error,
        },
      );
    throw error;
  }
}

/** The same as a promise, as the interfaces of the ledger want it. */
export function within<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(translated(work));
  });
}
