import type { Batch } from './batch.ts';
import type { Position, Slice } from './source.ts';

/**
 * A run of consecutive records of one slice, ready to be mapped: an Avro block, a pushed body,
 * or a block that can't be read (one record, which becomes one dead letter).
 */
export interface Piece {
  /** Byte offset at which it starts in the slice. */
  readonly offset: number;
  /** Byte offset of whatever follows it. */
  readonly next: number;
  readonly records: number;
  /**
   * Maps records from the `from`th on into the batch until it is full, counting each as skipped or as a dead letter
   * where it is not written. `first` is the number in the slice of the piece's own first record.
   * Returns how many records of the piece are mapped now; less than `records` means: seal the batch and call again.
   */
  encode(from: number, first: number, batch: Batch): number;
  /** The records as they came, for a person to look at; left out where they can't be read. */
  sources?(): Iterable<Readonly<Record<string, unknown>>>;
}

/** Reads a slice as pieces from a position on. Throws SliceError where it can't be read further. */
export type Unpack = (slice: Slice, from: Position, signal: AbortSignal) => AsyncIterable<Piece>;
