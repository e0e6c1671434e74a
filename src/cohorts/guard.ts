import type { CohortHold, CohortPending } from '../core/cohorts.ts';

/** When removals wait for a person. */
export interface GuardSettings {
  /** Of those who are in Braze; a larger one waits. */
  readonly share: number;
  /** Fewer removals never wait. */
  readonly atLeast: number;
  /** Whether a full view that empties a cohort waits. */
  readonly empties: boolean;
}

/** What may be written of a cohort now. */
export interface Verdict {
  readonly adds: boolean;
  /** approved: those that a person approved, or wants. */
  readonly removes: true | 'approved';
  readonly hold: CohortHold | null;
}

/**
 * Removals wait until every page of every sync is in, so that their share is that of all of them together; then until a
 * person approves them, where there are too many. `held`: what has been waiting so far. `at`: milliseconds since the
 * epoch.
 */
export function judge(
  pending: CohortPending,
  { share, atLeast, empties }: GuardSettings,
  held: CohortHold | null,
  at: number,
): Verdict {
  const { unapproved, inBraze, isUnsettled } = pending;
  if (isUnsettled) return { adds: true, removes: 'approved', hold: held };
  const isTooMany = unapproved >= Math.max(1, atLeast) && unapproved > share * inBraze;
  const isEmptied = empties && pending.empties && unapproved > 0;
  if (!isTooMany && !isEmptied) return { adds: true, removes: true, hold: null };
  const why = isEmptied ? 'empties' : 'share';
  return {
    adds: true,
    removes: 'approved',
    hold: { since: held?.since ?? at, removes: unapproved, inBraze, why },
  };
}
