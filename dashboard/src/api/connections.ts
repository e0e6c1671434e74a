import type { Json, JsonObject } from './json.ts';

// Currents and their states.

export type StateKind = 'idle' | 'active' | 'catching-up' | 'retrying' | 'halted' | 'paused';

export interface State {
  readonly kind: StateKind;
  readonly detail?: string;
  readonly hint?: string;
  readonly since?: string;
  readonly bytesLeft?: number;
  readonly secondsLeft?: number;
}

export interface Connection {
  readonly name: string;
  readonly source: { readonly kind: string; readonly title: string; readonly place: string };
  readonly state: State;
  readonly paused: boolean;
  /** Null while it does not run yet. */
  readonly lagSeconds: number | null;
  readonly deliveredAt: string | null;
  readonly receivedAt: string | null;
  readonly last24h: {
    readonly read: number;
    readonly delivered: number;
    readonly skipped: number;
    readonly deadLetters: number;
    /** Delivered, oldest hour first. */
    readonly byHour: readonly number[];
  };
  readonly deadLetters: number;
  /** Files or pushes that can't be read to their end. */
  readonly problems: number;
  readonly createdAt: string;
  readonly revision: number;
}

export interface ConnectionDetail extends Connection {
  readonly spec: JsonObject;
  readonly pushUrl: string | null;
  readonly warnings: readonly string[];
}

export interface Change {
  readonly path: string;
  readonly before?: Json;
  readonly after?: Json;
}

export interface Saved {
  readonly connection: ConnectionDetail;
  readonly changes?: readonly Change[];
  readonly warnings: readonly string[];
}

export interface LiveStatus {
  readonly at: string;
  readonly connections: readonly LiveConnection[];
}

export interface LiveConnection {
  readonly name: string;
  readonly state: State;
  readonly lagSeconds: number;
  readonly read: number;
  readonly delivered: number;
  readonly skipped: number;
  readonly deadLetters: number;
  readonly perSecond: number;
}
