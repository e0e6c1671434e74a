import type { BrazeUser, CohortSync, CohortUser } from '../../core/cohorts.ts';
import { type CohortParts, cohortOf } from '../cohorts/parts.ts';
import { checkImport } from './cohort-check.ts';
import { exportUsers } from './cohort-export.ts';
import { changeImport, createImport, describeImport, listImports } from './cohort-imports.ts';
import { addKey, endKey, listKeys, rotateKey } from './cohort-keys.ts';
import { dryRun, resyncCost } from './cohort-plan.ts';
import { describeCohort } from './cohorts.ts';
import { listSuppressed, suppress, unsuppress } from './suppressions.ts';
import { UsageError } from '../../core/errors.ts';

/** Everything that a person may see and do of cohorts. See the functions for what each throws. */
export function manageCohorts(parts: CohortParts) {
  const { cohorts, cohortImports } = parts.state;
  const { now } = parts;
  const known = async (id: number): Promise<void> => void (await cohortOf(parts, id));

  return {
    imports: {
      list: () => listImports(parts),
      get: (name: string) => describeImport(parts, name),
      create: (input: unknown) => createImport(parts, input),
      change: (...args: Tail<typeof changeImport>) => changeImport(parts, ...args),
      remove: (name: string) => cohortImports.remove(name, now()),
      setPaused: (name: string, paused: boolean) => cohortImports.setPaused(name, paused, now()),
    },
    keys: {
      list: (name: string) => listKeys(parts, name),
      add: (name: string, note?: string) => addKey(parts, name, note),
      rotate: (...args: Tail<typeof rotateKey>) => rotateKey(parts, ...args),
      end: (name: string, id: number) => endKey(parts, name, id),
    },
    suppressions: {
      list: (...args: Tail<typeof listSuppressed>) => listSuppressed(parts, ...args),
      add: (name: string, users: readonly (string | BrazeUser)[]) => suppress(parts, name, users),
      remove: (name: string, users: readonly (string | BrazeUser)[]) =>
        unsuppress(parts, name, users),
    },
    list: (filter: Parameters<typeof cohorts.list>[0]) => cohorts.list(filter),
    find: (text: string, owner?: string) => cohorts.find(text, owner),
    get: (id: number) => describeCohort(parts, id),
    async users(id: number, filter: Parameters<typeof cohorts.users>[1]): Promise<CohortUser[]> {
      await known(id);
      return cohorts.users(id, filter);
    },
    async reasons(id: number) {
      await known(id);
      return cohorts.reasons(id);
    },
    async sizes(id: number, since: number) {
      await known(id);
      return cohorts.sizes(id, since);
    },
    async syncs(id: number, filter: Parameters<typeof cohorts.syncs>[1]): Promise<CohortSync[]> {
      await known(id);
      return cohorts.syncs(id, filter);
    },
    check: (...args: Tail<typeof checkImport>) => checkImport(parts, ...args),
    dryRun: (id: number) => dryRun(parts, id),
    export: (...args: Tail<typeof exportUsers>) => exportUsers(parts, ...args),
    /** Removals that are pending now may be written. */
    approve: (id: number) => cohorts.approve(id, now()),
    resyncCost: (id: number) => resyncCost(parts, id),
    /** Everybody is written again. Throws UsageError `needs_confirmation`, with what it costs. */
    async resync(id: number, isConfirmed: boolean): Promise<{ readonly writes: number }> {
      const { writes, dataPoints } = await resyncCost(parts, id);
      if (!isConfirmed)
        throw new UsageError(
          'needs_confirmation',
          `Everybody is written again: ${writes} writes${dataPoints === null ? '' : `, about ${dataPoints} data points`}`,
          { hint: 'Send it again with confirm: true if that is what you want.' },
        );
      await cohorts.resync(id, now());
      return { writes };
    },
    /** `clear`: takes everybody out in Braze first. */
    remove: (id: number, clear: boolean) => cohorts.remove(id, clear, now()),
  };
}

type Tail<F> = F extends (parts: CohortParts, ...rest: infer Rest) => unknown ? Rest : never;
