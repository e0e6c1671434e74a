import type { SliceProblem } from './ledger.ts';

/** Which slices of a connection may be listed again. Those that may not are forgotten once they are settled. */
export type SourceMemory =
  /** From so many hours before the newest hour on. Must be what the scheduler lists by. */
  | { readonly kind: 'listed'; readonly lookBackHours: number }
  /**
   * Whatever waits, as in the inbox, which lets go of a slice once it is settled. A process may end between the two, so
   * they are remembered for so many hours before the newest one.
   */
  | { readonly kind: 'released'; readonly lookBackHours: number }
  /** None: it is over, as a replay that has ended. */
  | { readonly kind: 'over' };

/** How long what is kept is kept. Dead letters have no age: they stay until they are delivered. */
export interface PrunePolicy {
  /** Of any connection in the ledger, replays and deleted ones included. */
  readonly memoryOf: (connection: string) => SourceMemory;
  /** Slices without an hour keep counts of their own until nothing has happened to them for so long. */
  readonly countsDays: number;
  readonly runDays: number;
  /** Runs a connection, at most; the newest. */
  readonly runs: number;
  /** Sums by hour become sums by UTC day after so long. */
  readonly hourlyDays: number;
  /** Sums by day become sums by UTC month after so long. */
  readonly dailyDays: number;
  readonly jobDays: number;
}

export const PRUNE_DEFAULTS: PrunePolicy = {
  memoryOf: () => ({ kind: 'listed', lookBackHours: 168 }),
  countsDays: 7,
  runDays: 90,
  runs: 1000,
  hourlyDays: 35,
  dailyDays: 400,
  jobDays: 90,
};

/** How many rows were taken away, and pages given back to the file system. */
export interface Pruned {
  readonly slices: number;
  /** Slices that stay and whose counts now are part of the sum of the connection. */
  readonly merged: number;
  /** Sums that now are part of that of a longer period. */
  readonly rollups: number;
  readonly runs: number;
  readonly jobs: number;
  readonly mappings: number;
  readonly pages: number;
}

export interface Upkeep {
  /**
   * Forgets what nobody needs any more; totals stay as they are to the last record. Works in short transactions between
   * which other work goes on. Throws the signal's reason when it is stopped in between; what is done stays done.
   */
  prune(policy: PrunePolicy, now: number, signal?: AbortSignal): Promise<Pruned>;
}

export interface ConnectionHealth {
  readonly connection: string;
  /** What does not add up. Empty when the books balance. */
  readonly imbalances: readonly SliceProblem[];
  /** Slices that can't be read to their end: a fault of the input, not of the books. */
  readonly problems: readonly SliceProblem[];
  readonly deadLetters: number;
}

export interface TableSize {
  readonly table: string;
  readonly rows: number;
  /** With its indexes. */
  readonly bytes: number;
}

/** What an examination of a data folder found. */
export interface Health {
  /** No damage, and the books balance. */
  readonly ok: boolean;
  /** What SQLite says of pages, rows and references that are not as they should be. */
  readonly damage: readonly string[];
  readonly connections: readonly ConnectionHealth[];
  /** Largest first. */
  readonly tables: readonly TableSize[];
  readonly databaseBytes: number;
  /** Within the database, waiting to be used again. */
  readonly freeBytes: number;
  /** Of the write-ahead log beside it. */
  readonly logBytes: number;
}
