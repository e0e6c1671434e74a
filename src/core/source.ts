/** How the bytes of a slice are to be read: an Avro file, one pushed body, or a log of pushed bodies. */
export type SliceFormat = 'avro' | 'custom-http' | 'push-log';

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
  /** UTC hour it belongs to, as `YYYY-MM-DD-HH`: the `date=…` of its name, or when it was pushed. */
  readonly hour?: string;
  /** When its newest byte was written, in milliseconds since the epoch. */
  readonly writtenAt?: number;
}

/** What part of a source is wanted. A slice without an hour or an event type is always wanted. */
export interface Window {
  /** First hour, as `YYYY-MM-DD-HH`. */
  readonly since?: string;
  /** First hour that is no longer wanted. */
  readonly until?: string;
  /** Ids of slices that are wanted whatever their hour, as far as they are still there. */
  readonly again?: readonly string[];
  /** Whether slices of a Currents type are wanted. */
  readonly wants?: (eventType: string) => boolean;
}

/** Whether an hour lies in a window. */
export function holdsHour({ since, until }: Window, hour: string): boolean {
  return (since === undefined || hour >= since) && (until === undefined || hour < until);
}

/** Whether a slice is wanted. */
export function holds(window: Window, { id, hour, eventType }: Slice): boolean {
  if (eventType !== undefined && window.wants?.(eventType) === false) return false;
  return hour === undefined || holdsHour(window, hour) || window.again?.includes(id) === true;
}

/** Where slices come from. Declared once with its settings, opened by a factory. */
export interface Source {
  readonly name: string;
  /**
   * Every slice there is now in the window, in a stable order; what lies outside is not looked at where the layout
   * allows it. Throws {@link SourceError}.
   */
  list(signal: AbortSignal, window?: Window): AsyncIterable<Slice>;
  /**
   * The bytes of a slice from a byte offset on. A chunk is valid until the next is asked for.
   * Throws {@link SliceError} when it can't be read whole, {@link SourceError} when the source as a whole fails.
   */
  open(slice: Slice, from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** The slice is settled to its end and will not be asked for again: a source that keeps it for us may let go of it. */
  release?(slice: Slice): Promise<void>;
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
