import * as z from 'zod';
import { COHORT_FAULTS, type CohortFaultOptions } from './cohort-faults.ts';
import { type CohortSync, type CohortSyncState, createCohortSync } from './cohort-sync.ts';
import { webhookSchema } from './cohort-webhook.ts';
import { cohortDefinitionSchema, type CohortView, viewCohort } from './cohorts.ts';
import type { SandboxState } from './sandbox.ts';

/** Mixpanel syncs every 30 minutes; nobody waits that long for a sandbox. */
const EVERY_SECONDS = 10;
const FIRST_ID = 4_242_001;

const cohortWebhookSchema = webhookSchema.extend({
  /** Seconds from the end of a sync to the next. */
  everySeconds: z.number().positive().default(EVERY_SECONDS),
  /** Members a page. */
  pageSize: z.int().min(1).default(1000),
  /** What the waits between tries are multiplied by. */
  timeScale: z.number().min(0).default(1),
  faults: z
    .strictObject({
      seed: z.string(),
      share: z.number().min(0).max(1).optional(),
      kinds: z.array(z.enum(COHORT_FAULTS)).optional(),
    })
    .optional(),
});

/** A cohort of the sandbox, and where it is synced to. */
export const sandboxCohortSchema = z.strictObject({
  ...cohortDefinitionSchema.shape,
  /** Left out: the next that is free. */
  id: cohortDefinitionSchema.shape.id.optional(),
  /** Left out: the cohort is computed and sent nowhere. */
  webhook: cohortWebhookSchema.optional(),
});

export type SandboxCohortInput = z.input<typeof sandboxCohortSchema>;
type SandboxCohort = z.output<typeof sandboxCohortSchema> & { readonly id: string };

export interface SandboxCohortState {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly did: SandboxCohort['did'];
  readonly didNot: SandboxCohort['didNot'] | null;
  /** Now. */
  readonly members: number;
  /** Without path, which may hold a key; null when it is synced nowhere. */
  readonly webhook: { readonly origin: string; readonly everySeconds: number } | null;
  /** Null before the first. */
  readonly sync: Omit<CohortSyncState, 'id' | 'name' | 'members'> | null;
}

export interface SyncedCohort {
  /** distinct_ids. */
  readonly members: ReadonlySet<string>;
  readonly state: CohortSyncState;
}

/** The cohorts of the sandbox's project. */
export interface CohortBoard {
  /**
   * Adds a cohort, or puts it in the place of the one with its id: its sync then goes on from where it was unless the
   * webhook is another, and is taken up if it was paused. Fulfilled with its id. Rejects with ZodError.
   */
  define(input: SandboxCohortInput): Promise<string>;
  /** Deletes a cohort; false when there is none. Its receiver is not told, as Mixpanel tells nobody. */
  remove(id: string): Promise<boolean>;
  /** Who is in a cohort now; undefined when there is none. */
  view(id: string): CohortView | undefined;
  list(): SandboxCohortState[];
  /** A cohort as it was last synced: cheap, for `view` and `list` look at all events. Undefined before the first sync. */
  synced(id: string): SyncedCohort | undefined;
  /** Syncs at once what has a webhook. */
  syncNow(): Promise<void>;
  close(): Promise<void>;
}

interface Entry {
  cohort: SandboxCohort;
  sync: CohortSync | undefined;
}

export function createCohortBoard(state: SandboxState): CohortBoard {
  const entries = new Map<string, Entry>();

  function viewOf({ cohort }: Entry): CohortView {
    const { store, switches, clock } = state;
    const end = switches.cohortWindow === 'now' ? clock() : (store.newestTime ?? clock());
    return viewCohort(store, switches, cohort, end);
  }

  function syncOf(entry: Entry): CohortSync | undefined {
    const { webhook } = entry.cohort;
    if (!webhook) return undefined;
    const { everySeconds, pageSize, timeScale, faults, ...target } = webhook;
    const sync = createCohortSync({
      webhook: target,
      projectId: state.credentials.projectId,
      switches: state.switches,
      read: () => [viewOf(entry)],
      pageSize,
      timeScale,
      clock: state.clock,
      ...(faults && { faults: faultsOf(faults) }),
    });
    sync.start(everySeconds * 1000);
    return sync;
  }

  const syncs = (): CohortSync[] =>
    [...entries.values()].flatMap(({ sync }) => (sync ? [sync] : []));

  return {
    async define(input) {
      const given = sandboxCohortSchema.parse(input);
      const cohort = { ...given, id: given.id ?? freeId(entries) };
      const before = entries.get(cohort.id);
      if (before && isSame(before.cohort.webhook, cohort.webhook)) {
        before.cohort = cohort;
        before.sync?.resume();
        return cohort.id;
      }
      const entry: Entry = { cohort, sync: undefined };
      entries.set(cohort.id, entry);
      await before?.sync?.close();
      entry.sync = syncOf(entry);
      return cohort.id;
    },
    async remove(id) {
      const entry = entries.get(id);
      entries.delete(id);
      await entry?.sync?.close();
      return entry !== undefined;
    },
    view(id) {
      const entry = entries.get(id);
      return entry && viewOf(entry);
    },
    list: () => Array.from(entries.values(), (entry) => stateOf(entry, viewOf(entry))),
    synced(id) {
      const sync = entries.get(id)?.sync;
      const state = sync?.cohorts()[0];
      return sync && state && { members: sync.members(id), state };
    },
    async syncNow() {
      await Promise.all(syncs().map(async (sync) => sync.syncNow()));
    },
    async close() {
      await Promise.all(syncs().map(async (sync) => sync.close()));
    },
  };
}

function stateOf({ cohort, sync }: Entry, { members }: CohortView): SandboxCohortState {
  const { id, name, description, did, didNot, webhook } = cohort;
  const state = sync?.cohorts()[0];
  return {
    id,
    name,
    description,
    did,
    didNot: didNot ?? null,
    members: members.size,
    webhook: webhook
      ? { origin: new URL(webhook.url).origin, everySeconds: webhook.everySeconds }
      : null,
    sync: state
      ? {
          lastSync: state.lastSync,
          syncedAt: state.syncedAt,
          paused: state.paused,
          why: state.why,
        }
      : null,
  };
}

function faultsOf({
  seed,
  share,
  kinds,
}: NonNullable<NonNullable<SandboxCohort['webhook']>['faults']>): CohortFaultOptions {
  return { seed, ...(share !== undefined && { share }), ...(kinds && { kinds }) };
}

function isSame(a: SandboxCohort['webhook'], b: SandboxCohort['webhook']): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function freeId(entries: ReadonlyMap<string, unknown>): string {
  let id = FIRST_ID;
  while (entries.has(String(id))) id++;
  return String(id);
}
