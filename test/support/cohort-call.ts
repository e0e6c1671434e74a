import { identification } from '../../src/cohorts/identity.ts';
import type { CohortNow } from '../../src/core/cohorts.ts';
import type { State } from '../../src/state/state.ts';

/** One call of Mixpanel's webhook. Its members: `u1` and so on, by number, or as they are given. */
export function cohortCall(
  cohort: string,
  members: readonly (number | Readonly<Record<string, unknown>>)[],
  more: Readonly<Record<string, unknown>> = {},
  action = 'members',
): Record<string, unknown> {
  return {
    action,
    parameters: {
      mixpanel_project_id: '991',
      mixpanel_cohort_id: cohort,
      mixpanel_cohort_name: `Cohort ${cohort}`,
      mixpanel_cohort_description: 'Clicked an email, no purchase for 7 days',
      mixpanel_session_id: `session-${cohort}`,
      page_info: { total_pages: 1, page_count: 1 },
      members: members.map((each) =>
        typeof each === 'number'
          ? { mixpanel_distinct_id: `u${each}`, email: `u${each}@example.com` }
          : each,
      ),
      ...more,
    },
  };
}

/** `u1` up to a number. */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

/** As an import has it that says nothing of identity. */
export const USUAL_IDENTITY = identification({
  properties: ['$braze_external_id', 'mixpanel_distinct_id'],
  as: 'external_id',
});

const NOW: CohortNow = { identification: USUAL_IDENTITY, destination: 'tests', announces: false };

/** Applies what was received, as the service does; writes nothing. */
export async function applyCohorts({ cohorts }: Pick<State, 'cohorts'>): Promise<void> {
  for (const { id } of await cohorts.list({ limit: 100 }))
    while (await cohorts.apply(id, NOW, Date.now()));
}

/** Writes all that is pending of a cohort, as a destination that takes everything. */
export async function writeCohort({ cohorts }: Pick<State, 'cohorts'>, id: number): Promise<void> {
  for (;;) {
    const changes = await cohorts.claim(id, {
      limit: 1000,
      removes: true,
      at: Date.now(),
      spacingMs: 0,
    });
    if (changes.length === 0) return;
    await cohorts.settle(id, changes, Date.now());
  }
}
