import { setTimeout as delay } from 'node:timers/promises';
import type { BrazeSandbox } from '../sandbox/braze-rest/server.ts';
import type { CohortBoard } from '../sandbox/mixpanel/cohort-board.ts';
import { EXAMPLE_COHORT, hasBrazeId } from '../sandbox/mixpanel/cohorts.ts';
import { number } from './terminal.ts';

/** Seconds between two syncs; Mixpanel itself takes 30 minutes. */
export const EVERY_SECONDS = 3;
const LOOK_MS = 50;
/** The cohort as users of Braze see it: Sluice's usual name for it. */
export const DEMO_ATTRIBUTE = `mp_cohort_${EXAMPLE_COHORT.id}`;

export interface DemoCohortOptions {
  /** Of the Mixpanel that computes the cohort. */
  readonly cohorts: CohortBoard;
  /** Where Sluice takes cohorts in, its key included. */
  readonly webhook: string;
  /** external_ids of the users who are in the cohort in Braze. */
  readonly inBraze: () => ReadonlySet<string>;
}

export interface DemoCohortFigures {
  readonly name: string;
  /** Members, as last synced. */
  readonly inMixpanel: number;
  /** Of these: that have no id for Braze. */
  readonly withoutId: number;
  readonly inBraze: number;
  /** Of the last sync. */
  readonly added: number;
  readonly removed: number;
  /** Why the last sync did not succeed; null when it did. */
  readonly why: string | null;
}

export interface DemoCohort {
  figures(): DemoCohortFigures;
  /** Syncs and waits until Braze holds exactly the members that have an id. False when the signal came first. */
  untilEqual(signal: AbortSignal): Promise<boolean>;
}

/** Mixpanel begins to sync the cohort of the demo. Its first sync is full, so begin when the first events are in. */
export async function startDemoCohort({
  cohorts,
  webhook,
  inBraze,
}: DemoCohortOptions): Promise<DemoCohort> {
  const id = await cohorts.define({
    ...EXAMPLE_COHORT,
    webhook: { url: webhook, everySeconds: EVERY_SECONDS },
  });

  /** Whether Braze comes to hold these before the next sync is due. */
  async function comes(wanted: readonly string[], signal: AbortSignal): Promise<boolean> {
    for (let left = (EVERY_SECONDS * 1000) / LOOK_MS; left > 0 && !signal.aborted; left--) {
      const held = inBraze();
      if (wanted.length === held.size && wanted.every((each) => held.has(each))) return true;
      await delay(LOOK_MS);
    }
    return false;
  }

  return {
    figures() {
      const synced = cohorts.synced(id);
      const members = [...(synced?.members ?? [])];
      return {
        name: EXAMPLE_COHORT.name,
        inMixpanel: members.length,
        withoutId: members.filter((each) => !hasBrazeId(each)).length,
        inBraze: inBraze().size,
        added: synced?.state.lastSync?.added ?? 0,
        removed: synced?.state.lastSync?.removed ?? 0,
        why: synced?.state.why ?? null,
      };
    },
    async untilEqual(signal) {
      while (!signal.aborted) {
        await orAborted(cohorts.syncNow(), signal);
        const result = cohorts.synced(id)?.state.lastSync?.result;
        if (result !== 'done') {
          await delay(LOOK_MS);
          continue;
        }
        // As it is now, not as it was synced: an event that came late must count.
        const wanted = [...(cohorts.view(id)?.members ?? [])].filter(hasBrazeId);
        if (await comes(wanted, signal)) return true;
      }
      return false;
    },
  };
}

/** Tries of a sync that fails take a minute, which nobody who has pressed Ctrl-C waits for. */
async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([work, aborted]);
}

/** external_ids of the users for whom the attribute of the demo's cohort is true. */
export function membersInBraze(braze: BrazeSandbox): ReadonlySet<string> {
  const members = new Set<string>();
  for (const user of braze.users(DEMO_ATTRIBUTE))
    if (user.kind === 'external_id' && braze.attributes(user)?.[DEMO_ATTRIBUTE] === true)
      members.add(user.id);
  return members;
}

/** `412 in Mixpanel, 405 in Braze, 7 without an id; +12 −5 in the last round` */
export function cohortFigures(figures: DemoCohortFigures): string {
  const { added, removed, why } = figures;
  const round = why === null ? `+${number(added)} −${number(removed)} in the last round` : why;
  return `${sizes(figures)}; ${round}`;
}

function sizes({ inMixpanel, inBraze, withoutId }: DemoCohortFigures): string {
  return `${number(inMixpanel)} in Mixpanel, ${number(inBraze)} in Braze, ${number(withoutId)} without an id`;
}

/** `cohort "…": 412 in Mixpanel, 405 in Braze, 7 without an id` */
export function cohortSizes(figures: DemoCohortFigures): string {
  return `cohort "${figures.name}": ${sizes(figures)}`;
}

/** `cohort "…": 412 in Mixpanel, 405 in Braze, 7 without an id; +12 −5 in the last round` */
export function cohortLine(figures: DemoCohortFigures): string {
  return `cohort "${figures.name}": ${cohortFigures(figures)}`;
}
