import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StateError } from '../core/errors.ts';
import { makeFolder, translated } from './database.ts';

/** The process that writes a data folder. */
export interface Holder {
  /** Unknown for the instant before it has written it down. */
  readonly pid?: number;
  /** ISO time. */
  readonly since?: string;
}

/** A look at the lock takes microseconds; whoever wants the lock waits that long. */
const WAIT_MS = 250;

/** Who works on a data folder now; undefined when nobody does. Takes no lock for longer than it looks. */
export function holderOf(dataDir: string): Holder | undefined {
  const file = join(dataDir, 'lock.db');
  if (!existsSync(file)) return undefined;
  return translated(() => {
    const db = new Database(file, { timeout: 0 });
    try {
      db.prepare('SELECT count(*) FROM sqlite_master').get();
      return undefined;
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
      return noteOf(join(dataDir, 'lock.json'));
    } finally {
      db.close();
    }
  });
}

/**
 * Makes this process the only writer of a data folder. The lock is SQLite's own on a file of its own: the operating
 * system releases it when the process ends, however it ends, so none is ever left behind.
 * Throws StateError `data_folder_in_use`.
 */
export function lockFolder(dataDir: string): { release(): void } {
  return translated(() => {
    makeFolder(dataDir);
    const note = join(dataDir, 'lock.json');
    const db = new Database(join(dataDir, 'lock.db'), { timeout: WAIT_MS });
    try {
      db.pragma('locking_mode = EXCLUSIVE');
      db.pragma('journal_mode = DELETE');
      db.exec('BEGIN EXCLUSIVE');
      writeFileSync(note, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }), {
        mode: 0o600,
      });
    } catch (error) {
      db.close();
      if ((error as { code?: string }).code === 'SQLITE_BUSY')
        throw new StateError(
          'data_folder_in_use',
          `Another Sluice works on ${dataDir}${holderInWords(note)}`,
          {
            hint: 'Wait for it to end or stop it; or give this one another --data-dir.',
          },
        );
      throw error;
    }
    return {
      release() {
        db.close();
      },
    };
  });
}

/** Who holds the lock, in words; only a remark. */
function holderInWords(note: string): string {
  const { pid, since } = noteOf(note);
  return pid === undefined ? '' : ` (process ${pid}, since ${since})`;
}

/** What the holder has written down, which it may not have done yet. */
function noteOf(note: string): Holder {
  try {
    return JSON.parse(readFileSync(note, 'utf8')) as Holder;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT')
      return {};
    throw error;
  }
}
