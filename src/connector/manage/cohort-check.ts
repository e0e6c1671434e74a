import { InputError } from '../../core/errors.ts';
import { type CohortCheck, checkDestination } from '../cohorts/check.ts';
import { type CohortParts, storedImportOf } from '../cohorts/parts.ts';
import { type CohortImportSpec, cohortImportSpec } from '../cohorts/spec.ts';
import { inWords, wrongPlaces } from '../issues.ts';
import { IMPORT_SECRETS } from './cohort-imports.ts';
import { keepSecrets } from './keep-secrets.ts';

const CHECK_MS = 30_000;

/** An import that is being filled in. `name`: whose secrets stand for `***`; alone, it is the one that is tried. */
export interface GivenImport {
  readonly name?: string | undefined;
  readonly spec?: unknown;
}

/** Tries a destination without side effects. Throws InputError, UsageError `no_such_import`. */
export async function checkImport(
  parts: CohortParts,
  { name, spec }: GivenImport,
  signal: AbortSignal,
): Promise<CohortCheck> {
  const before = name === undefined ? undefined : (await storedImportOf(parts, name)).spec;
  const destination = destinationOf(
    spec === undefined ? before : keepSecrets(spec, before, IMPORT_SECRETS),
  );
  const limit = AbortSignal.timeout(CHECK_MS);
  try {
    return await checkDestination(destination, AbortSignal.any([signal, limit]));
  } catch (error) {
    if (signal.aborted || !limit.aborted) throw error;
    return { ok: false, detail: `There was no answer within ${CHECK_MS / 1000} seconds.` };
  }
}

/** The rest of the settings need not be right yet. */
function destinationOf(input: unknown): CohortImportSpec['destination'] {
  const { destination } = (input ?? {}) as { readonly destination?: unknown };
  const parsed = cohortImportSpec.shape.destination.safeParse(destination);
  if (parsed.success) return parsed.data;
  const wrong = wrongPlaces(parsed.error).map(({ place, message }) => ({
    place: place === '' ? 'destination' : `destination.${place}`,
    message,
  }));
  throw new InputError(
    'bad_cohort_import',
    inWords(wrong, 'cohort import'),
    wrong.map(({ place, message }) => ({ path: place, message })),
  );
}
