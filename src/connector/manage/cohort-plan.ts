import { judge } from '../../cohorts/guard.ts';
import type { CohortHold, CohortPending, CohortUser } from '../../core/cohorts.ts';
import { type CohortParts, cohortOf, importSpecOf } from '../cohorts/parts.ts';
import type { CohortImportSpec } from '../cohorts/spec.ts';

/** What would be sent now, and what for. Nothing is. */
export interface DryRun {
  readonly adds: number;
  readonly removes: number;
  readonly writes: number;
  /** An estimate, for contracts that count them; null: the settings of the import are not valid. */
  readonly dataPoints: number | null;
  /** What happens to the removals. */
  readonly guard: {
    /** none: there are none; free: they are written; held: they wait for a person, or for room; unsettled: for the rest of a sync. */
    readonly verdict: 'none' | 'free' | 'held' | 'unsettled';
    readonly why: CohortHold['why'] | null;
    readonly words: string;
  };
  /** The first of each kind. */
  readonly sample: readonly (CohortUser & { readonly change: 'add' | 'remove' })[];
}

const SAMPLE = 10;

/** Throws UsageError `no_such_cohort`. */
export async function dryRun(parts: CohortParts, id: number): Promise<DryRun> {
  const { state } = parts;
  const cohort = await cohortOf(parts, id);
  const spec = await importSpecOf(parts, cohort.import);
  const pending = await state.cohorts.pending(id);
  const { adds, removes } = pending;
  const some = async (kind: CohortUser['state'], change: 'add' | 'remove') =>
    (await state.cohorts.users(id, { state: kind, limit: SAMPLE })).map((user) => ({
      ...user,
      change,
    }));
  return {
    ...{ adds, removes, writes: adds + removes },
    dataPoints: spec ? dataPointsOf(spec, adds + removes) : null,
    guard: verdictOf(pending, cohort.held, spec, parts.now()),
    sample: [...(await some('pending_add', 'add')), ...(await some('pending_remove', 'remove'))],
  };
}

/** Writing everybody again: who is in or to be in, who is still to leave, and who was refused. Throws UsageError `no_such_cohort`. */
export async function resyncCost(
  parts: CohortParts,
  id: number,
): Promise<{ readonly writes: number; readonly dataPoints: number | null }> {
  const cohort = await cohortOf(parts, id);
  const spec = await importSpecOf(parts, cohort.import);
  const writes = cohort.inBraze + cohort.pendingAdds + cohort.refused;
  return { writes, dataPoints: spec ? dataPointsOf(spec, writes) : null };
}

/** Braze counts one a value that is written, changed or not; files that are imported for segments log none. */
function dataPointsOf({ destination }: CohortImportSpec, writes: number): number {
  return destination.kind === 'file' ? 0 : writes;
}

/** What the guard would say now; the engine asks it again before it writes. */
function verdictOf(
  pending: CohortPending,
  held: CohortHold | null,
  spec: CohortImportSpec | undefined,
  at: number,
): DryRun['guard'] {
  const { removes, isUnsettled } = pending;
  if (held?.why === 'full')
    return {
      ...{ verdict: 'held', why: 'full' },
      words: 'Nothing is written: the destination has no room for another cohort.',
    };
  if (removes === 0) return { verdict: 'none', why: null, words: 'Nobody is to be taken out.' };
  if (isUnsettled)
    return {
      ...{ verdict: 'unsettled', why: null },
      words: 'Nobody is taken out without approval before all pages of the sync are in.',
    };
  const hold = spec ? judge(pending, spec.guard, held, at).hold : held;
  if (!hold) return { verdict: 'free', why: null, words: 'They are taken out without asking.' };
  return {
    ...{ verdict: 'held', why: hold.why },
    words:
      hold.why === 'empties'
        ? 'The cohort would be empty: that waits for a person.'
        : `${pending.unapproved} of ${pending.inBraze} users would leave: that waits for a person.`,
  };
}
