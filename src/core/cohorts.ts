import type { ConnectionState, StoredConnection } from './connections.ts';
import type { Answer, Sink } from './sink.ts';

/** Who a member is in Braze. `email` only where a person asked for it: it can make profiles. */
export type BrazeUser =
  | { readonly kind: 'external_id' | 'braze_id' | 'email'; readonly id: string }
  | { readonly kind: 'user_alias'; readonly label: string; readonly name: string };

/** Why a member of a cohort can't be written. */
export type UnmatchedReason =
  /** None of the properties that may hold the id is filled. */
  | 'no_id'
  /** The id is one that Mixpanel made for a device. */
  | 'device_id'
  /** The property holds something that is no text or number. */
  | 'not_an_id'
  /** Longer than Braze takes. */
  | 'too_long';

/** A member as Mixpanel names it. */
export interface CohortMember {
  /** Tells members of one cohort apart: Mixpanel's distinct_id, or what stands in for it. */
  readonly id: string;
  /** Everything Mixpanel sent of it. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export type CohortAction = 'members' | 'add_members' | 'remove_members';

/** One call of Mixpanel's webhook. */
export interface CohortPage {
  readonly action: CohortAction;
  readonly projectId: string;
  /** Mixpanel's id of the cohort. */
  readonly cohortId: string;
  readonly name: string;
  readonly description: string;
  /** Of one export of the cohort; '' when none was given. */
  readonly session: string;
  /** From 1. */
  readonly page: number;
  readonly pages: number;
  readonly members: readonly CohortMember[];
  /** Of the members as they were sent: tells a page that is sent again from one that is another. */
  readonly digest: Uint8Array;
}

/** What became of a page: all three are successes for Mixpanel. */
export type Received =
  /** It is kept; `complete`: it was the last of its sync. */
  | { readonly kind: 'kept'; readonly cohort: number; readonly complete: boolean }
  /** It was here before. */
  | { readonly kind: 'repeated'; readonly cohort: number }
  /** A full view that began later is complete already. */
  | { readonly kind: 'outdated'; readonly cohort: number };

/** Cohorts of one Braze workspace: where they go and how members are known there; kept as connections are. */
export type StoredCohortImport = StoredConnection;

/** What an import does, as the serving process last said. */
export interface CohortImportStatus {
  readonly import: string;
  readonly state: ConnectionState;
  /** When something was last written to Braze; null when nothing was yet. */
  readonly writtenAt: number | null;
  /** When Mixpanel last called; null when it has not yet. */
  readonly receivedAt: number | null;
  readonly at: number;
}

/** A key that lets Mixpanel in, as one sees it afterwards: the key itself is shown once and stored as its digest. */
export interface ImportKey {
  readonly id: number;
  readonly import: string;
  readonly note: string;
  /** Its first characters, to tell keys apart. */
  readonly hint: string;
  readonly createdAt: number;
  readonly usedAt: number | null;
  /** From then on it lets nobody in; null: no end. */
  readonly endsAt: number | null;
}

export interface CohortImports {
  /** In order of name. Throws StateError `wrong_key` when a spec was sealed by a key that is not at hand. */
  list(): Promise<StoredCohortImport[]>;
  get(name: string): Promise<StoredCohortImport | undefined>;
  /** As `Connections.put`: throws StateError `revision_changed` or `exists`. */
  put(
    name: string,
    spec: unknown,
    at: number,
    paused?: boolean,
    expected?: number | 'none',
  ): Promise<void>;
  /** Throws StateError `no_such_import`, as remove does. */
  setPaused(name: string, paused: boolean, at: number): Promise<void>;
  /** Forgets it with its keys, cohorts and members. What it wrote to Braze stays there. */
  remove(name: string, at: number): Promise<void>;
  /** Changes whenever an import, or what a person wants of a cohort, is changed by whatever process. Cheap. */
  revision(): Promise<number>;

  addKey(key: {
    readonly import: string;
    readonly note: string;
    readonly hint: string;
    readonly digest: Uint8Array;
    readonly at: number;
  }): Promise<ImportKey>;
  /** Newest first. */
  keys(name: string): Promise<ImportKey[]>;
  /** Throws StateError `no_such_key`. */
  endKey(name: string, id: number, endsAt: number): Promise<void>;
  /** The import that a key lets into at this time, and notes the use. */
  useKey(digest: Uint8Array, at: number): Promise<string | undefined>;

