import type { Job } from './connections.ts';
import type { Counts, TypeCounts } from './counts.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { Run } from './ledger.ts';

/** Sums of one hour; of older hours those of its day or month, under the first hour of it. */
export interface HourFigures {
  /** Start of the hour, milliseconds since the epoch. */
  readonly at: number;
  readonly read: number;
  readonly delivered: number;
  readonly skipped: number;
  /** Net: one that is delivered later counts as -1 in the hour of that. */
  readonly deadLetters: number;
}

/** `problem`: could not be read to its end. `open`: not settled to its end yet. */
export type SliceState = 'open' | 'done' | 'problem';

export interface SliceLine {
  readonly id: number;
  readonly slice: string;
  readonly hour: string | null;
  readonly state: SliceState;
  readonly problem: string | null;
  /** Settled so far. */
  readonly records: number;
  /** Bytes of it that are settled. */
  readonly bytes: number;
  readonly updatedAt: number;
}

export interface LetterGroup {
  readonly connection: string;
  readonly cause: string;
  readonly eventType: string;
  readonly n: number;
  /** When its newest came. */
  readonly newestAt: number;
}

export interface LetterFilter {
  readonly connection?: string | undefined;
  readonly cause?: string | undefined;
  readonly eventType?: string | undefined;
}

/** A dead letter without its payload, of which there is a beginning. */
export interface LetterLine extends Omit<DeadLetter, 'payload' | 'version'> {
  readonly id: number;
  readonly connection: string;
  readonly at: number;
  readonly retries: number;
  readonly head: Uint8Array;
}

/** What Braze sends and the catalogue does not know, over all time. */
export interface UnknownLine {
  readonly connection: string;
  readonly type: string;
  /** Null: the type itself is unknown. */
  readonly field: string | null;
  readonly n: number;
}

/** A page of a list whose newest come first: only ids below `before`. */
export interface Newest {
  readonly before?: number | undefined;
  readonly limit: number;
}

/** The books as pages show them. Every list is walked by an index, a page at a time. */
export interface Books {
  /** In order of the hour. `since`: milliseconds since the epoch. */
  hours(connection: string, since: number): Promise<HourFigures[]>;
  /** The largest lag that was noted in each hour; hours without a note are left out. */
  lags(connection: string, since: number): Promise<{ at: number; seconds: number }[]>;
  /** Over all time, by the sums of hours. */
  total(connection: string): Promise<TypeCounts>;
  types(connection: string): Promise<Counts>;
  /** Records read of each type, most first. `since`: milliseconds since the epoch. */
  typesSince(connection: string, since: number): Promise<{ type: string; read: number }[]>;
  slices(
    connection: string,
    filter: Newest & { state?: SliceState | undefined },
  ): Promise<SliceLine[]>;
  runs(connection: string, filter: Newest): Promise<Run[]>;
  jobs(connection: string, filter: Newest): Promise<Job[]>;
  job(id: number): Promise<Job | undefined>;
  /** How many dead letters there are now. */
  deadLetters(connection: string): Promise<number>;
  /** The largest group first. */
  groups(connection?: string): Promise<LetterGroup[]>;
  letters(filter: LetterFilter & Newest): Promise<LetterLine[]>;
  /** Of those ids that there are: whose they are. */
  ownersOf(ids: readonly number[]): Promise<{ id: number; connection: string }[]>;
  unknown(): Promise<UnknownLine[]>;
  /** Bytes of the database without its log. */
  bytes(): Promise<number>;
}
