import { z } from 'zod';
import {
  brazeInstances,
  type ImportDetail,
  type ImportSummary,
  kindsOfCohortDestination,
} from '../../connector.ts';
import { shownState, state } from './connections.ts';
import { type Add, type ApiParts, whileAsked } from './operation.ts';
import { kindOfPlace } from './setup.ts';
import {
  etagOf,
  ifMatch,
  iso,
  isoOrNull,
  isoTime,
  listOf,
  nothing,
  revisionFrom,
  specBody,
} from './shapes.ts';

const TAG = 'Cohort imports';

export const importName = z.object({
  name: z.string().min(1).max(64).describe('Name of the cohort import'),
});

const summary = z.object({
  name: z.string(),
  destination: z.object({
    kind: z.string(),
    place: z.string().describe('The instance of Braze, or the folder'),
  }),
  state,
  paused: z.boolean(),
  keys: z.number().int().describe('Keys that let Mixpanel in now'),
  receivedAt: isoTime.nullable().describe('When Mixpanel last called'),
  writtenAt: isoTime.nullable().describe('When something was last written to Braze'),
  createdAt: isoTime,
  revision: z.number().int().describe('Rises with each change; the ETag in quotes'),
});

const detail = summary.extend({
  spec: specBody('CohortImport').describe('Its settings; a secret is shown as ***'),
  receiveUrl: z
    .string()
    .describe('What Mixpanel calls with a key as the password; or with a key in place of the name'),
  warnings: z.array(z.string()).describe('What one should know of the settings'),
});

const warnings = z.array(z.string()).describe('What the settings mean for what was written before');

const BODY = {
  name: 'spring',
  destination: {
    kind: 'users-track',
    instance: 'https://rest.fra-01.braze.eu',
    apiKey: '0123456789abcdef0123456789abcdef',
    attribute: { kind: 'boolean', name: 'mp_cohort_{id}' },
  },
  identity: { properties: ['$braze_external_id'], as: 'external_id' },
  paused: true,
};

function shownSummary(given: ImportSummary): z.input<typeof summary> {
  return {
    ...given,
    state: shownState(given.state),
    receivedAt: isoOrNull(given.receivedAt),
    writtenAt: isoOrNull(given.writtenAt),
    createdAt: iso(given.createdAt),
  };
}

