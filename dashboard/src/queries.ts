import {
  infiniteQueryOptions,
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  queryOptions,
} from '@tanstack/react-query';
import type * as Api from './api.ts';
import { codeOf, get, type Query, trust } from './client.ts';

const MINUTE = 60_000;

function onError(error: unknown): void {
  // The session ended elsewhere: the gate then asks to sign in again, and what was on the page stays in its draft.
  if (codeOf(error) === 'unauthenticated')
    void queryClient.invalidateQueries({ queryKey: ['session'] });
}

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) =>
        failures < 2 && ['offline', 'unavailable'].includes(codeOf(error) ?? ''),
    },
  },
});

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }) => trust(await get<Api.Session>('/session', {}, signal)),
  staleTime: MINUTE,
});

export const connectionsQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: ['connections', 'list', search],
    queryFn: ({ pageParam, signal }) =>
      get<Api.Page<Api.Connection>>(
        '/connections',
        { search, limit: 100, ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });

export const connectionQuery = (name: string) =>
  queryOptions({
    queryKey: ['connections', 'one', name],
    queryFn: ({ signal }) => get<Api.ConnectionDetail>(of(name), {}, signal),
    refetchInterval: 10_000,
  });

export const balanceQuery = (name: string) =>
  queryOptions({
    queryKey: ['connections', 'one', name, 'balance'],
    queryFn: ({ signal }) => get<Api.Balance>(of(name, 'balance'), {}, signal),
    refetchInterval: 5_000,
  });

export const figuresQuery = (name: string, period: Api.Period) =>
  queryOptions({
    queryKey: ['connections', 'one', name, 'figures', period],
    queryFn: ({ signal }) => get<Api.Figures>(of(name, 'figures'), { period }, signal),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });

export const typesQuery = (name: string) =>
  queryOptions({
    queryKey: ['connections', 'one', name, 'types'],
    queryFn: ({ signal }) =>
      get<{ items: readonly Api.TypeFigures[] }>(of(name, 'types'), {}, signal),
    refetchInterval: 15_000,
  });

export const slicesQuery = (name: string, state: string) =>
  paged<Api.SliceRow>(['connections', 'one', name, 'slices', state], of(name, 'slices'), { state });

export const runsQuery = (name: string) =>
  paged<Api.Run>(['connections', 'one', name, 'runs'], of(name, 'runs'), {});

export const jobsQuery = (name: string) =>
  queryOptions({
    queryKey: ['connections', 'one', name, 'jobs'],
    queryFn: ({ signal }) => get<{ items: readonly Api.Job[] }>(of(name, 'jobs'), {}, signal),
    refetchInterval: 5_000,
  });

export const draftsQuery = queryOptions({
  queryKey: ['drafts'],
  queryFn: ({ signal }) => get<{ items: readonly Api.DraftRow[] }>('/drafts', {}, signal),
});

export const sourcesQuery = queryOptions({
  queryKey: ['sources'],
  queryFn: ({ signal }) => get<{ items: readonly Api.SourceKind[] }>('/sources', {}, signal),
  staleTime: Infinity,
});

export const settingsSchemaQuery = queryOptions({
  queryKey: ['settings-schema'],
  queryFn: ({ signal }) => get<Api.Schema>('/settings-schema', {}, signal),
  staleTime: Infinity,
});

export const eventsQuery = queryOptions({
  queryKey: ['events'],
  queryFn: ({ signal }) => get<{ items: readonly Api.EventType[] }>('/events', {}, signal),
  staleTime: MINUTE,
});

export const eventQuery = (type: string) =>
  queryOptions({
    queryKey: ['events', type],
    queryFn: ({ signal }) =>
      get<Api.EventDetail>(`/events/${encodeURIComponent(type)}`, {}, signal),
    staleTime: MINUTE,
  });

export const unknownQuery = queryOptions({
  queryKey: ['unknown'],
  queryFn: ({ signal }) => get<Api.Unknown>('/unknown', {}, signal),
});

export const groupsQuery = (connection?: string) =>
  queryOptions({
    queryKey: ['dead-letters', 'groups', connection ?? ''],
    queryFn: ({ signal }) =>
      get<{ items: readonly Api.DeadLetterGroup[] }>(
        '/dead-letters/groups',
        { connection },
        signal,
      ),
    refetchInterval: 15_000,
  });

export const deadLettersQuery = (filter: Query) =>
  paged<Api.DeadLetterRow>(['dead-letters', 'list', filter], '/dead-letters', filter);

export const deadLetterQuery = (id: number) =>
  queryOptions({
    queryKey: ['dead-letters', 'one', id],
    queryFn: ({ signal }) => get<Api.DeadLetter>(`/dead-letters/${id}`, {}, signal),
  });

export const usersQuery = listOf<Api.User>('/users');
export const tokensQuery = listOf<Api.ApiToken>('/tokens');
export const alertsQuery = queryOptions({
  ...listOf<Api.Alert>('/alerts'),
  refetchInterval: 15_000,
});
export const auditQuery = paged<Api.AuditEntry>(['/audit'], '/audit', {});

export const serviceQuery = queryOptions({
  queryKey: ['service'],
  queryFn: ({ signal }) => get<Api.ServiceInfo>('/service', {}, signal),
  refetchInterval: 30_000,
});

/** Path of a connection, or of something below it. */
export function of(name: string, ...below: readonly (string | number)[]): string {
  return `/connections/${[name, ...below].map((each) => encodeURIComponent(each)).join('/')}`;
}

function listOf<T>(path: string) {
  return queryOptions({
    queryKey: [path],
    queryFn: ({ signal }) => get<{ items: readonly T[] }>(path, {}, signal),
  });
}

/** A list whose pages are asked for one after the other. */
export function paged<T>(queryKey: readonly unknown[], path: string, query: Query) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      get<Api.Page<T>>(
        path,
        { limit: 100, ...query, ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
  });
}
