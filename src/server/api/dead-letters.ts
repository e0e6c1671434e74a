import { Readable } from 'node:stream';
import { z } from 'zod';
import type { WholeLetter } from '../../connector.ts';
import { type Add, type ApiParts, whileAsked } from './operation.ts';
import { idBefore, iso, isoTime, listOf, paged, pageOf, paging } from './shapes.ts';

const TAG = 'Dead letters';
/** Ids that may be named one by one. */
const MOST_IDS = 1000;

/** Books of an export are called by their folder and project. */
const connection = z.string().max(2000);
const filter = z.object({
  connection: connection.optional(),
  cause: z.string().max(100).optional(),
  eventType: z.string().max(300).optional(),
});

const group = z.object({
  connection: z.string(),
  cause: z.string().describe('Stable code'),
  eventType: z.string(),
  n: z.number().int(),
  advice: z.string().describe('What to do'),
  newestAt: isoTime,
});

const letter = z.object({
  id: z.number().int(),
  connection: z.string(),
  slice: z.string().describe('Where it came from'),
  record: z.number().int().describe('Number of the record there, from 0'),
  eventType: z.string(),
  cause: z.string(),
  detail: z.string().describe('The cause in words; of a refusal those of Mixpanel'),
  kind: z
    .enum(['event', 'record', 'bytes'])
    .describe('What is kept: the event, the source record, or raw bytes that can not be read'),
  at: isoTime,
  retries: z.number().int(),
});

const line = letter.extend({
  preview: z.string().describe('How it begins; of bytes the first as hexadecimal'),
});

const whole = letter.extend({
  event: z.unknown().optional().describe('As it would be sent; the token hidden'),
  source: z.unknown().optional().describe('The record as it came'),
  bytes: z.string().optional().describe('Base64 of the first 64 kB'),
  advice: z.string(),
});

const choice = z
  .object({
    ids: z.array(z.number().int().min(1)).min(1).max(MOST_IDS).optional(),
    filter: filter.extend({ connection }).optional(),
  })
  .refine(({ ids, filter: all }) => (ids === undefined) !== (all === undefined), {
    message: 'either ids or a filter says which are meant',
  })
  .describe('Which are meant: by their ids, or all of a connection that a filter names');

const retried = z.object({
  delivered: z.number(),
  skipped: z.number().describe('By the settings of today'),
  refused: z.number().describe('They stay'),
  halted: z.string().optional().describe('Why sending stopped; what is left stays'),
});

function shown(given: WholeLetter): z.input<typeof whole> {
  return { ...given, at: iso(given.at) };
}

function meant({ ids, filter: all }: z.output<typeof choice>): string {
  if (ids) return ids.length > 20 ? `${ids.length} of them` : `ids ${ids.join(', ')}`;
  return Object.entries(all ?? {})
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}

export function deadLetterRoutes(add: Add, { management, audit }: ApiParts): void {
  const { letters } = management;

  add({
    ...{ method: 'GET', path: '/dead-letters/groups', id: 'listDeadLetterGroups', tag: TAG },
    role: 'viewer',
    summary: 'How many there are by cause and type, with what to do; the largest group first',
    query: filter.pick({ connection: true }),
    answers: { 200: listOf(group) },
    example: { query: { connection: 'orders' }, status: 200 },
    async handler({ query }) {
      const groups = await letters.groups(query.connection);
      return { items: groups.map((each) => ({ ...each, newestAt: iso(each.newestAt) })) };
    },
  });

  add({
    ...{ method: 'GET', path: '/dead-letters', id: 'listDeadLetters', tag: TAG, role: 'viewer' },
    summary: 'Dead letters, the newest first',
    query: paging.extend(filter.shape),
    answers: { 200: pageOf(line) },
    example: { query: { connection: 'orders', limit: '10' }, status: 200 },
    async handler({ query: { cursor, limit, ...given } }) {
      const found = await letters.list({ ...given, before: idBefore(cursor), limit: limit + 1 });
      const { items, next } = paged(found, limit, ({ id }) => id);
      return { items: items.map((each) => ({ ...each, at: iso(each.at) })), next };
    },
  });

  add({
    ...{ method: 'GET', path: '/dead-letters/export', id: 'exportDeadLetters', tag: TAG },
    role: 'viewer',
    summary: 'All that a filter names, whole, one JSON object a line',
    query: filter,
    media: 'application/x-ndjson',
    answers: { 200: z.string().describe('Each line as one dead letter is answered') },
    example: { query: { connection: 'orders' }, status: 200 },
    handler({ query, reply }) {
      const lines = async function* (): AsyncGenerator<string> {
        for await (const each of letters.export(query)) yield `${JSON.stringify(shown(each))}\n`;
      };
      return Promise.resolve(
        reply
          .type('application/x-ndjson')
          .header('content-disposition', 'attachment; filename="dead-letters.ndjson"')
          .send(Readable.from(lines())),
      );
    },
  });

  add({
    ...{ method: 'GET', path: '/dead-letters/:id', id: 'getDeadLetter', tag: TAG, role: 'viewer' },
    summary: 'One dead letter whole',
    params: z.object({ id: z.coerce.number().int().min(1) }),
    answers: { 200: whole },
    example: { params: { id: '1' }, status: 200 },
    handler: async ({ params }) => shown(await letters.get(params.id)),
  });

  add({
    ...{ method: 'POST', path: '/dead-letters/retry', id: 'retryDeadLetters', tag: TAG },
    role: 'editor',
    summary: 'Send them again, by the settings of today',
    description:
      'Takes at most a minute; what is left then stays, and `halted` says so. Raw bytes stay: only a mended file brings those back.',
    body: choice,
    answers: { 200: retried },
    example: { body: { ids: [1] }, status: 200 },
    async handler({ body, reply, actor }) {
      const target = body.filter?.connection ?? 'dead letters';
      const result = await letters.retry(body, whileAsked(reply));
      const { delivered, skipped, refused } = result;
      const sums = `${delivered} delivered, ${skipped} skipped, ${refused} refused`;
      await audit(actor, 'dead-letters.retry', target, `${meant(body)}: ${sums}`);
      return result;
    },
  });

  add({
    ...{ method: 'POST', path: '/dead-letters/discard', id: 'discardDeadLetters', tag: TAG },
    role: 'admin',
    summary: 'Give them up: they count as skipped from then on, for the reason `discarded`',
    body: choice,
    answers: { 200: z.object({ discarded: z.number() }) },
    example: {
      body: { filter: { connection: 'orders', cause: 'bad_properties' } },
      status: 200,
    },
    async handler({ body, actor }) {
      const discarded = await letters.discard(body);
      const target = body.filter?.connection ?? 'dead letters';
      await audit(actor, 'dead-letters.discard', target, `${meant(body)}: ${discarded} discarded`);
      return { discarded };
    },
  });
}
