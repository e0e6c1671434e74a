/** A connection as a person set it up. The spec holds secrets: it is sealed at rest and never logged or shown whole. */
export interface StoredConnection {
  readonly name: string;
  /** As written and checked; see the composition root for its schema. */
  readonly spec: unknown;
  readonly paused: boolean;
  /** Rises with each change. */
  readonly revision: number;
  /** Milliseconds since the epoch, as all times here. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The connections of a data folder. Any process may change them; the one that serves follows. */
export interface Connections {
  /** In order of name. Throws StateError `wrong_key` when a spec was sealed by a key that is not at hand. */
  list(): Promise<StoredConnection[]>;
  get(name: string): Promise<StoredConnection | undefined>;
  /** In order of name, those after a name; `search`: only names that hold it, in any case. */
  page(filter: { after?: string; search?: string; limit: number }): Promise<StoredConnection[]>;
  /**
   * Makes it or puts a new spec in the place of the old one. `paused` left out: as it was. `expected`: only if it is
   * still of this revision, or not there (`none`); else throws StateError `revision_changed` or `exists`.
   */
  put(
    name: string,
    spec: unknown,
    at: number,
    paused?: boolean,
    expected?: number | 'none',
  ): Promise<void>;
  setPaused(name: string, paused: boolean, at: number): Promise<void>;
  /** Forgets the spec. The books stay. */
  remove(name: string, at: number): Promise<void>;
  /** Changes whenever a connection or a job is added, changed or removed, by whatever process. Cheap. */
  revision(): Promise<number>;
}

export type JobKind = 'backfill' | 'replay';
export type JobState = 'waiting' | 'running' | 'finished' | 'failed' | 'cancelled';

/** Something extra that a connection is to do once: read a stretch of hours that its own watermark has passed. */
export interface Job {
  readonly id: number;
  readonly connection: string;
  readonly kind: JobKind;
  /** First hour, as `YYYY-MM-DD-HH`. */
  readonly since: string;
  /** First hour that is no longer meant; null: up to when it was ordered. */
  readonly until: string | null;
  /** First hour that is still to be read; null before it has begun. */
  readonly reached: string | null;
  readonly state: JobState;
  readonly detail: string | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

export interface Jobs {
  add(job: Pick<Job, 'connection' | 'kind' | 'since' | 'until'>, at: number): Promise<Job>;
  /** Waiting or running, oldest first. */
  open(connection: string): Promise<Job[]>;
  /** Newest first. */
  list(filter: { connection?: string; limit: number }): Promise<Job[]>;
  /** Running has no end; every other state but waiting has. */
  set(id: number, state: JobState, detail: string | null, at: number): Promise<void>;
  /** Everything before this hour is settled. */
  reach(id: number, hour: string): Promise<void>;
}

/** What a connection is doing, in the words that users see. */
export type ConnectionState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'active' }
  /** `secondsLeft`: an estimate; left out while there is none. */
  | { readonly kind: 'catching-up'; readonly bytesLeft: number; readonly secondsLeft?: number }
  | { readonly kind: 'retrying'; readonly since: number; readonly detail: string }
  /** `hint`: what to do. */
  | {
      readonly kind: 'halted';
      readonly since: number;
      readonly detail: string;
      readonly hint: string;
    }
  | { readonly kind: 'paused' };

export interface ConnectionStatus {
  readonly connection: string;
  readonly state: ConnectionState;
  /** Age of the oldest data known that is not settled yet, in seconds. 0 when all that is known is settled. */
  readonly lagSeconds: number;
  /** When events were last delivered; null when none were yet. */
  readonly deliveredAt: number | null;
  /** When the source last had something new; null when it had nothing yet. */
  readonly receivedAt: number | null;
  /** Since the service started. */
  readonly read: number;
  readonly delivered: number;
  readonly skipped: number;
  readonly deadLetters: number;
  /** Slices that can't be read to their end. */
  readonly problems: number;
  readonly at: number;
}

/** What the serving process last said of each connection, for other processes to show. */
export interface Statuses {
  /** One transaction. */
  put(statuses: readonly ConnectionStatus[]): Promise<void>;
  list(): Promise<ConnectionStatus[]>;
}

export type AlertKind =
  | 'halted'
  | 'retrying'
  | 'dead_letters'
  | 'lag'
  | 'nothing_received'
  | 'credentials_expire'
  | 'unreadable'
  | 'approval';

/** A condition that a person should know of, for as long as it holds. */
export interface Alert {
  readonly connection: string;
  readonly kind: AlertKind;
  readonly detail: string;
  readonly since: number;
  /** When people were told; null while that has not worked yet. */
  readonly toldAt: number | null;
}

export interface Alerts {
  list(): Promise<Alert[]>;
  put(alert: Alert): Promise<void>;
  remove(connection: string, kind: AlertKind): Promise<void>;
}

/** By what settings slices were settled. */
export interface Mappings {
  /** Of the slices in a window of hours, how many by which fingerprint; null where it is not known. */
  used(
    connection: string,
    window: { readonly since?: string | undefined; readonly until?: string | undefined },
  ): Promise<{ readonly fingerprint: string | null; readonly slices: number }[]>;
}
