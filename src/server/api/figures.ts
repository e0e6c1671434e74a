import { z } from 'zod';
import { type Add, type ApiParts, whileAsked } from './operation.ts';
import {
  connectionName,
  idBefore,
  iso,
  isoOrNull,
  isoTime,
  listOf,
  paged,
  pageOf,
  paging,
  skippedBy,
} from './shapes.ts';
import { problem } from '../problem.ts';

const TAG = 'Figures';
const TEST_MS = 45_000;

const problems = z.array(z.object({ slice: z.string(), problem: z.string() }));

const balance = z.object({
  read: z.number(),
  delivered: z.number(),
  skipped: skippedBy,
  deadLetters: z.number(),
  balanced: z.boolean().describe('read = delivered + skipped + dead letters, slice by slice'),
  breaks: problems.describe('Where it does not add up; the first 100'),
  unreadable: problems.describe('Files that can not be read to their end; the first 100'),
});

const point = z.object({
  at: isoTime.describe('Start of the step'),
  read: z.number(),
  delivered: z.number(),
  skipped: z.number(),
  deadLetters: z.number().describe('Net: one delivered later counts as -1 when it is'),
  lagSeconds: z.number().nullable().describe('The largest noted; null when none was'),
});

const type = z.object({
  type: z.string().describe('Currents type'),
  event: z.string().nullable().describe('Mixpanel event name; null: the catalogue has none'),
  read: z.number(),
  delivered: z.number(),
  skipped: skippedBy,
  deadLetters: z.number(),
  newFields: z.record(z.string(), z.number()).describe('Fields that the catalogue does not know'),
});

const slice = z.object({
  slice: z.string().describe('File, object or segment of pushes'),
  hour: z.string().nullable().describe('UTC hour it belongs to, YYYY-MM-DD-HH'),
  state: z.enum(['open', 'done', 'problem']),
  problem: z.string().optional(),
  records: z.number().describe('Settled so far'),
  bytes: z.number().describe('Settled so far'),
  updatedAt: isoTime,
});

const run = z.object({
  id: z.number().int(),
  connection: z.string(),
  startedAt: isoTime,
  endedAt: isoTime.nullable(),
  state: z.enum(['running', 'finished', 'halted', 'failed', 'stopped']),
  detail: z.string().nullable(),
  read: z.number(),
  delivered: z.number(),
  skipped: z.number(),
  deadLetters: z.number(),
  requests: z.number(),
  bytesSent: z.number(),
});

const tested = z.object({
  results: z.array(
    z.object({
      type: z.string(),
      event: z.string().nullable(),
      outcome: z.enum(['sent', 'rejected', 'skipped', 'not-sent']),
      detail: z.string().optional(),
    }),
  ),
  halted: z.string().optional().describe('Why sending stopped'),
});

export function figureRoutes(add: Add, { management, audit }: ApiParts): void {
  const { connections } = management;
  const of = (path: string, id: string) =>
    ({ path: `/connections/:name/${path}`, id, tag: TAG, params: connectionName }) as const;
  const example = { params: { name: 'orders' }, status: 200 };

  add({
    ...of('balance', 'getBalance'),
    ...{ method: 'GET', role: 'viewer', answers: { 200: balance }, example },
    summary: 'Whether everything arrived, over all time',
    handler: ({ params }) => connections.balance(params.name),
  });

  add({
    ...of('figures', 'getFigures'),
    ...{ method: 'GET', role: 'viewer' },
    summary: 'Figures over a period, in steps',
    description: 'Of the last hour by the minute, as far as this service has run.',
    query: z.object({ period: z.enum(['hour', 'day', 'week', 'month']).default('day') }),
    answers: {
      200: z.object({ step: z.enum(['minute', 'hour', 'day']), points: z.array(point) }),
    },
    example: { ...example, query: { period: 'week' } },
    async handler({ params, query }) {
      const { step, points } = await connections.figures(params.name, query.period);
      return { step, points: points.map((each) => ({ ...each, at: iso(each.at) })) };
    },
  });

  add({
    ...of('types', 'listTypes'),
    ...{ method: 'GET', role: 'viewer', answers: { 200: listOf(type) }, example },
    summary: 'Figures by event type, over all time; most read first',
    handler: async ({ params }) => ({ items: await connections.types(params.name) }),
  });

  add({
    ...of('slices', 'listSlices'),
    ...{ method: 'GET', role: 'viewer', answers: { 200: pageOf(slice) } },
    summary: 'Files and segments of pushes, the newest first',
    query: paging.extend({ state: z.enum(['open', 'done', 'problem']).optional() }),
    example: { ...example, query: { state: 'done', limit: '10' } },
    async handler({ params, query: { cursor, limit, state } }) {
      const before = idBefore(cursor);
      const found = await connections.slices(params.name, { before, limit: limit + 1, state });
      const { items, next } = paged(found, limit, ({ id }) => id);
      const shown = items.map(({ id: _id, problem: why, updatedAt, ...rest }) => ({
        ...rest,
        ...(why === null ? {} : { problem: why }),
        updatedAt: iso(updatedAt),
      }));
      return { items: shown, next };
    },
  });

  add({
    ...of('runs', 'listRuns'),
    ...{ method: 'GET', role: 'viewer', answers: { 200: pageOf(run) } },
    summary: 'Passes that settled something, the newest first',
    query: paging,
    example: { ...example, query: { limit: '10' } },
    async handler({ params, query: { cursor, limit } }) {
      const found = await connections.runs(params.name, {
        before: idBefore(cursor),
        limit: limit + 1,
      });
      const { items, next } = paged(found, limit, ({ id }) => id);
      const shown = items.map((each) => ({
        ...each,
        startedAt: iso(each.startedAt),
        endedAt: isoOrNull(each.endedAt),
      }));
      return { items: shown, next };
    },
  });

  add({
    ...of('test', 'sendTestEvents'),
    ...{ method: 'POST', role: 'editor', answers: { 200: tested }, example },
    summary: 'Send one made-up event of each selected type',
    description: 'Each carries `sluice_test: true`.',
    async handler({ params, reply, actor }) {
      const limit = AbortSignal.timeout(TEST_MS);
      const left = whileAsked(reply);
      await audit(actor, 'connection.test', params.name);
      try {
        return await connections.test(params.name, AbortSignal.any([left, limit]));
      } catch (error) {
        if (!limit.aborted || left.aborted) throw error;
        throw problem(503, 'unavailable', 'Mixpanel has not taken the events within 45 seconds', {
          hint: 'See the state of the connection, and try again later.',
        });
      }
    },
  });
}
