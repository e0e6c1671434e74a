import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StateError } from '../core/errors.ts';
import { makeFolder, translated } from './database.ts';

/**
 * Makes this process the only writer of a data folder. The lock is SQLite's own on a file of its own: the operating
 * system releases it when the process ends, however it ends, so none is ever left behind.
 * Throws StateError `data_folder_in_use`.
 */
export function lockFolder(dataDir: string): { release(): void } {
  return translated(() => {
    makeFolder(dataDir);
    const note = join(dataDir, 'lock.json');
    const db = new Database(join(dataDir, 'lock.db'), { timeout: 0 });
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
          `Another Sluice works on ${dataDir}${holderOf(note)}`,
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

/** Who holds the lock, in words; only a remark, since the holder may not have written it yet. */
function holderOf(note: string): string {
  try {
    const { pid, since } = JSON.parse(readFileSync(note, 'utf8')) as { pid: number; since: string };
    return ` (process ${pid}, since ${since})`;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT')
      return '';
    throw error;
  }
}
