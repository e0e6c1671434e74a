import type { JsonObject } from './json.ts';

// The event library, and what is not in it.

export type Family = 'Message Engagement' | 'Customer Behavior';

export interface EventType {
  readonly type: string;
  /** For people; where Mixpanel has no name. */
  readonly label: string;
  readonly event: string | null;
  readonly channel: string | null;
  readonly family: Family | null;
  readonly description: string;
  readonly mtuExempt: boolean;
  readonly pii: boolean;
  readonly status: 'documented' | 'storage-only' | 'unconfirmed';
}

export interface EventProperty {
  readonly name: string;
  readonly field: string | null;
  readonly type: string;
  readonly required: boolean;
  readonly pii: boolean;
}

export interface EventDetail extends EventType {
  readonly properties: readonly EventProperty[];
  readonly sample: { readonly before: JsonObject; readonly after: JsonObject | null } | null;
}

export interface Unknown {
  readonly types: readonly {
    readonly type: string;
    readonly connection: string;
    readonly read: number;
    /** The settings send it from now on. */
    readonly included: boolean;
  }[];
  readonly fields: readonly {
    readonly type: string;
    readonly field: string;
    readonly connection: string;
    readonly n: number;
    readonly included: boolean;
  }[];
}