  setStatus(status: CohortImportStatus): Promise<void>;
  statuses(): Promise<CohortImportStatus[]>;
}

/** Figures of one cohort. "In Braze" is what Braze was told and took; it says nothing of who exists there. */
export interface CohortFigures {
  /** Members that Mixpanel names, as complete views tell. */
  readonly members: number;
  /** Of these: that have no id for Braze. */
  readonly unmatched: number;
  /** Users, told apart by their Braze id, that are on the suppression list. */
  readonly suppressed: number;
  /** Users that Braze refused for good, or refused and that are tried again later. */
  readonly refused: number;
  /** Users that are in the cohort in Braze. */
  readonly inBraze: number;
  readonly pendingAdds: number;
  readonly pendingRemoves: number;
}

export interface Cohort extends CohortFigures {
  /** Ours. */
  readonly id: number;
  readonly import: string;
  readonly cohortId: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: number;
  /** When Mixpanel last called for it. */
  readonly receivedAt: number;
  /** When the last of its changes was written; null when none was yet. */
  readonly writtenAt: number | null;
  /** Removals wait for a person; null: they do not. */
  readonly held: CohortHold | null;
  /** It is being emptied in Braze, to be forgotten then. */
  readonly clearing: boolean;
}

export interface CohortHold {
  readonly since: number;
  /** Users that would leave. */
  readonly removes: number;
  /** Users that were in the cohort in Braze when this was seen. */
  readonly inBraze: number;
  /** full: the destination has no room for another cohort; approval does not help. */
  readonly why: 'share' | 'empties' | 'full';
}

/**
 * receiving: pages are missing, and nothing of it counts yet; applying: all are in; done; outdated: another full view came before it was complete;
 * expired: the rest of its pages never came, and nothing of it was applied.
 */
export type CohortSyncState = 'receiving' | 'applying' | 'done' | 'outdated' | 'expired';

/** One export of a cohort by Mixpanel, whole or as a difference. */
export interface CohortSync {
  readonly id: number;
  readonly cohort: number;
  readonly action: CohortAction;
  readonly session: string;
  readonly state: CohortSyncState;
  readonly pages: number;
  /** Numbers of the pages that are in, as ranges in order: `[[1, 4], [6, 6]]`. */
  readonly pagesIn: readonly (readonly [number, number])[];
  /** Members in the pages that are in. */
  readonly members: number;
  /** What it changed in the view of the cohort. */
  readonly added: number;
  readonly removed: number;
  readonly beganAt: number;
  /** When the last page came. */
  readonly receivedAt: number;
  readonly endedAt: number | null;
}

export interface CohortUser {
  /** See `CohortMember`; of a user that several members share, the last that came. */
  readonly member: string;
  /** Where a list goes on after it. */
  readonly cursor: string;
  readonly user: BrazeUser | null;
  /** Where it stands; a member is in one of these. */
  readonly state:
    | 'in'
    | 'pending_add'
    | 'pending_remove'
    | 'unmatched'
    | 'suppressed'
    | 'refused'
    | 'out';
  /** Why it is unmatched (see `UnmatchedReason`), or Braze's words. */
  readonly reason: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface CohortUserFilter {
  readonly state?: CohortUser['state'];
  /** Only members whose own id or Braze id begins with this. */
  readonly search?: string;
  /** The cursor of the last user of the page before. */
  readonly after?: string;
  readonly limit: number;
}

/** A write that is to be made: this user in or out of the cohort. */
export interface CohortChange {
  readonly user: BrazeUser;
  readonly member: boolean;
}

/** What counts for the guard, and what there is to write. */
export interface CohortPending {
  readonly adds: number;
  readonly removes: number;
  /** Of the removals: those that no person has approved. */
  readonly unapproved: number;
  /** Users in Braze now, or perhaps: a write whose answer never came counts. */
  readonly inBraze: number;
  /** Nobody is a member, and it was a full view that took out the last ones. */
  readonly empties: boolean;
  /** Removals must wait: a sync is not complete or not yet applied. */
  readonly isUnsettled: boolean;
}

/** How members are identified, and its fingerprint: when that changes, all members are identified anew. */
export interface Identification {
  readonly fingerprint: string;
  identify(fields: Readonly<Record<string, unknown>>): BrazeUser | UnmatchedReason;
}

/** What the settings of an import mean for what is stored by other ones. */
export interface CohortNow {
  readonly identification: Identification;
  /** Fingerprint of where cohorts are written to: when it changes, all members are written anew there. */
  readonly destination: string;
  /** Whether the destination is told of a cohort before it is written. */
  readonly announces: boolean;
}

export interface OpenCohort {
  readonly id: number;
  readonly name: CohortName;
  /** There is something to apply; else there may be something to write. */
  readonly toApply: boolean;
  /** It is to be announced before it is written: it is new, or has another name. */
  readonly toAnnounce: boolean;
  /** What other settings meant for it is not yet applied: nothing may be written before. */
  readonly isMoving: boolean;
  readonly held: CohortHold | null;
}

/** Membership of all cohorts: what Mixpanel says, and what Braze was told. */
export interface Cohorts {
  /** Durable before it is fulfilled. Makes the cohort when it is new. */
  receive(name: string, page: CohortPage, at: number): Promise<Received>;

