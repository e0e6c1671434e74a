import { z } from 'zod';
import { keyOfUser } from '../../core/cohorts.ts';
import { importName } from './cohort-imports.ts';
import { brazeUser } from './cohort-shapes.ts';
import type { Add, ApiParts } from './operation.ts';
import { iso, isoTime, nameAfter, paged, pageOf, paging } from './shapes.ts';

const TAG = 'Suppressions';
const MOST_USERS = 5000;

const suppressed = z.object({ user: brazeUser, at: isoTime.describe('Since when') });

const users = z
  .array(z.union([z.string().min(1).max(1000), brazeUser]))
  .min(1)
  .max(MOST_USERS)
  .describe('Ids of the kind that the import knows its members by, or users with their kind');

/** Users that are in no cohort in Braze, whatever Mixpanel says. */
export function suppressionRoutes(add: Add, { management, audit }: ApiParts): void {
  const { suppressions } = management.cohorts;
  const path = '/cohort-imports/:name/suppressions';

  add({
    ...{ method: 'GET', path, id: 'listSuppressions', tag: TAG, role: 'viewer' },
    summary: 'Users that are in no cohort in Braze, whatever Mixpanel says',
    params: importName,
    query: paging,
    answers: { 200: pageOf(suppressed) },
    example: { params: { name: 'shop' }, query: { limit: '20' }, status: 200 },
    async handler({ params, query: { cursor, limit } }) {
      const after = nameAfter(cursor);
      const found = await suppressions.list(params.name, {
        ...(after === undefined ? {} : { after }),
        limit: limit + 1,
      });
      const { items, next } = paged(found, limit, ({ user }) => keyOfUser(user));
      return { items: items.map(({ user, at }) => ({ user, at: iso(at) })), next };
    },
  });

  add({
    ...{ method: 'POST', path, id: 'suppress', tag: TAG, role: 'editor' },
    summary: 'Suppress users: they are taken out of every cohort of the import',
    params: importName,
    body: z.object({ users }),
    answers: { 200: z.object({ added: z.number().int() }) },
    example: { params: { name: 'shop' }, body: { users: ['u2'] }, status: 200 },
    async handler({ params, body, actor }) {
      const added = await suppressions.add(params.name, body.users);
      await audit(actor, 'suppression.add', params.name, `${added} users`);
      return { added };
    },
  });

  add({
    ...{ method: 'DELETE', path, id: 'unsuppress', tag: TAG, role: 'editor' },
    summary: 'Suppress users no more: they are put back where Mixpanel says',
    params: importName,
    body: z.object({ users }),
    answers: { 200: z.object({ removed: z.number().int() }) },
    example: {
      params: { name: 'shop' },
      body: { users: [{ kind: 'external_id', id: 'u9' }] },
      status: 200,
    },
    async handler({ params, body, actor }) {
      const removed = await suppressions.remove(params.name, body.users);
      await audit(actor, 'suppression.remove', params.name, `${removed} users`);
      return { removed };
    },
  });
}
