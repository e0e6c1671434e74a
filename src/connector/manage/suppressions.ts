import { type BrazeUser, keyOfUser } from '../../core/cohorts.ts';
import { InputError } from '../../core/errors.ts';
import { type CohortParts, importSpecOf, storedImportOf } from '../cohorts/parts.ts';

/** Users that are never put into a cohort in Braze, whatever Mixpanel says. */
export interface Suppressed {
  readonly user: BrazeUser;
  readonly at: number;
}

/** In order of `keyOfUser`. Throws UsageError `no_such_import`, as all here. */
export async function listSuppressed(
  parts: CohortParts,
  name: string,
  filter: { readonly after?: string; readonly limit: number },
): Promise<Suppressed[]> {
  await storedImportOf(parts, name);
  return parts.state.cohorts.suppressed(name, filter);
}

/** How many were not there yet. Throws InputError. */
export async function suppress(
  parts: CohortParts,
  name: string,
  users: readonly (string | BrazeUser)[],
): Promise<number> {
  return parts.state.cohorts.suppress(name, await usersOf(parts, name, users), parts.now());
}

/** How many were there. Throws InputError. */
export async function unsuppress(
  parts: CohortParts,
  name: string,
  users: readonly (string | BrazeUser)[],
): Promise<number> {
  return parts.state.cohorts.unsuppress(name, await usersOf(parts, name, users), parts.now());
}

/** A plain id is one of the kind that the import knows its members by. Each once. */
async function usersOf(
  parts: CohortParts,
  name: string,
  given: readonly (string | BrazeUser)[],
): Promise<BrazeUser[]> {
  const spec = await importSpecOf(parts, name);
  const byKey = new Map<string, BrazeUser>();
  for (const [i, each] of given.entries()) {
    const refuse = (message: string): never => {
      throw new InputError('bad_user', `users[${i}]: ${message}`, [
        { path: `users[${i}]`, message },
      ]);
    };
    if (typeof each !== 'string') {
      byKey.set(keyOfUser(each), each);
      continue;
    }
    const id = each.trim();
    if (id === '') refuse('is empty');
    if (!spec)
      return refuse('the settings of the import are not valid, so say what kind of id it is');
    const { as, label = '' } = spec.identity;
    const user: BrazeUser = as === 'user_alias' ? { kind: as, label, name: id } : { kind: as, id };
    byKey.set(keyOfUser(user), user);
  }
  return [...byKey.values()];
}