  /** In order of name, then id; those after an id of that order. */
  list(filter: {
    import?: string;
    search?: string;
    after?: number;
    limit: number;
  }): Promise<Cohort[]>;
  get(id: number): Promise<Cohort | undefined>;
  /** By Mixpanel's id, or by its name where that is the only one. Throws StateError `no_such_cohort`, `ambiguous`. */
  find(text: string, name?: string): Promise<Cohort>;
  users(id: number, filter: CohortUserFilter): Promise<CohortUser[]>;
  /** Unmatched members by reason, and refused users by Braze's words, the most frequent first. */
  reasons(
    id: number,
  ): Promise<
    { readonly kind: 'unmatched' | 'refused'; readonly reason: string; readonly n: number }[]
  >;
  /** Sizes over time, the oldest first; at most one a minute. */
  sizes(
    id: number,
    since: number,
  ): Promise<{ readonly at: number; readonly members: number; readonly inBraze: number }[]>;
  /** Newest first. */
  syncs(id: number, filter: { before?: number; limit: number }): Promise<CohortSync[]>;

  // What the engine does.
  /** Cohorts that have something to do, in the order in which they were first seen. Cheap. */
  open(name: string, now: CohortNow, at: number): Promise<OpenCohort[]>;
  /** Ends syncs whose pages stopped coming before this time. */
  expire(name: string, before: number, at: number): Promise<void>;
  /** Does a bounded piece of what is to be applied; false when there was nothing left. */
  apply(id: number, now: CohortNow, at: number): Promise<boolean>;
  pending(id: number): Promise<CohortPending>;
  hold(id: number, hold: CohortHold | null): Promise<void>;
  /**
   * The next users to write, noted as in doubt until they are settled: a crash in between makes them be written again.
   * None that was written after `writtenBefore`; while syncs are not applied, no removal that is not approved; nobody of a cohort
   * that is gone.
   */
  claim(
    id: number,
    what: {
      readonly limit: number;
      readonly removes: boolean | 'approved';
      readonly writtenBefore: number;
    },
  ): Promise<CohortChange[]>;
  /** Braze took these, but for the refused, which are tried again at `againAt`; null: not before they change. */
  settle(
    id: number,
    written: readonly (CohortChange & {
      readonly refused?: { readonly detail: string; readonly againAt: number | null };
    })[],
    at: number,
  ): Promise<void>;
  /** It is called so in the destination now. */
  announced(id: number, as: string): Promise<void>;

  // What a person wants.
  /** Removals that are pending now may be written; those that are applied later, whenever they were said, may not. */
  approve(id: number, at: number): Promise<void>;
  /** Everybody is written again, whether it seems needed or not; refused users too. */
  resync(id: number, at: number): Promise<void>;
  /** `clear`: takes everybody out in Braze first. Else it is forgotten at once, and Braze stays as it is. */
  remove(id: number, clear: boolean, at: number): Promise<void>;

  suppress(name: string, users: readonly BrazeUser[], at: number): Promise<number>;
  unsuppress(name: string, users: readonly BrazeUser[], at: number): Promise<number>;
  /** In order of `keyOfUser`. */
  suppressed(
    name: string,
    filter: { after?: string; limit: number },
  ): Promise<{ readonly user: BrazeUser; readonly at: number }[]>;
  /** Forgets what is left of cohorts that are to be forgotten, and syncs and sizes of before this time. Gives how many rows. */
  prune(before: number): Promise<number>;
}

/** Where cohorts go. Lines are changes of one cohort, as `lineOfChange` writes them; a body holds one cohort alone. */
export interface CohortSink extends Sink {
  /** Requests of one cohort that may be under way at once. */
  readonly perCohort: number;
  /** Tells the destination of a cohort, or of its new name. Left out: it needs no telling. */
  announce?(cohort: CohortName, signal: AbortSignal): Promise<Answer>;
}

export interface CohortName {
  /** Mixpanel's. */
  readonly id: string;
  readonly name: string;
}

/** A line that a sink packs. */
export interface CohortLine extends CohortChange {
  readonly cohort: CohortName;
}

/** One text a user, in which two users are alike only if they are the same. */
export function keyOfUser(user: BrazeUser): string {
  return user.kind === 'user_alias'
    ? `user_alias:${JSON.stringify([user.label, user.name])}`
    : `${user.kind}:${user.id}`;
}

export function userOfKey(key: string): BrazeUser {
  const at = key.indexOf(':');
  const kind = key.slice(0, at) as BrazeUser['kind'];
  const rest = key.slice(at + 1);
  if (kind !== 'user_alias') return { kind, id: rest };
  const [label, name] = JSON.parse(rest) as [string, string];
  return { kind, label, name };
}

/** A change as JSON, ended by a line end: `{"cohort":{"id","name"},"user":{"kind","id"},"member":true}`. */
export function lineOfChange(cohort: CohortName, { user, member }: CohortChange): string {
  return `${JSON.stringify({ cohort, user, member } satisfies CohortLine)}\n`;
}
