import { Readable } from 'node:stream';
import { z } from 'zod';
import { EXPORT_FORMATS } from '../../connector.ts';
import { cohortId, shownUser, user, userState } from './cohort-shapes.ts';
import type { Add, ApiParts } from './operation.ts';
import { nothing } from './shapes.ts';

const TAG = 'Cohorts';

const MEDIA = { csv: 'text/csv; charset=utf-8', ndjson: 'application/x-ndjson' } as const;

const dryRun = z.object({
  adds: z.number().int(),
  removes: z.number().int(),
  writes: z.number().int(),
  dataPoints: z
    .number()
    .int()
    .nullable()
    .describe('An estimate; null: the settings of the import are not valid'),
  guard: z.object({
    verdict: z
      .enum(['none', 'free', 'held', 'unsettled'])
      .describe('Of the removals: there are none, go out, wait for a person, or for more pages'),
    why: z.enum(['share', 'empties', 'full']).nullable(),
    words: z.string(),
  }),
  sample: z
    .array(user.extend({ change: z.enum(['add', 'remove']) }))
    .describe('The first of each kind'),
});

/** What a person may do with a cohort, and what it would mean. */
export function cohortActionRoutes(add: Add, { management, audit }: ApiParts): void {
  const { cohorts } = management;
  const named = async (id: number): Promise<string> => {
    const { import: owner, cohortId: own } = await cohorts.get(id);
    return `${owner}: ${own}`;
  };

  add({
    ...{ method: 'GET', path: '/cohorts/:id/dry-run', id: 'dryRunCohort', tag: TAG },
    role: 'viewer',
    summary: 'What would be written now, what it costs and what the guard says; nothing is sent',
    params: cohortId,
    answers: { 200: dryRun },
    example: { params: { id: '1' }, status: 200 },
    async handler({ params }) {
      const { sample, ...rest } = await cohorts.dryRun(params.id);
      return {
        ...rest,
        sample: sample.map(({ change, ...each }) => ({ ...shownUser(each), change })),
      };
    },
  });

  add({
    ...{ method: 'POST', path: '/cohorts/:id/approve', id: 'approveCohort', tag: TAG },
    role: 'editor',
    summary: 'Let the removals that are pending now be written',
    params: cohortId,
    answers: { 204: nothing },
    example: { params: { id: '1' }, status: 204 },
    async handler({ params, reply, actor }) {
      const { held, pendingRemoves, ...found } = await cohorts.get(params.id);
      await cohorts.approve(params.id);
      const removes = held?.removes ?? pendingRemoves;
      const target = `${found.import}: ${found.cohortId}`;
      await audit(actor, 'cohort.approve', target, `${removes} removals`);
      return reply.code(204).send();
    },
  });

  add({
    ...{ method: 'POST', path: '/cohorts/:id/resync', id: 'resyncCohort', tag: TAG },
    role: 'editor',
    summary: 'Write everybody again, whether it seems needed or not',
    description: 'Without `confirm` it is refused with `needs_confirmation`, and says its cost.',
    params: cohortId,
    body: z.object({ confirm: z.boolean().default(false) }),
    answers: { 200: z.object({ writes: z.number().int() }) },
    example: { params: { id: '1' }, body: { confirm: true }, status: 200 },
    async handler({ params, body, actor }) {
      const target = await named(params.id);
      const { writes } = await cohorts.resync(params.id, body.confirm);
      await audit(actor, 'cohort.resync', target, `${writes} writes`);
      return { writes };
    },
  });

  add({
    ...{ method: 'DELETE', path: '/cohorts/:id', id: 'deleteCohort', tag: TAG, role: 'admin' },
    summary: 'Forget a cohort',
    description:
      'With `clear=true` everybody is taken out of it in Braze first; else Braze stays as it is. As long as Mixpanel syncs it, it turns up again.',
    params: cohortId,
    query: z.object({
      clear: z.enum(['true', 'false']).default('false').describe('Take everybody out first'),
    }),
    answers: { 204: nothing },
    example: { params: { id: '2' }, query: { clear: 'true' }, status: 204 },
    async handler({ params, query, reply, actor }) {
      const clear = query.clear === 'true';
      const target = await named(params.id);
      await cohorts.remove(params.id, clear);
      await audit(actor, 'cohort.delete', target, clear ? 'cleared first' : 'Braze as it is');
      return reply.code(204).send();
    },
  });

  add({
    ...{ method: 'GET', path: '/cohorts/:id/export', id: 'exportCohort', tag: TAG },
    role: 'viewer',
    summary: 'Its members with where each stands, as CSV or as one JSON object a line',
    params: cohortId,
    query: z.object({
      format: z.enum(EXPORT_FORMATS).default('csv'),
      state: userState.optional(),
    }),
    media: 'text/csv',
    answers: { 200: z.string().describe('member, state, reason, kind, id, label, fields') },
    example: { params: { id: '1' }, query: { format: 'csv' }, status: 200 },
    async handler({ params, query: { format, state }, reply }) {
      const lines = await cohorts.export(params.id, {
        format,
        ...(state === undefined ? {} : { state }),
      });
      return reply
        .type(MEDIA[format])
        .header('content-disposition', `attachment; filename="cohort-${params.id}.${format}"`)
        .send(Readable.from(lines));
    },
  });
}
