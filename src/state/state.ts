import type Database from 'better-sqlite3';
import type { DeadLetters, Ledger } from '../core/ledger.ts';
import { createDeadLetters } from './dead-letters.ts';
import { type DatabaseOptions, openDatabase, translated } from './database.ts';
import { createLedger } from './ledger.ts';
import { lockFolder } from './lock.ts';

/** Everything Sluice remembers, in one data folder. */
export interface State {
  readonly ledger: Ledger;
  readonly deadLetters: DeadLetters;
  close(): void;
}

/**
 * Opens a data folder: as its only writer, or beside one for reading. Throws StateError, with code
 * `data_folder_in_use` when another process writes it and `no_data_folder` when there is nothing to read.
 */
export function openState(dataDir: string, options: DatabaseOptions = {}): State {
  const lock = options.readonly ? undefined : lockFolder(dataDir);
  let db: Database.Database | undefined;
  try {
    db = openDatabase(dataDir, options);
    return stateOf(db, () => lock?.release());
  } catch (error) {
    db?.close();
    lock?.release();
    throw error;
  }
}

/** Preparing the statements reads the schema, which may be damaged. */
function stateOf(db: Database.Database, release: () => void): State {
  return translated(() => ({
    ledger: createLedger(db),
    deadLetters: createDeadLetters(db),
    close() {
      db.close();
      release();
    },
  }));
}
