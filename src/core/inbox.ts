import type { Slice } from './source.ts';

/** What waits in the inbox of a connection and is not settled yet. */
export interface InboxDepth {
  readonly pushes: number;
  /** On disk. */
  readonly bytes: number;
  /** When the oldest of them came, in milliseconds since the epoch; null when there is none. */
  readonly oldestReceivedAt: number | null;
}

/**
 * Where pushed bodies are kept from the moment they are acknowledged until they are settled: one log a connection,
 * cut into segments. A segment that is no longer written is a slice of the format `push-log`.
 */
export interface Inbox {
  /**
   * Keeps a body. Once the promise is fulfilled, neither a crash nor a power cut loses it; until then `body` may not
   * be changed. Rejects with StateError `inbox_full` or `inbox_write`: then nothing of it is kept.
   */
  append(connection: string, body: Uint8Array): Promise<void>;
  /** Why no body can be taken now, in words; undefined while there is room. Cheap enough to ask before every body. */
  refusal(): Promise<string | undefined>;
  depth(connection: string): InboxDepth;
  /** Calls back after bodies were appended, once for all that became durable together. Gives what ends it. */
  onArrival(connection: string, callback: () => void): () => void;
  /** Ends the segment that is being written, if it holds anything, so that it can be listed. Throws StateError. */
  seal(connection: string): Promise<void>;
  /** Sealed segments in the order in which they were begun: those that wait, or those that are settled and still kept. */
  segments(connection: string, which: 'waiting' | 'settled'): Promise<readonly Slice[]>;
  /** The bytes of a segment from an offset on. A chunk is valid until the next is asked for. Throws SliceError. */
  read(
    connection: string,
    slice: Slice,
    from: number,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  /** A waiting segment is settled: it no longer counts as depth, and is kept for replays within bounds. */
  release(connection: string, slice: Slice): Promise<void>;
  /** Deletes what is settled and past the bounds. */
  prune(): Promise<void>;
  /** Deletes everything of a connection, waiting or not. */
  remove(connection: string): Promise<void>;
  /** Finishes what is being appended. */
  close(): Promise<void>;
}
