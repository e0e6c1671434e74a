import { z } from 'zod';
import type { Job } from '../../core/connections.ts';
import type { Add, ApiParts } from './operation.ts';
import {
  connectionName,
  idBefore,
  iso,
  isoOrNull,
  isoTime,
  nothing,
  paged,
  pageOf,
  paging,
} from './shapes.ts';

const TAG = 'Jobs';

const kind = z
  .enum(['backfill', 'replay'])
  .describe('backfill: read hours that were left alone; replay: send settled hours again');
const moment = 'A date 2026-07-31 or an hour 2026-07-31-23, UTC';

const job = z.object({
  id: z.number().int(),
  connection: z.string(),
  kind,
  since: z.string().describe('First hour, YYYY-MM-DD-HH'),
  until: z.string().nullable().describe('First hour that is no longer meant; null: up to now'),
  reached: z.string().nullable().describe('First hour that is still to be read'),
  state: z.enum(['waiting', 'running', 'finished', 'failed', 'cancelled']),
  detail: z.string().nullable(),
  createdAt: isoTime,
  endedAt: isoTime.nullable(),
});

function shown(given: Job): z.input<typeof job> {
  return { ...given, createdAt: iso(given.createdAt), endedAt: isoOrNull(given.endedAt) };
}

export function jobRoutes(add: Add, { management, audit }: ApiParts): void {
  const { jobs } = management;
  const path = '/connections/:name/jobs';

  add({
    ...{ method: 'GET', path, id: 'listJobs', tag: TAG, role: 'viewer' },
    summary: 'Backfills and replays, the newest first',
    params: connectionName,
    query: paging,
    answers: { 200: pageOf(job) },
    example: { params: { name: 'orders' }, status: 200 },
    async handler({ params, query: { cursor, limit } }) {
      const found = await jobs.list(params.name, { before: idBefore(cursor), limit: limit + 1 });
      const { items, next } = paged(found, limit, ({ id }) => id);
      return { items: items.map(shown), next };
    },
  });

  add({
    ...{ method: 'POST', path, id: 'orderJob', tag: TAG, role: 'editor' },
    summary: 'Order a backfill or a replay',
    description:
      'Answers 409 `needs_confirmation` when Mixpanel would perhaps keep both copies; `confirm: true` orders it all the same.',
    params: connectionName,
    body: z.object({
      kind,
      since: z.string().max(20).describe(moment),
      until: z.string().max(20).optional().describe(`${moment}; not meant itself`),
      confirm: z.boolean().optional().describe('Also when Mixpanel will keep both copies'),
    }),
    answers: { 201: job },
    example: {
      params: { name: 'old' },
      body: { kind: 'backfill', since: '2026-07-01', until: '2026-07-02' },
      status: 201,
    },
    async handler({ params, body, reply, actor }) {
      const ordered = await jobs.order(params.name, body);
      const { since, until } = ordered;
      await audit(actor, `job.${body.kind}`, params.name, `${since} to ${until ?? 'now'}`);
      void reply.code(201);
      return shown(ordered);
    },
  });

  add({
    ...{ method: 'DELETE', path: `${path}/:id`, id: 'cancelJob', tag: TAG, role: 'editor' },
    summary: 'Cancel a job that has not ended; what is settled stays',
    params: connectionName.extend({ id: z.coerce.number().int().min(1) }),
    answers: { 204: nothing },
    example: { params: { name: 'resting', id: '1' }, status: 204 },
    async handler({ params, reply, actor }) {
      await jobs.cancel(params.name, params.id);
      await audit(actor, 'job.cancel', params.name, `job ${params.id}`);
      return reply.code(204).send();
    },
  });
}