export function cohortImportRoutes(add: Add, { management, audit }: ApiParts): void {
  const { imports, check } = management.cohorts;

  const shownDetail = (
    { spec, receivePath, warnings: some, ...rest }: ImportDetail,
    base: string,
  ): z.input<typeof detail> => ({
    ...shownSummary(rest),
    spec: spec as Record<string, unknown>,
    receiveUrl: base.replace(/\/+$/, '') + receivePath,
    warnings: [...some],
  });
  const read = async (name: string, request: { protocol: string; host: string }) => {
    const { publicUrl } = await management.service();
    const base = publicUrl ?? `${request.protocol}://${request.host}`;
    return shownDetail(await imports.get(name), base);
  };

  add({
    ...{ method: 'GET', path: '/cohort-destinations', id: 'listCohortDestinations', tag: TAG },
    role: 'viewer',
    summary: 'Kinds of destinations for cohorts, with what a form is made of; instances by name',
    answers: {
      200: listOf(kindOfPlace).extend({
        instances: z
          .array(z.object({ name: z.string(), url: z.string() }))
          .describe('REST endpoints of Braze that have a name; any other may be given too'),
      }),
    },
    example: { status: 200 },
    handler: () =>
      Promise.resolve({ items: kindsOfCohortDestination(), instances: brazeInstances() }),
  });

  add({
    ...{ method: 'GET', path: '/cohort-imports', id: 'listCohortImports', tag: TAG },
    role: 'viewer',
    summary: 'The cohort imports, in order of name',
    answers: { 200: listOf(summary) },
    example: { status: 200 },
    handler: async () => ({ items: (await imports.list()).map(shownSummary) }),
  });

  add({
    ...{ method: 'POST', path: '/cohort-imports', id: 'createCohortImport', tag: TAG },
    role: 'editor',
    summary: 'Make a cohort import; it needs a key before Mixpanel can get in',
    body: specBody('CohortImport'),
    answers: { 201: z.object({ import: detail, warnings }) },
    example: { body: BODY, status: 201 },
    async handler({ body, request, reply, actor }) {
      const made = await imports.create(body);
      await audit(actor, 'cohort-import.create', made.name);
      const created = await read(made.name, request);
      void reply.code(201).header('etag', etagOf(created.revision));
      void reply.header('location', `/api/v1/cohort-imports/${encodeURIComponent(made.name)}`);
      return { import: created, warnings: [...made.warnings] };
    },
  });

  add({
    ...{ method: 'POST', path: '/cohort-imports/check', id: 'checkCohortImport', tag: TAG },
    role: 'editor',
    summary: 'Try credentials, or access to the folder, without side effects',
    description:
      'With a `name`, secrets left as `***` are those of the stored import; with a `name` alone, it is that which is tried.',
    body: z.object({
      name: z.string().max(64).optional().describe('Import whose secrets stand for ***'),
      spec: specBody('CohortImport').optional(),
    }),
    answers: {
      200: z.object({
        ok: z.boolean(),
        detail: z.string().describe('What was found, or exactly what is wrong'),
      }),
    },
    example: { body: { name: 'crm' }, status: 200 },
    handler: ({ body, reply }) => check(body, whileAsked(reply)),
  });

  add({
    ...{ method: 'GET', path: '/cohort-imports/:name', id: 'getCohortImport', tag: TAG },
    role: 'viewer',
    summary: 'One cohort import with its settings; the ETag is its revision',
    params: importName,
    answers: { 200: detail },
    example: { params: { name: 'crm' }, status: 200 },
    async handler({ params, request, reply }) {
      const found = await read(params.name, request);
      void reply.header('etag', etagOf(found.revision));
      return found;
    },
  });

  add({
    ...{ method: 'PUT', path: '/cohort-imports/:name', id: 'changeCohortImport', tag: TAG },
    role: 'editor',
    summary: 'Put new settings in the place of the old ones',
    description:
      'Needs `If-Match` with the ETag that was read. A secret left as `***` stays as it is; with another instance or partner it is to be given again.',
    params: importName,
    query: z.object({
      dryRun: z.enum(['true', 'false']).default('false').describe('Only say what it would do'),
    }),
    headers: ifMatch,
    body: specBody('CohortImport'),
    answers: {
      200: z.object({
        import: detail,
        changes: z.array(z.object({ path: z.string(), before: z.unknown(), after: z.unknown() })),
        warnings,
      }),
    },
    example: {
      params: { name: 'crm' },
      query: { dryRun: 'true' },
      headers: { 'if-match': '"1"' },
      body: { ...BODY, name: 'crm' },
      status: 200,
    },
    async handler({ params, query, body, request, reply, actor }) {
      const revision = revisionFrom(request.headers['if-match']);
      const dryRun = query.dryRun === 'true';
      const edited = await imports.change(params.name, body, { revision, dryRun });
      if (!dryRun && edited.changes.length > 0)
        await audit(
          actor,
          'cohort-import.change',
          params.name,
          edited.changes.map(({ path }) => path).join(', '),
        );
      const found = await read(params.name, request);
      void reply.header('etag', etagOf(found.revision));
      return { import: found, ...edited };
    },
  });

  add({
    ...{ method: 'DELETE', path: '/cohort-imports/:name', id: 'deleteCohortImport', tag: TAG },
    role: 'admin',
    summary: 'Forget a cohort import with its keys, cohorts and members; Braze stays as it is',
    params: importName,
    answers: { 204: nothing },
    example: { params: { name: 'old' }, status: 204 },
    async handler({ params, reply, actor }) {
      await imports.remove(params.name);
      await audit(actor, 'cohort-import.delete', params.name);
      return reply.code(204).send();
    },
  });

  for (const [verb, paused, text] of [
    ['pause', true, 'Let it rest: Mixpanel is still answered, nothing is written'],
    ['resume', false, 'Let it write what has changed meanwhile'],
  ] as const)
    add({
      ...{ method: 'POST', path: `/cohort-imports/:name/${verb}`, tag: TAG, role: 'editor' },
      id: `${verb}CohortImport`,
      summary: text,
      params: importName,
      answers: { 204: nothing },
      example: { params: { name: 'shop' }, status: 204 },
      async handler({ params, reply, actor }) {
        await imports.setPaused(params.name, paused);
        await audit(actor, `cohort-import.${verb}`, params.name);
        return reply.code(204).send();
      },
    });
}
