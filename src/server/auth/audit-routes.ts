import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Parts } from './parts.ts';
import { at, isoTime } from './shapes.ts';

const entry = z.object({
  at,
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  detail: z.string().nullable(),
});

/** Who changed what, for admins. */
export function auditRoutes({ access, guard }: Parts): (app: FastifyInstance) => void {
  return (app) => {
    app.withTypeProvider<ZodTypeProvider>().get(
      '/audit',
      {
        preHandler: guard.needs('admin'),
        schema: {
          summary: 'Who changed what, newest first',
          querystring: z.object({
            cursor: z.coerce.number().int().positive().optional(),
            limit: z.coerce.number().int().min(1).max(500).default(100),
          }),
          response: { 200: z.object({ items: z.array(entry), next: z.string().nullable() }) },
        },
      },
      async ({ query: { cursor, limit } }) => {
        const found = await access.audit.list({
          ...(cursor === undefined ? {} : { before: cursor }),
          limit: limit + 1,
        });
        const page = found.slice(0, limit);
        return {
          items: page.map(({ at, actor, action, target, detail }) => ({
            ...{ at: isoTime(at), actor, action, target, detail },
          })),
          next: found.length > limit ? String(page.at(-1)!.id) : null,
        };
      },
    );
  };
}
