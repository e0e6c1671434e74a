import type { CohortImports, Cohort, Cohorts, StoredCohortImport } from '../../core/cohorts.ts';
import { UsageError } from '../../core/errors.ts';
import { type CohortImportSpec, cohortImportSpec } from './spec.ts';

/** What a person manages of cohorts. It is all in the database, so that it may be done beside a running service. */
export interface CohortParts {
  readonly state: { readonly cohortImports: CohortImports; readonly cohorts: Cohorts };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Throws UsageError `no_such_import`. */
export async function storedImportOf(
  { state }: Pick<CohortParts, 'state'>,
  name: string,
): Promise<StoredCohortImport> {
  const found = await state.cohortImports.get(name);
  if (found) return found;
  const names = (await state.cohortImports.list()).map((each) => each.name);
  throw new UsageError('no_such_import', `There is no cohort import ${name}`, {
    hint: `There are: ${names.join(', ') || 'none yet'}`,
  });
}

/** Its settings; undefined when those stored are not valid. Throws UsageError `no_such_import`. */
export async function importSpecOf(
  parts: Pick<CohortParts, 'state'>,
  name: string,
): Promise<CohortImportSpec | undefined> {
  return cohortImportSpec.safeParse((await storedImportOf(parts, name)).spec).data;
}

/** Throws UsageError `no_such_cohort`. */
export async function cohortOf({ state }: Pick<CohortParts, 'state'>, id: number): Promise<Cohort> {
  const found = await state.cohorts.get(id);
  if (found) return found;
  throw new UsageError('no_such_cohort', `There is no cohort ${id}`);
}
