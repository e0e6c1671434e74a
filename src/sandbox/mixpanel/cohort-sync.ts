import { setTimeout as delay } from 'node:timers/promises';
import {
  type CohortFaultOptions,
  type CohortFaultScript,
  createCohortFaults,
} from './cohort-faults.ts';
import { bodyOf, planSync, type PlannedCall } from './cohort-plan.ts';
import { callWebhook, type Webhook } from './cohort-webhook.ts';
import { type CohortView, memberFields } from './cohorts.ts';
import type { Switches } from './switches.ts';

const PAGE_SIZE = 1000;
/** So long the view of the last sync that succeeded is kept. */
const SNAPSHOT_MS = 3 * 86_400_000;
const ANSWER_TIMEOUT_MS = 30_000;

export type CohortSwitches = Pick<Switches, 'cohortFirstSync' | 'cohortSessions' | 'cohortIds'>;

export interface CohortSyncOptions {
  readonly webhook: Webhook;
  readonly projectId: string;
  readonly switches: CohortSwitches;
  /** The cohorts as they are now. One that is missing was deleted; one that comes back is new. */
  readonly read: () => readonly CohortView[];
  /** What is sent of a member; {@link memberFields} when left out. */
  readonly fields?: (distinctId: string) => Readonly<Record<string, unknown>>;
  /** Members a page, 1,000 when left out. */
  readonly pageSize?: number;
  /** What the waits between tries are multiplied by; 1, the default, is 60 seconds for five of them. */
  readonly timeScale?: number;
  readonly answerTimeoutMs?: number;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  readonly faults?: CohortFaultOptions;
}

/** What became of the last sync of a cohort. */
export interface CohortSyncEnd {
  readonly at: number;
  /** `failed`: it is made anew in the next cycle. `refused`: the sync is paused. */
  readonly result: 'done' | 'failed' | 'refused';
  /** Everybody was sent, not a difference. */
  readonly isFull: boolean;
  /** Of a full sync: in relation to the last one that succeeded. */
  readonly added: number;
  readonly removed: number;
  /** Pages that were taken. */
  readonly pages: number;
}

export interface CohortSyncState {
  readonly id: string;
  readonly name: string;
  /** As computed for the last sync. */
  readonly members: number;
  readonly lastSync: CohortSyncEnd | null;
  /** When a sync last succeeded. */
  readonly syncedAt: number | null;
  readonly paused: boolean;
  /** Why the last sync did not succeed: the receiver's words, or what was wrong with its answer. */
  readonly why: string | null;
}

export interface CohortSync {
  /** Syncs every cohort that is not paused, after the cycle under way if there is one. Fulfilled with all states. */
  syncNow(): Promise<CohortSyncState[]>;
  /** A cycle now, and another so many milliseconds after the end of each. */
  start(everyMs: number): void;
  cohorts(): CohortSyncState[];
  /** distinct_ids as computed for the last sync, or for the one under way; none for a cohort that is not known. */
  members(id: string): ReadonlySet<string>;
  /** Takes up a paused sync in the next cycle; without an id, all. */
  resume(id?: string): void;
  /** Breaks off what is under way. */
  close(): Promise<void>;
}

interface Known {
  view: CohortView;
  /** Of the last sync that succeeded. */
  snapshot: { readonly members: ReadonlySet<string>; readonly at: number } | undefined;
  lastSync: CohortSyncEnd | null;
  syncedAt: number | null;
  paused: boolean;
  why: string | null;
  renamed: number;
}

/**
 * Syncs cohorts to one webhook as Mixpanel documents: the whole cohort first, then in each cycle who entered and who
 * left since the last sync that succeeded, in pages, one after the other. 400, 401, 403 and 404 pause the sync; anything
 * else that is no success is tried again five times, then given up until the next cycle, which begins from page 1 and
 * from the same snapshot. A snapshot older than three days is lost, and the whole cohort is sent again.
 */
