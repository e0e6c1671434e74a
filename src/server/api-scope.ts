import type { FastifyInstance } from 'fastify';
import type { Guard } from './auth/guard.ts';
import { problemHandler, problemNotFound } from './problem.ts';

export interface ApiScope {
  readonly guard: Guard;
  /** Told of faults of ours that ended a request. */
  readonly onFault: (error: Error) => void;
  /** What is there; paths without the prefix. */
  readonly routes: readonly ((app: FastifyInstance) => void | Promise<void>)[];
}

/** The HTTP API: JSON alone, schemas in zod, errors as problems, nothing kept by caches, everything guarded. */
export function apiScope({ guard, onFault, routes }: ApiScope): (app: FastifyInstance) => void {
  return (app) => {
    void app.register(
      async (api) => {
        const [{ default: cookie }, { serializerCompiler, validatorCompiler }] = await Promise.all([
          import('@fastify/cookie'),
          import('fastify-type-provider-zod'),
        ]);
        api.setValidatorCompiler(validatorCompiler);
        api.setSerializerCompiler(serializerCompiler);
        api.setErrorHandler(problemHandler(onFault));
        api.setNotFoundHandler(problemNotFound);
        // A form of another site can send text, but not JSON.
        api.removeContentTypeParser('text/plain');
        api.addHook('onRequest', (_request, reply, done) => {
          reply.header('cache-control', 'no-store');
          done();
        });
        await api.register(cookie);
        guard.protect(api);
        for (const add of routes) await add(api);
        // Or the page of the dashboard, which stands at every other address, would answer for what is not here.
        api.get('/*', { schema: { hide: true }, config: { open: true } }, problemNotFound);
      },
      { prefix: '/api/v1' },
    );
  };
}
