import type { Cohort, CohortSync, State } from '../../api.ts';

/** Where a cohort stands: one word for all that may go on. */
export type Standing =
  | { readonly kind: 'clearing' | 'held' | 'full' | 'paused' | 'applying' | 'writing' | 'written' }
  | { readonly kind: 'halted' | 'retrying'; readonly why: string | undefined }
  | { readonly kind: 'receiving'; readonly pages: number; readonly of: number };

/** What a person must see first comes first. */
export function standingOf(
  cohort: Pick<Cohort, 'clearing' | 'held' | 'pendingAdds' | 'pendingRemoves'>,
  state: State | undefined,
  lastSync: CohortSync | null | undefined,
): Standing {
  if (cohort.held) return { kind: cohort.held.why === 'full' ? 'full' : 'held' };
  if (state?.kind === 'halted' || state?.kind === 'retrying')
    return { kind: state.kind, why: state.detail };
  if (cohort.clearing) return { kind: 'clearing' };
  if (lastSync?.state === 'receiving')
    return { kind: 'receiving', pages: countPages(lastSync), of: lastSync.pages };
  if (state?.kind === 'paused') return { kind: 'paused' };
  if (lastSync?.state === 'applying') return { kind: 'applying' };
  return { kind: cohort.pendingAdds + cohort.pendingRemoves > 0 ? 'writing' : 'written' };
}

/** How many pages of a sync are in. */
export function countPages({ pagesIn }: Pick<CohortSync, 'pagesIn'>): number {
  return pagesIn.reduce((sum, [from = 0, to = 0]) => sum + to - from + 1, 0);
}