export function createCohortSync(options: CohortSyncOptions): CohortSync {
  const { clock = Date.now, read, switches } = options;
  const script = options.faults && createCohortFaults(options.faults);
  const aborter = new AbortController();
  const { signal } = aborter;
  const known = new Map<string, Known>();
  let underWay: Promise<unknown> = Promise.resolve();
  let timer: Promise<void> | undefined;

  async function cycle(): Promise<void> {
    const views = read();
    const ids = new Set(views.map(({ id }) => id));
    for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    for (const view of views) {
      const members = new Set(view.members);
      const cohort = known.get(view.id) ?? newlyKnown(view);
      cohort.view = { ...view, members };
      known.set(view.id, cohort);
    }
    for (const cohort of known.values())
      if (!cohort.paused && !signal.aborted) await syncOne(cohort);
  }

  async function syncOne(cohort: Known): Promise<void> {
    const { members } = cohort.view;
    const now = clock();
    if (cohort.snapshot && now - cohort.snapshot.at > SNAPSHOT_MS) cohort.snapshot = undefined;
    const before = cohort.snapshot?.members;
    const calls = callsOf(cohort, script);
    const end: Mutable<CohortSyncEnd> = {
      at: now,
      result: 'done',
      isFull: calls.some(({ action }) => action === 'members'),
      added: sizeWithout(members, before),
      removed: before ? sizeWithout(before, members) : 0,
      pages: 0,
    };
    cohort.why = null;
    for (const call of calls) {
      const outcome = await send(cohort, call);
      if (outcome.kind === 'taken') {
        end.pages++;
        continue;
      }
      end.result = outcome.kind;
      cohort.why = outcome.why;
      cohort.paused = outcome.kind === 'refused';
      break;
    }
    cohort.lastSync = end;
    if (end.result !== 'done') return;
    cohort.snapshot = { members, at: now };
    cohort.syncedAt = now;
  }

  function callsOf(cohort: Known, faults: CohortFaultScript | undefined): PlannedCall[] {
    const { cohortFirstSync, cohortSessions } = switches;
    const pageSize = options.pageSize ?? PAGE_SIZE;
    const struck = faults?.draw();
    if (struck?.has('renamed')) cohort.renamed++;
    const isRecreated = struck?.has('recreated') === true;
    // Made again under its id, only the whole cohort tells who is no longer in it.
    const first = isRecreated ? 'members' : cohortFirstSync;
    const since = isRecreated ? undefined : cohort.snapshot?.members;
    const calls = planSync(cohort.view.members, since, first, pageSize, cohortSessions);
    return faults && struck ? faults.distort(calls, struck) : calls;
  }

  async function send(cohort: Known, call: PlannedCall): ReturnType<typeof callWebhook> {
    const shown = { ...cohort.view, name: nameOf(cohort) };
    const fields = options.fields ?? memberFields;
    return callWebhook(
      options.webhook,
      bodyOf(call, shown, options.projectId, switches.cohortIds, fields),
      {
        timeoutMs: options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
        timeScale: options.timeScale ?? 1,
        signal,
      },
    );
  }

  const states = (): CohortSyncState[] =>
    Array.from(known.values(), (cohort) => ({
      id: cohort.view.id,
      name: nameOf(cohort),
      members: cohort.view.members.size,
      lastSync: cohort.lastSync,
      syncedAt: cohort.syncedAt,
      paused: cohort.paused,
      why: cohort.why,
    }));

  async function syncNow(): Promise<CohortSyncState[]> {
    const mine = underWay.then(cycle, cycle);
    underWay = mine;
    try {
      await mine;
    } catch (error) {
      // What was broken off by closing is no failure.
      if (!signal.aborted) throw error;
    }
    return states();
  }

  async function everySo(ms: number): Promise<void> {
    while (!signal.aborted) {
      await syncNow();
      await delay(ms, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    syncNow,
    start(everyMs) {
      timer ??= everySo(everyMs);
    },
    cohorts: states,
    members: (id) => known.get(id)?.view.members ?? new Set(),
    resume(id) {
      for (const cohort of known.values())
        if (id === undefined || cohort.view.id === id) cohort.paused = false;
    },
    async close() {
      aborter.abort();
      await Promise.allSettled([timer, underWay]);
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function newlyKnown(view: CohortView): Known {
  return {
    view,
    snapshot: undefined,
    lastSync: null,
    syncedAt: null,
    paused: false,
    why: null,
    renamed: 0,
  };
}

function nameOf({ view, renamed }: Known): string {
  return renamed === 0 ? view.name : `${view.name} (${renamed + 1})`;
}

function sizeWithout(some: ReadonlySet<string>, others: ReadonlySet<string> | undefined): number {
  if (!others) return some.size;
  let n = 0;
  for (const each of some) if (!others.has(each)) n++;
  return n;
}
