/**
 * The shapes of the HTTP API (`/api/v1`), as far as the dashboard uses them; `/api/docs` has all of it.
 * Times are ISO 8601 in UTC.
 */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Cursor of the page that follows; null at the end. */
  readonly next: string | null;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint?: string;
  readonly fields?: readonly { readonly path: string; readonly message: string }[];
}

export type Role = 'viewer' | 'editor' | 'admin';

export interface SignedIn {
  readonly state: 'signed-in';
  readonly user: { readonly name: string; readonly role: Role };
  /** Null for a token, which needs none. */
  readonly csrf: string | null;
  /** Signed in by a link: a password may be set without the one before. */
  readonly passwordNeeded: boolean;
  readonly version: string;
  readonly oidc: boolean;
}

export interface SignedOut {
  readonly state: 'signed-out' | 'setup-needed';
  readonly version: string;
  readonly oidc: boolean;
}

export type Session = SignedIn | SignedOut;

export interface User {
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly lastSeenAt: string | null;
  readonly disabled: boolean;
  readonly signIn: 'password' | 'oidc';
}

export interface ApiToken {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly lastUsedAt: string | null;
  readonly expiresAt: string | null;
}

export interface AuditEntry {
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: string | null;
}

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

export interface Balance {
  readonly read: number;
  readonly delivered: number;
  /** By reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly deadLetters: number;
  readonly balanced: boolean;
  readonly breaks: readonly SliceProblem[];
  readonly unreadable: readonly SliceProblem[];
}

export interface SliceProblem {
  readonly slice: string;
  readonly problem: string;
}

export type Period = 'hour' | 'day' | 'week' | 'month';

export interface FigurePoint {
  readonly at: string;
  readonly read: number;
  readonly delivered: number;
  readonly skipped: number;
  /** Net: one that was delivered later counts as -1 when it was. */
  readonly deadLetters: number;
  /** The largest noted; null when none was. */
  readonly lagSeconds: number | null;
}

export interface Figures {
  readonly step: 'minute' | 'hour' | 'day';
  readonly points: readonly FigurePoint[];
}

export interface TypeFigures {
  readonly type: string;
  /** Mixpanel's name; null where none is known. */
  readonly event: string | null;
  readonly read: number;
  readonly delivered: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly deadLetters: number;
  readonly newFields: Readonly<Record<string, number>>;
}

export interface SliceRow {
  readonly slice: string;
  readonly hour: string | null;
  readonly state: 'open' | 'done' | 'problem';
  readonly problem?: string;
  readonly records: number;
  readonly bytes: number;
  readonly updatedAt: string;
}

export interface Run {
  readonly id: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly state: 'running' | 'finished' | 'halted' | 'failed' | 'stopped';
  readonly detail: string | null;
  readonly read: number;
  readonly delivered: number;
  readonly skipped: number;
  readonly deadLetters: number;
  readonly requests: number;
  readonly bytesSent: number;
}

export interface Job {
  readonly id: number;
  readonly kind: 'backfill' | 'replay';
  /** Hours as `YYYY-MM-DD-HH`. */
  readonly since: string;
  readonly until: string | null;
  readonly reached: string | null;
  readonly state: 'waiting' | 'running' | 'finished' | 'failed' | 'cancelled';
  readonly detail: string | null;
  readonly createdAt: string;
  readonly endedAt: string | null;
}

export interface TestResult {
  readonly type: string;
  readonly event: string | null;
  readonly outcome: 'sent' | 'rejected' | 'skipped' | 'not-sent';
  readonly detail?: string;
}

export interface CheckResult {
  readonly what: 'source' | 'mixpanel';
  readonly ok: boolean;
  readonly detail: string;
}

export interface Estimate {
  readonly sampled: {
    readonly from: string | null;
    readonly until: string | null;
    readonly files: number;
    readonly bytes: number;
  };
  readonly types: readonly {
    readonly type: string;
    readonly filesPerDay: number;
    readonly bytesPerDay: number;
    readonly eventsPerDay: number;
  }[];
  readonly totalPerDay: number;
  readonly note: string;
}

export interface PreviewLine {
  readonly type: string;
  readonly before: JsonObject;
  readonly outcome: 'event' | 'skip' | 'dead-letter';
  readonly after?: JsonObject;
  readonly reason?: string;
  readonly cause?: string;
  readonly detail?: string;
}

export interface Preview {
  readonly lines: readonly PreviewLine[];
  readonly note?: string;
}

export interface DraftRow {
  readonly id: string;
  readonly name: string | null;
  readonly step: string;
  readonly updatedAt: string;
}

export interface Draft {
  readonly step: string;
  readonly spec: JsonObject;
  readonly updatedAt: string;
}

/** As much of JSON Schema as the forms understand. */
export interface Schema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: Json;
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Write-only: shown as ***. */
  readonly secret?: boolean;
}

export interface SourceKind {
  readonly kind: string;
  readonly title: string;
  readonly summary: string;
  readonly schema: Schema;
  readonly example: Json;
}

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

export interface Alert {
  readonly connection: string;
  readonly kind: string;
  readonly detail: string;
  readonly since: string;
  readonly toldAt: string | null;
}

export interface ServiceInfo {
  readonly version: string;
  readonly startedAt: string;
  readonly node: string;
  readonly uptimeSeconds: number;
  readonly dataDir: string;
  readonly databaseBytes: number;
  readonly inbox: readonly {
    readonly connection: string;
    readonly pushes: number;
    readonly bytes: number;
  }[];
  readonly retention: Readonly<Record<string, number>>;
  readonly alerts: JsonObject;
  readonly listen: Json;
  readonly publicUrl: string | null;
  /** Why it can not do its work now. */
  readonly trouble: string | null;
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
