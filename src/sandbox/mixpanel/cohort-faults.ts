import { randomUUID } from 'node:crypto';
import { Random, seedOf } from '../braze/random.ts';
import type { PlannedCall } from './cohort-plan.ts';

/**
 * What a receiver must survive. None of it changes who is in the cohort when the sync has ended:
 * - `shuffled`: pages come in any order;
 * - `repeated`: a page comes once more, right away or later;
 * - `abandoned`: an export of the same members is broken off halfway, then made anew;
 * - `interleaved`: two whole exports of the same members come page by page in turn;
 * - `listed-twice`: a page names a member twice;
 * - `renamed`: from now on the cohort has another name;
 * - `recreated`: the cohort was deleted and made again under the same id, so it is sent whole.
 */
export const COHORT_FAULTS = [
  'shuffled',
  'repeated',
  'abandoned',
  'interleaved',
  'listed-twice',
  'renamed',
  'recreated',
] as const;
export type CohortFault = (typeof COHORT_FAULTS)[number];

export interface CohortFaultOptions {
  /** The same seed gives the same faults for the same cohorts. */
  readonly seed: string;
  /** Probability that a fault strikes a sync, for each on its own. Default 0.3. */
  readonly share?: number;
  /** Default all. */
  readonly kinds?: readonly CohortFault[];
}

export interface CohortFaultScript {
  /** Which faults strike the next sync. */
  draw(): ReadonlySet<CohortFault>;
  /** The calls of a sync as those of the faults that concern them make it. */
  distort(calls: readonly PlannedCall[], faults: ReadonlySet<CohortFault>): PlannedCall[];
}

export function createCohortFaults({
  seed,
  share = 0.3,
  kinds = COHORT_FAULTS,
}: CohortFaultOptions): CohortFaultScript {
  const random = new Random(seedOf(`${seed}/cohort faults`));

  function shuffle(calls: PlannedCall[]): void {
    for (let at = calls.length - 1; at > 0; at--) {
      const other = random.below(at + 1);
      [calls[at], calls[other]] = [calls[other]!, calls[at]!];
    }
  }

  /** The same calls as an export of its own. */
  function again(calls: readonly PlannedCall[]): PlannedCall[] {
    const sessions = new Map<string, string>();
    return calls.map((call) => {
      const session = sessions.get(call.session) ?? randomUUID();
      sessions.set(call.session, session);
      return { ...call, session };
    });
  }

  function listTwice(calls: PlannedCall[]): void {
    const filled = calls.flatMap(({ ids }, at) => (ids.length > 0 ? [at] : []));
    if (filled.length === 0) return;
    const at = random.pick(filled);
    const call = calls[at]!;
    calls[at] = { ...call, ids: [...call.ids, random.pick(call.ids)] };
  }

  return {
    // Every kind is drawn for, so that leaving one out does not change when the others strike.
    draw: () =>
      new Set(COHORT_FAULTS.filter((kind) => random.chance(share) && kinds.includes(kind))),
    distort(planned, faults) {
      let calls = [...planned];
      if (faults.has('listed-twice')) listTwice(calls);
      if (faults.has('shuffled')) shuffle(calls);
      if (faults.has('repeated')) {
        const at = random.below(calls.length);
        calls.splice(random.between(at + 1, calls.length), 0, calls[at]!);
      }
      if (faults.has('interleaved')) {
        const others = again(calls);
        calls = calls.flatMap((call, at) => [call, others[at]!]);
      }
      if (faults.has('abandoned'))
        calls = [...again(planned).slice(0, random.below(planned.length)), ...calls];
      return calls;
    },
  };
}
