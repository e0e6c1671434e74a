import type { FastifyInstance } from 'fastify';
import { cohortActionRoutes } from './cohort-actions.ts';
import { cohortImportRoutes } from './cohort-imports.ts';
import { cohortKeyRoutes } from './cohort-keys.ts';
import { suppressionRoutes } from './cohort-suppressions.ts';
import { cohortRoutes } from './cohorts.ts';
import { connectionRoutes } from './connections.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { type Added, completed, type OpenApi } from './document.ts';
import { eventRoutes } from './events.ts';
import { figureRoutes } from './figures.ts';
import { jobRoutes } from './jobs.ts';
import { liveRoutes } from './live.ts';
import { type ApiParts, operations } from './operation.ts';
import { serviceRoutes } from './service.ts';
import { setupRoutes } from './setup.ts';
import { problem } from '../problem.ts';

const DESCRIPTION = `Everything that the dashboard does goes through this API.

- **Signing in**: \`Authorization: Bearer <API token>\`; or the cookie of a session, whose unsafe requests also carry \`x-csrf-token\`.
- **Errors** are \`application/problem+json\` with a stable \`code\`.
- **Lists** come in pages: \`next\` of one is the \`cursor\` of the following.
- **Lost updates** are refused: a change of a connection carries its \`ETag\` in \`If-Match\`.
- **Secrets** can be written and never read: they are shown as \`***\`, and \`***\` sent back means: as it is; left out: taken away.`;

/** No settings come near it; what goes deeper would overflow the stack of whoever walks it. */
const MAX_DEPTH = 32;

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((each) => isDeeper(each, depth - 1));
}

/** The operations of a scope below `/api/v1`, and their document at `openapi.json`. */
export function apiOperations(options: ApiParts): (scope: FastifyInstance) => Promise<void> {
  return async (scope) => {
    const { jsonSchemaTransform } = await import('fastify-type-provider-zod');
    const { default: swagger } = await import('@fastify/swagger');
    scope.addHook('preValidation', (request, _reply, done) => {
      if (isDeeper(request.body, MAX_DEPTH))
        done(problem(422, 'invalid', `The body is nested more than ${MAX_DEPTH} levels deep`));
      else done();
    });
    await scope.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Sluice', version: options.version, description: DESCRIPTION },
        components: {
          securitySchemes: {
            token: { type: 'http', scheme: 'bearer' },
            session: { type: 'apiKey', in: 'cookie', name: 'sluice_session' },
          },
        },
        security: [{ token: [] }, { session: [] }],
      },
      transform: jsonSchemaTransform,
    });
    const added: Added[] = [];
    // Those of others who add to this scope, too.
    scope.addHook('onRoute', ({ method, url, config }) => {
      if (config?.documented) added.push({ ...config.documented, method: String(method), url });
    });
    const add = operations(scope, options);
    connectionRoutes(add, options);
    figureRoutes(add, options);
    jobRoutes(add, options);
    deadLetterRoutes(add, options);
    setupRoutes(add, options);
    eventRoutes(add, options);
    cohortImportRoutes(add, options);
    cohortKeyRoutes(add, options);
    suppressionRoutes(add, options);
    cohortRoutes(add, options);
    cohortActionRoutes(add, options);
    serviceRoutes(add, options);
    liveRoutes(add, options, scope);
    let document: OpenApi | undefined;
    // It tells nothing of this service, so it needs no sign-in.
    const open = { schema: { hide: true }, config: { open: true } };
    scope.get('/openapi.json', open, (_request, reply) => {
      document ??= completed(scope.swagger() as unknown as OpenApi, added);
      return reply.type('application/json').send(JSON.stringify(document));
    });
  };
}
