import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import type * as Api from './api.ts';
import { get } from './client.ts';
import { paged } from './queries.ts';

const MINUTE = 60_000;

/** A part of these is behind every page on cohorts: what one of them changes can show in the others. */
export const COHORTS = ['cohorts'] as const;
export const IMPORTS = ['cohort-imports'] as const;

export const cohortsQuery = (filter: { readonly import?: string; readonly search?: string }) =>
  infiniteQueryOptions({
    ...paged<Api.Cohort>([...COHORTS, 'list', filter], '/cohorts', filter),
    refetchInterval: 10_000,
  });

export const cohortQuery = (id: number) =>
  queryOptions({
    queryKey: [...COHORTS, 'one', id],
    queryFn: ({ signal }) => get<Api.CohortDetail>(cohortPath(id), {}, signal),
    // Pages come a second apart: one sees them come.
    refetchInterval: ({ state }) => (isMoving(state.data) ? 2_000 : 5_000),
  });

export const sizesQuery = (id: number, since?: string) =>
  queryOptions({
    queryKey: [...COHORTS, 'one', id, 'sizes', since ?? ''],
    queryFn: ({ signal }) =>
      get<{ items: readonly Api.CohortSize[] }>(cohortPath(id, 'sizes'), { since }, signal),
    staleTime: MINUTE / 2,
    refetchInterval: MINUTE,
    placeholderData: keepPreviousData,
  });

export const syncsQuery = (id: number) =>
  infiniteQueryOptions({
    ...paged<Api.CohortSync>([...COHORTS, 'one', id, 'syncs'], cohortPath(id, 'syncs'), {
      limit: 50,
    }),
    refetchInterval: 10_000,
  });

export const cohortUsersQuery = (
  id: number,
  filter: { readonly state?: string; readonly search?: string },
) =>
  paged<Api.CohortUser>([...COHORTS, 'one', id, 'users', filter], cohortPath(id, 'users'), filter);

export const reasonsQuery = (id: number) =>
  queryOptions({
    queryKey: [...COHORTS, 'one', id, 'reasons'],
    queryFn: ({ signal }) =>
      get<{ items: readonly Api.CohortReason[] }>(cohortPath(id, 'reasons'), {}, signal),
    refetchInterval: 15_000,
  });

export const dryRunQuery = (id: number) =>
  queryOptions({
    queryKey: [...COHORTS, 'one', id, 'dry-run'],
    queryFn: ({ signal }) => get<Api.CohortDryRun>(cohortPath(id, 'dry-run'), {}, signal),
    refetchInterval: 10_000,
  });

export const importsQuery = queryOptions({
  queryKey: [...IMPORTS, 'list'],
  queryFn: ({ signal }) =>
    get<{ items: readonly Api.CohortImport[] }>('/cohort-imports', {}, signal),
  refetchInterval: 10_000,
});

export const importQuery = (name: string) =>
  queryOptions({
    queryKey: [...IMPORTS, 'one', name],
    queryFn: ({ signal }) => get<Api.CohortImportDetail>(importPath(name), {}, signal),
    refetchInterval: 10_000,
  });

export const keysQuery = (name: string) =>
  queryOptions({
    queryKey: [...IMPORTS, 'one', name, 'keys'],
    queryFn: ({ signal }) =>
      get<{ items: readonly Api.ImportKey[] }>(importPath(name, 'keys'), {}, signal),
    refetchInterval: 15_000,
  });

export const suppressionsQuery = (name: string) =>
  paged<Api.Suppressed>(
    [...IMPORTS, 'one', name, 'suppressions'],
    importPath(name, 'suppressions'),
    {},
  );

export const instancesQuery = queryOptions({
  queryKey: ['cohort-destinations'],
  queryFn: ({ signal }) =>
    get<{ instances: readonly Api.BrazeInstance[] }>('/cohort-destinations', {}, signal),
  staleTime: Infinity,
});

export function cohortPath(id: number, ...below: readonly string[]): string {
  return ['/cohorts', id, ...below].join('/');
}

export function importPath(name: string, ...below: readonly (string | number)[]): string {
  return `/cohort-imports/${[name, ...below].map((each) => encodeURIComponent(each)).join('/')}`;
}

function isMoving(cohort: Api.CohortDetail | undefined): boolean {
  const { lastSync, pendingAdds = 0, pendingRemoves = 0, clearing = false } = cohort ?? {};
  return (
    lastSync?.state === 'receiving' ||
    lastSync?.state === 'applying' ||
    pendingAdds + pendingRemoves > 0 ||
    clearing
  );
}
