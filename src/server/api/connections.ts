import { z } from 'zod';
import type { ConnectionDetail, ConnectionSummary } from '../../connector.ts';
import type { ConnectionState } from '../../core/connections.ts';
import type { Add, ApiParts } from './operation.ts';
import {
  connectionName,
  etagOf,
  ifMatch,
  iso,
  isoOrNull,
  isoTime,
  nameAfter,
  nothing,
  paged,
  pageOf,
  paging,
  revisionFrom,
  specBody,
} from './shapes.ts';

const TAG = 'Connections';

export const state = z
  .object({
    kind: z.enum(['idle', 'active', 'catching-up', 'retrying', 'halted', 'paused']),
    detail: z.string().optional().describe('Why'),
    hint: z.string().optional().describe('What to do'),
    since: isoTime.optional(),
    bytesLeft: z.number().optional().describe('Still to be read'),
    secondsLeft: z.number().optional().describe('An estimate'),
  })
  .describe('What it is doing');

export function shownState(given: ConnectionState): z.input<typeof state> {
  return 'since' in given ? { ...given, since: iso(given.since) } : given;
}

const summary = z.object({
  name: z.string(),
  source: z.object({
    kind: z.string(),
    title: z.string(),
    place: z.string().describe('Folder or bucket and prefix'),
  }),
  state,
  paused: z.boolean(),
  lagSeconds: z
    .number()
    .nullable()
    .describe('Age of the oldest data that is not settled; null while it does not run yet'),
  deliveredAt: isoTime.nullable().describe('When events were last delivered'),
  receivedAt: isoTime.nullable().describe('When the source last had something new'),
  last24h: z
    .object({
      read: z.number(),
      delivered: z.number(),
      skipped: z.number(),
      deadLetters: z.number().describe('Net: one delivered later counts as -1'),
      byHour: z.array(z.number()).length(24).describe('Delivered, the oldest hour first'),
    })
    .describe('The hour under way and the 23 before it'),
  deadLetters: z.number().describe('There are now'),
  problems: z.number().describe('Files that can not be read to their end'),
  createdAt: isoTime,
  revision: z.number().int().describe('Rises with each change; the ETag in quotes'),
});

const detail = summary.extend({
  spec: specBody('Connection').describe('Its settings; a secret is shown as ***'),
  pushUrl: z.string().nullable().describe('Where Braze pushes to; null when it does not'),
  warnings: z.array(z.string()).describe('What one should know of the settings'),
});

const warnings = z.array(z.string()).describe('What the change means for what was sent before');

function shownSummary(given: ConnectionSummary): z.input<typeof summary> {
  return {
    ...given,
    state: shownState(given.state),
    deliveredAt: isoOrNull(given.deliveredAt),
    receivedAt: isoOrNull(given.receivedAt),
    last24h: { ...given.last24h, byHour: [...given.last24h.byHour] },
    createdAt: iso(given.createdAt),
  };
}

const BODY = {
  name: 'spring',
  source: { kind: 'directory', path: '/var/lib/currents' },
  destination: {
    kind: 'mixpanel',
    region: 'eu',
    credentials: { kind: 'project-token', token: '0123456789abcdef0123456789abcdef' },
  },
  settings: { events: ['users.messages.email.*'] },
  paused: true,
};

