/** How the bytes of a slice are to be read. */
export type SliceFormat = 'avro' | 'custom-http';

/** One stretch of input that is read from start to end: a file, an object, a pushed body. */
export interface Slice {
  /** Stable name inside its source, for example the path below the root, with `/` between parts. */
  readonly id: string;
  /** Changes whenever the bytes change. A slice with a new version is read again from its start. */
  readonly version: string;
  readonly format: SliceFormat;
  /** Size in bytes, when the source knows it. */
  readonly bytes?: number;
  /** Currents type taken from the name (`event_type=…`), used only when the content does not say. */
  readonly eventType?: string;
}

/** Where slices come from. Declared once with its settings, opened by a factory. */
export interface Source {
  readonly name: string;
  /** Every slice there is now, in a stable order. Throws {@link SourceError}. */
  list(signal: AbortSignal): AsyncIterable<Slice>;
  /**
   * The bytes of a slice from a byte offset on. A chunk is valid until the next is asked for.
   * Throws {@link SliceError} when it can't be read whole.
   */
  open(slice: Slice, from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** A place in a slice. Everything before it is settled. */
export interface Position {
  /** Byte offset of the block that holds the next record. 0 means the very start. */
  readonly offset: number;
  /** How many records of that block are already settled. */
  readonly index: number;
  /** How many records of the slice are settled in all: the number of the next record, from 0. */
  readonly record: number;
}

export const START: Position = { offset: 0, index: 0, record: 0 };
