/**
 * What is kept of a record that could not be delivered:
 * - `event`: the event as it would be sent (JSON text), when Mixpanel or a rule refused it;
 * - `record`: the source record as JSON text, when it could not be mapped;
 * - `bytes`: the raw bytes, when they could not be read.
 */
export type PayloadKind = 'event' | 'record' | 'bytes';

/** One record, or one unreadable block, that was read and not delivered. */
export interface DeadLetter {
  readonly slice: string;
  readonly version: string;
  /** Number of the record in its slice, from 0. */
  readonly record: number;
  readonly eventType: string;
  /** Stable code of the cause, for example `rejected_by_mixpanel` or `corrupt_block`. */
  readonly cause: string;
  /** The cause in words. Holds no secret. */
  readonly detail: string;
  readonly kind: PayloadKind;
  readonly payload: Uint8Array;
}
