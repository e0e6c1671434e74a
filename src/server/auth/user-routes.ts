import { z } from 'zod';
import type { User, UserChange } from '../../core/access.ts';
import type { Add } from '../api/operation.ts';
import { iso, isoOrNull, isoTime, nothing } from '../api/shapes.ts';
import { problem } from '../problem.ts';
import type { Parts } from './parts.ts';
import { hashPassword } from './password.ts';
import { noPassword } from './session-routes.ts';
import { expectPassword, newPassword, role, TAG, userName, wholeListOf } from './shapes.ts';

const shownUser = z.object({
  name: z.string(),
  role,
  createdAt: isoTime,
  lastSeenAt: isoTime.nullable(),
  disabled: z.boolean().describe('Can not sign in, and their tokens do not work'),
  signIn: z.enum(['password', 'oidc']),
});
const params = z.object({ name: z.string().describe('Name of the user') });
const sam = { name: 'sam' };

/** Users, for admins. */
export function userRoutes(add: Add, { access, guard, now }: Parts): void {
  const stored = async (name: string): Promise<User> => {
    const user = await access.users.get(name);
    if (!user) throw problem(404, 'not_found', 'There is no such user');
    return user;
  };

  add({
    ...{ method: 'GET', path: '/users', id: 'listUsers', tag: TAG, role: 'admin' },
    summary: 'All users',
    answers: { 200: wholeListOf(shownUser) },
    example: { status: 200 },
    handler: async () => ({ items: (await access.users.list()).map(shown), next: null }),
  });

  add({
    ...{ method: 'POST', path: '/users', id: 'createUser', tag: TAG },
    ...{ role: 'admin', people: true },
    summary: 'Add a user',
    body: z.strictObject({ name: userName, role, password: newPassword }),
    answers: { 201: shownUser },
    example: { body: { ...sam, role: 'viewer', password: 'correct horse battery' }, status: 201 },
    async handler({ body: { name, role, password }, actor, reply }) {
      expectPassword(name, password);
      await access.users.add({ name, role, passwordHash: await hashPassword(password) }, now());
      await guard.audit(actor, 'add user', name, `role ${role}`);
      return reply.code(201).send(shown(await stored(name)));
    },
  });

  add({
    ...{ method: 'PATCH', path: '/users/:name', id: 'changeUser', tag: TAG },
    ...{ role: 'admin', people: true },
    summary: 'Change a user; ends all their sessions',
    params,
    body: z.strictObject({
      role: role.optional(),
      disabled: z.boolean().optional(),
      password: newPassword.optional(),
    }),
    answers: { 200: shownUser },
    example: { params: sam, body: { role: 'editor' }, status: 200 },
    async handler({ params, body: { role, disabled, password }, actor }) {
      const { name, signIn } = await stored(params.name);
      const change: UserChange = {
        ...(role === undefined ? {} : { role }),
        ...(disabled === undefined ? {} : { disabled }),
      };
      if (password === undefined) await access.users.change(name, change);
      else {
        if (signIn === 'oidc') throw noPassword(name);
        expectPassword(name, password);
        const passwordHash = await hashPassword(password);
        await access.users.change(name, { ...change, passwordHash });
      }
      const words = [
        ...(role === undefined ? [] : [`role ${role}`]),
        ...(disabled === undefined ? [] : [disabled ? 'disabled' : 'enabled']),
        ...(password === undefined ? [] : ['new password']),
      ];
      await guard.audit(actor, 'change user', name, words.join(', '));
      return shown(await stored(name));
    },
  });

  add({
    ...{ method: 'DELETE', path: '/users/:name', id: 'deleteUser', tag: TAG },
    ...{ role: 'admin', people: true },
    summary: 'Delete a user, with their sessions and tokens',
    params,
    answers: { 204: nothing },
    example: { params: sam, status: 204 },
    async handler({ params, actor, reply }) {
      const { name } = await stored(params.name);
      await access.users.remove(name);
      await guard.audit(actor, 'delete user', name);
      return reply.code(204).send();
    },
  });
}

function shown({ createdAt, lastSeenAt, ...user }: User): z.infer<typeof shownUser> {
  return { ...user, createdAt: iso(createdAt), lastSeenAt: isoOrNull(lastSeenAt) };
}
