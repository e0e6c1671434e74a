import { z } from 'zod';
import { kindsOfDestination, kindsOfSource, settingsSchema } from '../../connector.ts';
import { problem } from '../problem.ts';
import { type Add, type ApiParts, whileAsked } from './operation.ts';
import { iso, isoTime, listOf, nothing, specBody } from './shapes.ts';

const TAG = 'Setting up';

/** Each reads files for seconds. */
const MOST_AT_ONCE = 4;

const whose = {
  name: z
    .string()
    .max(64)
    .optional()
    .describe('Connection whose secrets stand for ***, and whose pushes are meant'),
  draft: z.string().max(64).optional().describe('Draft whose secrets stand for ***'),
};

export const kindOfPlace = z.object({
  kind: z.string(),
  title: z.string(),
  summary: z.string(),
  schema: z.record(z.string(), z.unknown()).describe('JSON Schema of its settings'),
  example: z.unknown(),
});

const estimated = z.object({
  sampled: z.object({
    from: z.string().nullable().describe('First hour looked at'),
    until: z.string().nullable().describe('First hour after it'),
    files: z.number().describe('Listed'),
    bytes: z.number().describe('Read of some of them'),
  }),
  types: z.array(
    z.object({
      type: z.string(),
      filesPerDay: z.number(),
      bytesPerDay: z.number(),
      eventsPerDay: z.number(),
    }),
  ),
  totalPerDay: z.number().describe('Events'),
  note: z.string().describe('How the figures came about'),
});

const previewed = z.object({
  lines: z.array(
    z.object({
      type: z.string(),
      before: z.unknown().describe('The record as it came'),
      outcome: z.enum(['event', 'skip', 'dead-letter']),
      after: z.unknown().optional().describe('The event as Mixpanel would get it'),
      reason: z.string().optional().describe('Why it is not sent'),
      cause: z.string().optional(),
      detail: z.string().optional(),
    }),
  ),
  note: z.string().optional(),
});

const draftId = z.object({
  id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'an id has letters, digits and - only'),
});

const draft = z.object({
  id: z.string(),
  step: z.string().max(64).describe('Where the person stood in the form'),
  spec: z.record(z.string(), z.unknown()).describe('Half a connection; a secret is shown as ***'),
  updatedAt: isoTime,
});

const PUSHES = { name: 'app', source: { kind: 'inbox', token: '***' } };

