import { setTimeout as delay } from 'node:timers/promises';
import type { CohortBoard } from '../sandbox/mixpanel/cohort-board.ts';
import { EXAMPLE_COHORT, hasBrazeId } from '../sandbox/mixpanel/cohorts.ts';
import { number } from './terminal.ts';

/** Seconds between two syncs; Mixpanel itself takes 30 minutes. */
const EVERY_SECONDS = 3;
const LOOK_MS = 50;

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
  /** Members now. */
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
  /** Syncs and waits until Braze holds exactly the members that have an id. */
  untilEqual(signal: AbortSignal): Promise<void>;
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
  const members = (): readonly string[] => [...(cohorts.view(id)?.members ?? [])];

  function isEqual(): boolean {
    const wanted = members().filter(hasBrazeId);
    const held = inBraze();
    return wanted.length === held.size && wanted.every((each) => held.has(each));
  }

  return {
    figures() {
      const all = members();
      const sync = cohorts.list().find((each) => each.id === id)?.sync;
      return {
        name: EXAMPLE_COHORT.name,
        inMixpanel: all.length,
        withoutId: all.filter((each) => !hasBrazeId(each)).length,
        inBraze: inBraze().size,
        added: sync?.lastSync?.added ?? 0,
        removed: sync?.lastSync?.removed ?? 0,
        why: sync?.why ?? null,
      };
    },
    async untilEqual(signal) {
      await cohorts.syncNow();
      while (!signal.aborted && !isEqual()) await delay(LOOK_MS);
    },
  };
}

/** `cohort "…": 412 in Mixpanel, 405 in Braze, 7 without an id; +12 −5 in the last round` */
export function cohortLine(figures: DemoCohortFigures): string {
  const { name, inMixpanel, inBraze, withoutId, added, removed, why } = figures;
  const round = why === null ? `+${number(added)} −${number(removed)} in the last round` : why;
  return `cohort "${name}": ${number(inMixpanel)} in Mixpanel, ${number(inBraze)} in Braze, ${number(withoutId)} without an id; ${round}`;
}
