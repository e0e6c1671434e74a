import { ProfileStore } from './profiles.ts';
import type { PartnerCohorts } from './partner.ts';
import { createFaults, type FaultEngine } from './faults.ts';
import {
  BRAZE_DEMO_CREDENTIALS,
  type BrazeSandboxOptions,
  type BrazeSwitches,
  credentialsSchema,
  switchesSchema,
} from './options.ts';
import { createWindows, type WindowState } from './windows.ts';

export interface BrazeTally {
  requests: number;
  /** By HTTP status; `reset` and `stalled` are requests that a fault left without an answer. */
  readonly byStatus: Record<string, number>;
  /** By path, the partner's name left out. */
  readonly byPath: Record<string, number>;
  /** Ids in the membership changes of the partner endpoints: what Braze bills there. */
  partnerIds: number;
}

/** Everything the sandbox knows. */
export interface Workspace {
  readonly profiles: ProfileStore;
  readonly cohorts: PartnerCohorts;
  readonly faults: FaultEngine;
  readonly clock: () => number;
  readonly takeTrack: () => WindowState;
  readonly takePartner: () => WindowState;
  switches: BrazeSwitches;
  credentials: ReturnType<typeof credentialsSchema.parse>;
  tally: BrazeTally;
}

export function createWorkspace(options: BrazeSandboxOptions): Workspace {
  const clock = options.clock ?? Date.now;
  const profiles = new ProfileStore(options.existing === 'all');
  for (const user of options.users ?? []) profiles.add(user);
  return {
    profiles,
    cohorts: new Map(),
    faults: createFaults(clock),
    clock,
    takeTrack: createWindows(options.trackLimit ?? { requests: 3000, seconds: 3 }, clock),
    takePartner: createWindows(options.partnerLimit ?? { requests: 250_000, seconds: 3600 }, clock),
    switches: switchesSchema.parse(options.switches ?? {}),
    credentials: credentialsSchema.parse(options.credentials ?? BRAZE_DEMO_CREDENTIALS),
    tally: newTally(),
  };
}

export function newTally(): BrazeTally {
  return { requests: 0, byStatus: {}, byPath: {}, partnerIds: 0 };
}

/** Forgets attributes, cohorts and counts; users, credentials and faults stay. */
export function resetWorkspace(workspace: Workspace): void {
  workspace.profiles.clear();
  workspace.cohorts.clear();
  workspace.tally = newTally();
}