export function setupRoutes(add: Add, { management }: ApiParts): void {
  const { check, estimate, preview, drafts } = management;
  let running = 0;
  const fewAtOnce = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= MOST_AT_ONCE)
      throw problem(429, 'throttled', 'Too many look into sources at once', {
        headers: { 'retry-after': '5' },
      });
    running++;
    try {
      return await work();
    } finally {
      running--;
    }
  };

  add({
    ...{ method: 'GET', path: '/sources', id: 'listSources', tag: TAG, role: 'viewer' },
    summary: 'Kinds of sources, with what a form is made of',
    answers: { 200: listOf(kindOfPlace) },
    example: { status: 200 },
    handler: () => Promise.resolve({ items: kindsOfSource() }),
  });

  add({
    ...{ method: 'GET', path: '/destinations', id: 'listDestinations', tag: TAG, role: 'viewer' },
    summary: 'Kinds of destinations, with what a form is made of',
    answers: { 200: listOf(kindOfPlace) },
    example: { status: 200 },
    handler: () => Promise.resolve({ items: kindsOfDestination() }),
  });

  add({
    ...{ method: 'GET', path: '/settings-schema', id: 'getSettingsSchema', tag: TAG },
    role: 'viewer',
    summary: 'JSON Schema of what is sent and how',
    answers: { 200: z.record(z.string(), z.unknown()) },
    example: { status: 200 },
    handler: () => Promise.resolve(settingsSchema()),
  });

  add({
    ...{ method: 'POST', path: '/check', id: 'checkAccess', tag: TAG, role: 'editor' },
    summary: 'Try a source and credentials without side effects',
    description: 'With a `name` alone: those of the stored connection.',
    body: z.object({
      ...whose,
      source: specBody('Source').optional(),
      destination: specBody('Destination').optional(),
    }),
    answers: {
      200: z.object({
        checks: z.array(
          z.object({
            what: z.enum(['source', 'mixpanel']),
            ok: z.boolean(),
            detail: z.string().describe('What was found, or exactly what is wrong'),
          }),
        ),
      }),
    },
    example: { body: { name: 'orders' }, status: 200 },
    handler: async ({ body, reply }) => ({
      checks: await fewAtOnce(() => check(body, whileAsked(reply))),
    }),
  });

  add({
    ...{ method: 'POST', path: '/estimate', id: 'estimateVolume', tag: TAG, role: 'editor' },
    summary: 'How much there is of each event type a day',
    description:
      'An estimate from the newest two days of files: their sizes, and the beginnings of a few of each type. At most 20,000 files are listed and 64 MB read, within half a minute.',
    body: z.object({ ...whose, source: specBody('Source') }),
    answers: { 200: estimated },
    example: { body: PUSHES, status: 200 },
    handler: ({ body, reply }) => fewAtOnce(() => estimate(body, whileAsked(reply))),
  });

  add({
    ...{ method: 'POST', path: '/preview', id: 'previewEvents', tag: TAG, role: 'editor' },
    summary: 'Real records, and the events that they would become',
    description: 'Some of the newest of each selected type. Sends and settles nothing.',
    body: z.object({
      ...whose,
      source: specBody('Source'),
      settings: specBody('Settings'),
      salt: z.string().max(1000).optional(),
      limit: z.number().int().min(1).max(100).default(20).describe('Records'),
    }),
    answers: { 200: previewed },
    example: { body: { ...PUSHES, settings: {}, limit: 5 }, status: 200 },
    handler: ({ body, reply }) => fewAtOnce(() => preview(body, whileAsked(reply))),
  });

  add({
    ...{ method: 'GET', path: '/drafts', id: 'listDrafts', tag: TAG, role: 'viewer' },
    summary: 'Connections that are being filled in, the newest first',
    answers: {
      200: listOf(draft.omit({ spec: true }).extend({ name: z.string().nullable() })),
    },
    example: { status: 200 },
    async handler() {
      const all = await drafts.list();
      return { items: all.map((each) => ({ ...each, updatedAt: iso(each.updatedAt) })) };
    },
  });

  add({
    ...{ method: 'GET', path: '/drafts/:id', id: 'getDraft', tag: TAG, role: 'viewer' },
    summary: 'One of them',
    params: draftId,
    answers: { 200: draft },
    example: { params: { id: 'spring' }, status: 200 },
    async handler({ params }) {
      const found = await drafts.get(params.id);
      return { ...found, updatedAt: iso(found.updatedAt) };
    },
  });

  add({
    ...{ method: 'PUT', path: '/drafts/:id', id: 'saveDraft', tag: TAG, role: 'editor' },
    summary: 'Keep a form that is not finished',
    description:
      'The id is the caller’s to choose. It is sealed at rest; secrets left as `***` stay as they were. The oldest beyond 100 are dropped. Nothing of it stands in the audit log: it changes nothing of the service.',
    params: draftId,
    body: draft.pick({ step: true, spec: true }),
    answers: { 204: nothing },
    example: {
      params: { id: 'spring' },
      body: { step: 'source', spec: { name: 'spring', source: { kind: 's3', bucket: 'acme' } } },
      status: 204,
    },
    async handler({ params, body, reply }) {
      await drafts.put(params.id, body);
      return reply.code(204).send();
    },
  });

  add({
    ...{ method: 'DELETE', path: '/drafts/:id', id: 'deleteDraft', tag: TAG, role: 'editor' },
    summary: 'Forget it',
    params: draftId,
    answers: { 204: nothing },
    example: { params: { id: 'spring' }, status: 204 },
    async handler({ params, reply }) {
      await drafts.remove(params.id);
      return reply.code(204).send();
    },
  });
}
