import type { Advance } from './batch.ts';
import type { Counts } from './counts.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { Position, Slice } from './source.ts';

/** The right to settle for one connection. Refused once another owner has taken a later epoch. */
export interface Claim {
  readonly connection: string;
  readonly epoch: number;
  /** The run it was made for. */
  readonly run: number;
}

export interface ClaimOptions {
  /** Stands for everything in the settings that makes the deduplication key; kept with each slice that is settled. */
  readonly mapping?: string;
}

/** From where a source is to be listed again. */
export interface ListingState {
  /** Newest hour whose slices, and those before it, were all seen and settled. */
  readonly newestHour: string | undefined;
  /** Slices of hours before this one are forgotten: listed again, they would be sent again. */
  readonly prunedBefore: string | undefined;
  /** Slices of known hours that are not settled to their end: the newest of them, in no order. */
  readonly open: readonly string[];
}

export interface SliceProgress {
  readonly position: Position;
  readonly done: boolean;
}

/** What one transaction writes: everything that follows from one batch. */
export interface Settlement {
  readonly advances: readonly Advance[];
  readonly deadLetters: readonly DeadLetter[];
  /** Requests that were made for it, retries included. */
  readonly requests: number;
  /** Bytes over the wire, retries included. */
  readonly bytesSent: number;
  /** Wall clock, milliseconds since the epoch; decides the roll-up hour. */
  readonly at: number;
}

export type RunState = 'running' | 'finished' | 'halted' | 'failed' | 'stopped';

export interface Run {
  readonly id: number;
  readonly connection: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly state: RunState;
  /** Why it halted or failed. */
  readonly detail: string | null;
  readonly read: number;
  readonly delivered: number;
  readonly skipped: number;
  readonly deadLetters: number;
  readonly requests: number;
  readonly bytesSent: number;
}

export interface SliceProblem {
  readonly slice: string;
  readonly problem: string;
}

/** The books: how far every slice is settled, and what became of each record. */
export interface Ledger {
  /** Takes a connection over and opens a run. */
  claim(connection: string, at: number, options?: ClaimOptions): Promise<Claim>;
  /** How far this version of a slice is settled; undefined when it was never touched. */
  progress(connection: string, slice: Slice): Promise<SliceProgress | undefined>;
  /** One transaction. Throws StateError `owner_lost` when the claim's epoch is no longer the newest. */
  settle(claim: Claim, settlement: Settlement): Promise<void>;
  endRun(claim: Claim, state: RunState, detail: string | null, at: number): Promise<void>;
  /** Counts over all that was ever settled for a connection, pruned or not. */
  totals(connection: string): Promise<Counts>;
  /**
   * Slices whose records do not add up to their counts, or whose dead letters are not all there. Under a name in
   * brackets: what was pruned, or the sums by hour, when they do not add up. Empty when the books balance.
   */
  imbalances(connection: string): Promise<SliceProblem[]>;
  /** Slices whose newest version could not be read to its end. */
  problems(connection: string): Promise<SliceProblem[]>;
  connections(): Promise<string[]>;
  listing(connection: string): Promise<ListingState>;
  /** A listing that was complete, and all of it settled, saw this hour as its newest. */
  noteListed(connection: string, newestHour: string): Promise<void>;
  /** Newest first. */
  runs(filter: { connection?: string; limit: number }): Promise<Run[]>;
}

export interface StoredDeadLetter extends DeadLetter {
  readonly id: number;
  readonly connection: string;
  readonly at: number;
  /** How often it was sent again. */
  readonly retries: number;
}

export interface DeadLetterFilter {
  readonly connection?: string;
  readonly cause?: string;
  readonly eventType?: string;
  /** Only ids above this one; for paging. */
  readonly after?: number;
  readonly limit: number;
}

/** What a retry of one dead letter came to. */
export type RetryOutcome =
  | { readonly id: number; readonly kind: 'delivered' }
  | { readonly id: number; readonly kind: 'skipped'; readonly reason: string }
  | {
      readonly id: number;
      readonly kind: 'refused';
      readonly cause: string;
      readonly detail: string;
    };

export interface DeadLetters {
  /** In order of id. Large payloads make a page shorter than its limit: only an empty one is the last. */
  list(filter: DeadLetterFilter): Promise<StoredDeadLetter[]>;
  get(id: number): Promise<StoredDeadLetter | undefined>;
  /** By connection, cause and event type. */
  summary(): Promise<{ connection: string; cause: string; eventType: string; n: number }[]>;
  /**
   * One transaction: a delivered or skipped letter leaves the list and moves in the counts of its slice;
   * a refused one stays with the new cause.
   */
  settle(outcomes: readonly RetryOutcome[], at: number): Promise<void>;
}