export function connectionRoutes(add: Add, { management, audit }: ApiParts): void {
  const { connections } = management;

  const shownDetail = (
    given: ConnectionDetail,
    request: { protocol: string; host: string },
    publicUrl: string | null,
  ): z.input<typeof detail> => {
    const { pushPath, warnings: some, spec, ...rest } = given;
    const base = (publicUrl ?? `${request.protocol}://${request.host}`).replace(/\/+$/, '');
    return {
      ...shownSummary(rest),
      spec: spec as Record<string, unknown>,
      pushUrl: pushPath === null ? null : base + pushPath,
      warnings: [...some],
    };
  };
  const read = async (name: string, request: { protocol: string; host: string }) => {
    const { publicUrl } = await management.service();
    return shownDetail(await connections.get(name), request, publicUrl);
  };

  add({
    ...{ method: 'GET', path: '/connections', id: 'listConnections', tag: TAG, role: 'viewer' },
    summary: 'The connections, in order of name',
    query: paging.extend({
      search: z.string().max(64).optional().describe('Only names that hold this'),
    }),
    answers: { 200: pageOf(summary) },
    example: { query: { search: 'ord', limit: '20' }, status: 200 },
    async handler({ query: { cursor, limit, search } }) {
      const after = nameAfter(cursor);
      const found = await connections.list({
        ...(after === undefined ? {} : { after }),
        ...(search === undefined || search === '' ? {} : { search }),
        limit: limit + 1,
      });
      const { items, next } = paged(found, limit, ({ name }) => name);
      return { items: items.map(shownSummary), next };
    },
  });

  add({
    ...{ method: 'POST', path: '/connections', id: 'createConnection', tag: TAG, role: 'editor' },
    summary: 'Make a connection; it runs at once unless it is paused',
    description: 'Secrets left as `***` are those of the draft, which is gone afterwards.',
    query: z.object({
      draft: z.string().max(64).optional().describe('Id of the draft that it was made from'),
    }),
    body: specBody('Connection'),
    answers: { 201: z.object({ connection: detail, warnings }) },
    example: { body: BODY, status: 201 },
    async handler({ body, query, request, reply, actor }) {
      const made = await connections.create(body, query.draft);
      await audit(actor, 'connection.create', made.name);
      const connection = await read(made.name, request);
      void reply.code(201).header('etag', etagOf(connection.revision));
      void reply.header('location', `/api/v1/connections/${encodeURIComponent(made.name)}`);
      return { connection, warnings: made.warnings };
    },
  });

  add({
    ...{ method: 'GET', path: '/connections/:name', id: 'getConnection', tag: TAG, role: 'viewer' },
    summary: 'One connection with its settings; the ETag is its revision',
    params: connectionName,
    answers: { 200: detail },
    example: { params: { name: 'orders' }, status: 200 },
    async handler({ params, request, reply }) {
      const connection = await read(params.name, request);
      void reply.header('etag', etagOf(connection.revision));
      return connection;
    },
  });

  add({
    ...{ method: 'PUT', path: '/connections/:name', id: 'changeConnection', tag: TAG },
    role: 'editor',
    summary: 'Put new settings in the place of the old ones',
    description:
      'Needs `If-Match` with the ETag that was read. A secret left as `***` stays as it is, one that is left out is taken away; with another address (url, endpoint, account) it is to be given again.',
    params: connectionName,
    query: z.object({
      dryRun: z.enum(['true', 'false']).default('false').describe('Only say what it would do'),
    }),
    headers: ifMatch,
    body: specBody('Connection'),
    answers: {
      200: z.object({
        connection: detail,
        changes: z.array(z.object({ path: z.string(), before: z.unknown(), after: z.unknown() })),
        warnings,
      }),
    },
    example: {
      params: { name: 'orders' },
      query: { dryRun: 'true' },
      headers: { 'if-match': '"1"' },
      body: {
        ...BODY,
        name: 'orders',
        destination: {
          ...BODY.destination,
          credentials: { kind: 'project-token', token: 'another-token-of-the-same-project' },
        },
      },
      status: 200,
    },
    async handler({ params, query, body, request, reply, actor }) {
      const revision = revisionFrom(request.headers['if-match']);
      const dryRun = query.dryRun === 'true';
      const edited = await connections.change(params.name, body, { revision, dryRun });
      if (!dryRun && edited.changes.length > 0)
        await audit(
          actor,
          'connection.change',
          params.name,
          edited.changes.map(({ path }) => path).join(', '),
        );
      const connection = await read(params.name, request);
      void reply.header('etag', etagOf(connection.revision));
      return { connection, ...edited };
    },
  });

  add({
    ...{ method: 'DELETE', path: '/connections/:name', id: 'deleteConnection', tag: TAG },
    role: 'admin',
    summary: 'Forget a connection and its secrets; its books stay',
    params: connectionName,
    answers: { 204: nothing },
    example: { params: { name: 'old' }, status: 204 },
    async handler({ params, reply, actor }) {
      await connections.remove(params.name);
      await audit(actor, 'connection.delete', params.name);
      return reply.code(204).send();
    },
  });

  for (const [verb, paused, text] of [
    ['pause', true, 'Let it rest: nothing is read or sent, pushes are still taken'],
    ['resume', false, 'Let it go on where it stood'],
  ] as const)
    add({
      ...{ method: 'POST', path: `/connections/:name/${verb}`, id: `${verb}Connection`, tag: TAG },
      role: 'editor',
      summary: text,
      params: connectionName,
      answers: { 204: nothing },
      example: { params: { name: 'app' }, status: 204 },
      async handler({ params, reply, actor }) {
        await connections.setPaused(params.name, paused);
        await audit(actor, `connection.${verb}`, params.name);
        return reply.code(204).send();
      },
    });
}
