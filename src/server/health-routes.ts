import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.ts';

export interface HealthOptions {
  /** Why the service can't do its work now; undefined when it can. */
  readonly unready: () => string | undefined;
  readonly metrics: Metrics;
}

/** What orchestrators and Prometheus ask for. They tell no secret and need no sign-in. */
export function healthRoutes(app: FastifyInstance, { unready, metrics }: HealthOptions): void {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const reason = unready();
    if (reason === undefined) return { status: 'ready' };
    await reply.code(503);
    return { status: 'not ready', reason };
  });
  app.get('/metrics', async (_request, reply) => {
    await reply.type(metrics.contentType);
    return metrics.text();
  });
}
