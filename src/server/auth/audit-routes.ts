import { z } from 'zod';
import type { Add } from '../api/operation.ts';
import { idBefore, iso, isoTime, paged, pageOf, paging } from '../api/shapes.ts';
import type { Parts } from './parts.ts';
import { TAG } from './shapes.ts';

const entry = z.object({
  at: isoTime,
  actor: z.string().describe('Who; of a token also its name'),
  action: z.string(),
  target: z.string().describe('Of what: a connection, a user, a token'),
  detail: z.string().nullable(),
});

/** Who changed what, for admins. */
export function auditRoutes(add: Add, { access }: Parts): void {
  add({
    ...{ method: 'GET', path: '/audit', id: 'listAudit', tag: TAG, role: 'admin' },
    summary: 'Who changed what, newest first',
    query: paging,
    answers: { 200: pageOf(entry) },
    example: { query: { limit: '2' }, status: 200 },
    async handler({ query: { cursor, limit } }) {
      const before = idBefore(cursor);
      const found = await access.audit.list({
        ...(before === undefined ? {} : { before }),
        limit: limit + 1,
      });
      const { items, next } = paged(found, limit, ({ id }) => id);
      return {
        items: items.map(({ at, actor, action, target, detail }) => ({
          ...{ at: iso(at), actor, action, target, detail },
        })),
        next,
      };
    },
  });
}
