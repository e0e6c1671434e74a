import { z } from 'zod';
import { shownState, state } from './connections.ts';
import {
  cohort,
  cohortId,
  shownCohort,
  shownSync,
  shownUser,
  sync,
  user,
  userState,
} from './cohort-shapes.ts';
import type { Add, ApiParts } from './operation.ts';
import { idBefore, iso, isoTime, listOf, nameAfter, paged, pageOf, paging } from './shapes.ts';

const TAG = 'Cohorts';
const SIZES_MS = 30 * 86_400_000;

const detail = cohort.extend({
  state: state.describe('What its import is doing'),
  lastSync: sync.nullable(),
  filter: z
    .object({
      kind: z.enum(['boolean', 'array', 'cohort', 'file']),
      attribute: z.string().nullable().describe('Name of the custom attribute'),
      comparison: z.string().nullable().describe("As Braze's page words it"),
      value: z.union([z.string(), z.boolean()]).nullable(),
      words: z.string().describe('What to do'),
    })
    .nullable()
    .describe('How a Braze segment finds its users'),
  warnings: z.array(z.string()),
});

/** What there is to see of cohorts. */
export function cohortRoutes(add: Add, { management }: ApiParts): void {
  const { cohorts } = management;

  add({
    ...{ method: 'GET', path: '/cohorts', id: 'listCohorts', tag: TAG, role: 'viewer' },
    summary: 'The cohorts that Mixpanel has called for, in order of name',
    query: paging.extend({
      import: z.string().max(64).optional(),
      search: z.string().max(200).optional().describe('Only whose name or id holds this'),
    }),
    answers: { 200: pageOf(cohort) },
    example: { query: { import: 'crm', limit: '20' }, status: 200 },
    async handler({ query: { cursor, limit, import: owner, search } }) {
      const after = idBefore(cursor);
      const found = await cohorts.list({
        ...(owner === undefined ? {} : { import: owner }),
        ...(search === undefined ? {} : { search }),
        ...(after === undefined ? {} : { after }),
        limit: limit + 1,
      });
      const { items, next } = paged(found, limit, ({ id }) => id);
      return { items: items.map(shownCohort), next };
    },
  });

  add({
    ...{ method: 'GET', path: '/cohorts/:id', id: 'getCohort', tag: TAG, role: 'viewer' },
    summary: 'One cohort: its figures, what it waits for, and how Braze finds it',
    params: cohortId,
    answers: { 200: detail },
    example: { params: { id: '1' }, status: 200 },
    async handler({ params }) {
      const found = await cohorts.get(params.id);
      const { lastSync, filter, warnings } = found;
      return {
        ...shownCohort(found),
        ...{ filter, warnings: [...warnings] },
        state: shownState(found.state),
        lastSync: lastSync && shownSync(lastSync),
      };
    },
  });

  add({
    ...{ method: 'GET', path: '/cohorts/:id/sizes', id: 'listCohortSizes', tag: TAG },
    role: 'viewer',
    summary: 'Its sizes over time, the oldest first; at most one a minute',
    params: cohortId,
    query: z.object({ since: isoTime.optional().describe('By default 30 days ago') }),
    answers: {
      200: listOf(z.object({ at: isoTime, members: z.number().int(), inBraze: z.number().int() })),
    },
    example: { params: { id: '1' }, query: { since: '2026-01-01T00:00:00Z' }, status: 200 },
    async handler({ params, query: { since } }) {
      const from = since === undefined ? Date.now() - SIZES_MS : Date.parse(since);
      const sizes = await cohorts.sizes(params.id, from);
      return { items: sizes.map((each) => ({ ...each, at: iso(each.at) })) };
    },
  });

  add({
    ...{ method: 'GET', path: '/cohorts/:id/syncs', id: 'listCohortSyncs', tag: TAG },
    role: 'viewer',
    summary: 'Its syncs, the newest first, page by page',
    params: cohortId,
    query: paging,
    answers: { 200: pageOf(sync) },
    example: { params: { id: '1' }, query: { limit: '20' }, status: 200 },
    async handler({ params, query: { cursor, limit } }) {
      const before = idBefore(cursor);
      const found = await cohorts.syncs(params.id, {
        ...(before === undefined ? {} : { before }),
        limit: limit + 1,
      });
      const { items, next } = paged(found, limit, ({ id }) => id);
      return { items: items.map(shownSync), next };
    },
  });

  add({
    ...{ method: 'GET', path: '/cohorts/:id/users', id: 'listCohortUsers', tag: TAG },
    role: 'viewer',
    summary: 'Its members, and where each stands',
    description: 'A `cursor` belongs to the `state` that it was given with.',
    params: cohortId,
    query: paging.extend({
      state: userState.optional(),
      search: z.string().max(200).optional().describe('Only whose id begins with this'),
    }),
    answers: { 200: pageOf(user) },
    example: { params: { id: '1' }, query: { state: 'pending_add', limit: '20' }, status: 200 },
    async handler({ params, query: { cursor, limit, state: where, search } }) {
      const after = nameAfter(cursor);
      const found = await cohorts.users(params.id, {
        ...(where === undefined ? {} : { state: where }),
        ...(search === undefined ? {} : { search }),
        ...(after === undefined ? {} : { after }),
        limit: limit + 1,
      });
      const { items, next } = paged(found, limit, (each) => each.cursor);
      return { items: items.map(shownUser), next };
    },
  });

  add({
    ...{ method: 'GET', path: '/cohorts/:id/reasons', id: 'listCohortReasons', tag: TAG },
    role: 'viewer',
    summary: 'Why members are unmatched or refused, the most frequent reason first',
    params: cohortId,
    answers: {
      200: listOf(
        z.object({
          kind: z.enum(['unmatched', 'refused']),
          reason: z.string(),
          n: z.number().int(),
        }),
      ),
    },
    example: { params: { id: '1' }, status: 200 },
    handler: async ({ params }) => ({ items: [...(await cohorts.reasons(params.id))] }),
  });
}
