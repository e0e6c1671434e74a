import type { BatchLimits } from './batch.ts';

/** A batch as it goes over the wire. Built once; sent as often as needed. */
export interface Body {
  readonly events: number;
  /** Bytes of JSON before compression. */
  readonly bytes: number;
  /** What is sent. */
  readonly wire: Uint8Array;
}

/** One event of a body that the destination refused for good. */
export interface Rejection {
  /** Place in the body, from 0. */
  readonly index: number;
  readonly cause: string;
  /** The destination's words, without secrets. */
  readonly detail: string;
}

/** The closed set of what can become of a body. */
export type Answer =
  /** Everything is in, but for the rejections. Never send it again. */
  | { readonly kind: 'settled'; readonly rejections: readonly Rejection[] }
  /** Refused as a whole, perhaps because of one event or its size: try its halves. */
  | { readonly kind: 'split'; readonly cause: string; readonly detail: string }
  /** Not taken this time. `afterMs`: how long the destination asked us to wait. */
  | { readonly kind: 'retry'; readonly detail: string; readonly afterMs?: number }
  /** Nothing will be taken until a person mends something. */
  | { readonly kind: 'halt'; readonly detail: string };

/** How much a destination takes; Infinity where it sets no bound. */
export interface Rates {
  readonly eventsPerSecond: number;
  /** JSON before compression. */
  readonly bytesPerMinute: number;
  /** At most `count` requests in any `seconds`. Left out: no bound. */
  readonly requests?: { readonly count: number; readonly seconds: number };
}

/** Where events go. */
export interface Sink {
  readonly name: string;
  readonly limits: BatchLimits;
  readonly rates: Rates;
  /** Builds the body of some JSON lines. `lines` may be reused once the promise is settled. */
  pack(lines: Uint8Array, events: number): Promise<Body>;
  /** The JSON lines of a body, as given to `pack`. */
  unpack(body: Body): Promise<Uint8Array>;
  /** Sends once. Faults of the network or the destination are answers, not exceptions; an aborted signal throws. */
  send(body: Body, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}
