import { setTimeout as delay } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import type { Access } from '../core/access.ts';
import type { Books } from '../core/books.ts';
import type { Alerts, Connections, Jobs, Mappings, Statuses } from '../core/connections.ts';
import type { CohortImports, Cohorts } from '../core/cohorts.ts';
import type { Drafts } from '../core/drafts.ts';
import { StateError } from '../core/errors.ts';
import type { DeadLetters, Ledger } from '../core/ledger.ts';
import type { Upkeep } from '../core/upkeep.ts';
import { createAccess } from './access.ts';
import { createAlerts } from './alerts.ts';
import { createBooks } from './books.ts';
import { createCohorts } from './cohorts/cohorts.ts';
import { createCohortImports } from './cohorts/imports.ts';
import { createConnections } from './connections.ts';
import { createDeadLetters } from './dead-letters.ts';
import {
  type DatabaseOptions,
  expectDatabase,
  isCurrentDatabase,
  openDatabase,
  translated,
} from './database.ts';
import { createDrafts, sealedDrafts } from './drafts.ts';
import { createJobs } from './jobs.ts';
import { createLedger } from './ledger.ts';
import { lockFolder } from './lock.ts';
import { createMappings } from './mappings.ts';
import { type Rotation, rotateKeys } from './rotate-keys.ts';
import { createKeyring, type KeySource } from './secrets.ts';
import { sealedIn } from './sealed-specs.ts';
import { createStatuses } from './statuses.ts';
import { createUpkeep } from './upkeep.ts';

export { holderOf } from './lock.ts';
export { type KeySource, keySource } from './secrets.ts';

/** Everything Sluice remembers, in one data folder. */
export interface State {
  readonly ledger: Ledger;
  readonly books: Books;
  readonly drafts: Drafts;
  readonly deadLetters: DeadLetters;
  readonly connections: Connections;
  readonly jobs: Jobs;
  readonly statuses: Statuses;
  readonly alerts: Alerts;
  readonly mappings: Mappings;
  readonly upkeep: Upkeep;
  readonly access: Access;
  readonly cohortImports: CohortImports;
  readonly cohorts: Cohorts;
  close(): void;
}

/** What may be changed while another process writes the books. */
export interface Control extends State {
  /** See `rotateKeys`. */
  rotateKeys(): Rotation;
}

export interface StateOptions extends DatabaseOptions {
  /** By default a key in the data folder. */
  readonly keys?: KeySource;
}

/**
 * Opens a data folder: as its only writer, or beside one for reading. Throws StateError, with code
 * `data_folder_in_use` when another process writes it and `no_data_folder` when there is nothing to read.
 */
export function openState(dataDir: string, options: StateOptions = {}): State {
  const lock = options.readonly ? undefined : lockFolder(dataDir);
  let db: Database.Database | undefined;
  try {
    db = openDatabase(dataDir, options);
    return stateOf(db, dataDir, options.keys, () => lock?.release());
  } catch (error) {
    db?.close();
    lock?.release();
    throw error;
  }
}

/** How often a folder that another process is just setting up is looked at again, and how long between, in ms. */
const SETTING_UP = { tries: 20, waitMs: 100 } as const;

/**
 * Opens a data folder to change connections and jobs in it, beside a running service, which follows. Brings the
 * folder of an older Sluice up to date when nobody works on it. Throws StateError; `no_data_folder` unless it may be made.
 */
export async function openControl(
  dataDir: string,
  keys: KeySource,
  { make = false }: { readonly make?: boolean } = {},
): Promise<Control> {
  if (!make) expectDatabase(dataDir);
  for (let left = SETTING_UP.tries; !isCurrentDatabase(dataDir); left--) {
    try {
      // Only the one writer migrates: what another has prepared must go on fitting.
      openState(dataDir).close();
    } catch (error) {
      const isBusy =
        error instanceof StateError && ['data_folder_in_use', 'state_busy'].includes(error.code);
      if (!isBusy || left <= 1) throw error;
      await delay(SETTING_UP.waitMs);
    }
  }
  const db = openDatabase(dataDir);
  try {
    const state = stateOf(db, dataDir, keys, () => undefined);
    return { ...state, rotateKeys: () => rotateKeys(db, keyringOf(db, dataDir, keys)) };
  } catch (error) {
    db.close();
    throw error;
  }
}

function keyringOf(db: Database.Database, dataDir: string, keys: KeySource) {
  return createKeyring(
    dataDir,
    keys,
    () =>
      [...sealedIn(db, 'connections'), ...sealedIn(db, 'cohort_imports'), ...sealedDrafts(db)]
        .length === 0,
  );
}

/** Preparing the statements reads the schema, which may be damaged. */
function stateOf(
  db: Database.Database,
  dataDir: string,
  keys: KeySource = {},
  release: () => void,
): State {
  return translated(() => ({
    books: createBooks(db),
    drafts: createDrafts(db, keyringOf(db, dataDir, keys)),
    ledger: createLedger(db),
    deadLetters: createDeadLetters(db),
    connections: createConnections(db, keyringOf(db, dataDir, keys)),
    jobs: createJobs(db),
    statuses: createStatuses(db),
    alerts: createAlerts(db),
    mappings: createMappings(db),
    upkeep: createUpkeep(db),
    access: createAccess(db),
    cohortImports: createCohortImports(db, keyringOf(db, dataDir, keys)),
    cohorts: createCohorts(db),
    close() {
      db.close();
      release();
    },
  }));
}
