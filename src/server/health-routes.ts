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
  app.get('/readyz', (_request, reply) => {
    const reason = unready();
    if (reason === undefined) return reply.send({ status: 'ready' });
    return reply.code(503).send({ status: 'not ready', reason });
  });
  app.get('/metrics', async (_request, reply) => {
    const text = await metrics.text();
    return reply.type(metrics.contentType).send(text);
  });
}
