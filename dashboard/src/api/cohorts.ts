import type { Change, State } from './connections.ts';
import type { JsonObject } from './json.ts';

// Cohorts of Mixpanel, and the imports that bring them into Braze.

export interface Cohort {
  readonly id: number;
  readonly import: string;
  /** Mixpanel's. */
  readonly cohortId: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: string;
  readonly receivedAt: string;
  readonly writtenAt: string | null;
  readonly held: CohortHold | null;
  readonly clearing: boolean;
  readonly members: number;
  readonly unmatched: number;
  readonly suppressed: number;
  readonly refused: number;
  readonly inBraze: number;
  readonly pendingAdds: number;
  readonly pendingRemoves: number;
}

export interface CohortHold {
  readonly since: string;
  readonly removes: number;
  readonly inBraze: number;
  /** full: the array attribute has no room for another cohort; approval does not help. */
  readonly why: 'share' | 'empties' | 'full';
}

export interface CohortDetail extends Cohort {
  /** What its import is doing. */
  readonly state: State;
  readonly lastSync: CohortSync | null;
  /** Null: the settings of the import are not valid. */
  readonly filter: BrazeFilter | null;
  readonly warnings: readonly string[];
}

/** How a Braze segment finds the users of a cohort. */
export interface BrazeFilter {
  readonly kind: 'boolean' | 'array' | 'cohort' | 'file';
  readonly attribute: string | null;
  readonly comparison: string | null;
  readonly value: string | boolean | null;
  readonly words: string;
}

export interface CohortSync {
  readonly id: number;
  readonly action: 'members' | 'add_members' | 'remove_members';
  readonly session: string;
  readonly state: 'receiving' | 'applying' | 'done' | 'outdated' | 'expired';
  readonly pages: number;
  /** Ranges, first and last, in order. */
  readonly pagesIn: readonly (readonly number[])[];
  readonly members: number;
  readonly added: number;
  readonly removed: number;
  readonly beganAt: string;
  readonly receivedAt: string;
  readonly endedAt: string | null;
}

export interface CohortSize {
  readonly at: string;
  readonly members: number;
  readonly inBraze: number;
}

export type BrazeUser =
  | { readonly kind: 'external_id' | 'braze_id' | 'email'; readonly id: string }
  | { readonly kind: 'user_alias'; readonly label: string; readonly name: string };

export type CohortUserState =
  | 'in'
  | 'pending_add'
  | 'pending_remove'
  | 'unmatched'
  | 'suppressed'
  | 'refused'
  | 'out';

export interface CohortUser {
  readonly member: string;
  readonly user: BrazeUser | null;
  readonly state: CohortUserState;
  readonly reason: string | null;
  readonly fields: JsonObject;
}

export interface CohortReason {
  readonly kind: 'unmatched' | 'refused';
  readonly reason: string;
  readonly n: number;
}

export interface CohortDryRun {
  readonly adds: number;
  readonly removes: number;
  readonly writes: number;
  readonly dataPoints: number | null;
  readonly guard: {
    readonly verdict: 'none' | 'free' | 'held' | 'unsettled';
    readonly why: CohortHold['why'] | null;
    readonly words: string;
  };
  readonly sample: readonly (CohortUser & { readonly change: 'add' | 'remove' })[];
}

export interface CohortImport {
  readonly name: string;
  readonly destination: { readonly kind: string; readonly place: string };
  readonly state: State;
  readonly paused: boolean;
  /** That let Mixpanel in now. */
  readonly keys: number;
  readonly receivedAt: string | null;
  readonly writtenAt: string | null;
  readonly createdAt: string;
  readonly revision: number;
}

export interface CohortImportDetail extends CohortImport {
  readonly spec: JsonObject;
  /** Called with a key as the password, or with a key in the place of the name. */
  readonly receiveUrl: string;
  readonly warnings: readonly string[];
}

export interface SavedImport {
  readonly import: CohortImportDetail;
  readonly changes?: readonly Change[];
  readonly warnings: readonly string[];
}

export interface ImportKey {
  readonly id: number;
  readonly import: string;
  readonly note: string;
  /** Its first characters. */
  readonly hint: string;
  readonly createdAt: string;
  readonly usedAt: string | null;
  readonly endsAt: string | null;
}

export interface NewImportKey extends ImportKey {
  /** Shown this once. */
  readonly key: string;
  readonly oldEndsAt?: string;
}

export interface BrazeInstance {
  readonly name: string;
  readonly url: string;
}

export interface Suppressed {
  readonly user: BrazeUser;
  readonly at: string;
}
