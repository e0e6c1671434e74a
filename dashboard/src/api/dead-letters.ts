import type { JsonObject } from './json.ts';

// Dead letters, and what became of a retry.

export interface DeadLetterGroup {
  readonly connection: string;
  readonly cause: string;
  readonly eventType: string;
  readonly n: number;
  readonly advice: string;
  readonly newestAt: string;
}

export interface DeadLetterRow {
  readonly id: number;
  readonly connection: string;
  readonly slice: string;
  readonly record: number;
  readonly eventType: string;
  readonly cause: string;
  readonly detail: string;
  readonly kind: 'event' | 'record' | 'bytes';
  readonly at: string;
  readonly retries: number;
  readonly preview: string;
}

export interface DeadLetter extends DeadLetterRow {
  /** The event as it was sent, when Mixpanel refused it. */
  readonly event?: JsonObject;
  /** The record as it was read, when it could not be mapped. */
  readonly source?: JsonObject;
  /** Raw bytes in base64, when they could not be read. */
  readonly bytes?: string;
  readonly advice: string;
}

export interface RetryResult {
  readonly delivered: number;
  readonly skipped: number;
  readonly refused: number;
  readonly halted?: string;
}
