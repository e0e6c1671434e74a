import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Where `scripts/build` puts the pages; as far from `src/server` as from `dist/server`. */
const BUILT = resolve(import.meta.dirname, '../../dashboard/dist');

/** What is no page, whether something answers there or not. */
const NO_PAGE = /^\/(?:api|currents|healthz|readyz|metrics|assets)(?:\/|$)/;

const NOT_BUILT = 'The dashboard is not built: npm run build\n';

/**
 * The pages of the dashboard. Assets carry a hash in their names and may be kept for ever; the page that names them is
 * asked for each time, and stands at every address that is a page of it. Nothing outside of the folder can be had: each
 * asset has a route of its own, and the page is read once.
 */
export function dashboardRoutes(folder = BUILT): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    const page = await readPage(join(folder, 'index.html'));
    const icon = page && (await readFile(join(folder, 'favicon.svg')));
    if (page) {
      const { default: fastifyStatic } = await import('@fastify/static');
      await app.register(fastifyStatic, {
        root: join(folder, 'assets'),
        prefix: '/assets/',
        wildcard: false,
        index: false,
        dotfiles: 'ignore',
        decorateReply: false,
        preCompressed: true,
        immutable: true,
        maxAge: '365d',
      });
      app.get('/favicon.svg', (_request, reply) =>
        reply.type('image/svg+xml').header('cache-control', 'public, max-age=86400').send(icon),
      );
    }
    app.get('/*', (request, reply): FastifyReply | void => {
      if (NO_PAGE.test(new URL(request.url, 'http://localhost').pathname))
        return reply.callNotFound();
      void reply.header('cache-control', 'no-store');
      if (!page) return reply.code(404).type('text/plain').send(NOT_BUILT);
      return reply.type('text/html; charset=utf-8').send(page);
    });
  };
}

/** Undefined where it was not built. */
async function readPage(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
