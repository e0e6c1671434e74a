import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { User, UserChange } from '../../core/access.ts';
import { problem } from '../problem.ts';
import type { Parts } from './parts.ts';
import { hashPassword } from './password.ts';
import { noPassword } from './session-routes.ts';
import {
  at,
  expectPassword,
  isoTime,
  isoTimeOrNull,
  newPassword,
  role,
  userName,
} from './shapes.ts';

const shownUser = z.object({
  name: z.string(),
  role,
  createdAt: at,
  lastSeenAt: at.nullable(),
  disabled: z.boolean(),
  signIn: z.enum(['password', 'oidc']),
});
const params = z.object({ name: z.string() });

/** Users, for admins. */
export function userRoutes({ access, guard, now }: Parts): (app: FastifyInstance) => void {
  const stored = async (name: string): Promise<User> => {
    const user = await access.users.get(name);
    if (!user) throw problem(404, 'not_found', 'There is no such user');
    return user;
  };
  return (plain) => {
    const app = plain.withTypeProvider<ZodTypeProvider>();

    app.get(
      '/users',
      {
        preHandler: guard.needs('admin'),
        schema: {
          summary: 'All users',
          response: { 200: z.object({ items: z.array(shownUser), next: z.null() }) },
        },
      },
      async () => ({ items: (await access.users.list()).map(shown), next: null }),
    );

    app.post(
      '/users',
      {
        preHandler: guard.needsPerson('admin'),
        schema: {
          summary: 'Add a user',
          body: z.strictObject({ name: userName, role, password: newPassword }),
          response: { 201: shownUser },
        },
      },
      async (request, reply) => {
        const { name, role, password } = request.body;
        expectPassword(name, password);
        await access.users.add({ name, role, passwordHash: await hashPassword(password) }, now());
        await guard.audit(guard.actorOf(request), 'add user', name, `role ${role}`);
        return reply.code(201).send(shown(await stored(name)));
      },
    );

    app.patch(
      '/users/:name',
      {
        preHandler: guard.needsPerson('admin'),
        schema: {
          summary: 'Change a user; ends all their sessions',
          params,
          body: z.strictObject({
            role: role.optional(),
            disabled: z.boolean().optional(),
            password: newPassword.optional(),
          }),
          response: { 200: shownUser },
        },
      },
      async (request) => {
        const { name, signIn } = await stored(request.params.name);
        const { role, disabled, password } = request.body;
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
        await guard.audit(guard.actorOf(request), 'change user', name, words.join(', '));
        return shown(await stored(name));
      },
    );

    app.delete(
      '/users/:name',
      {
        preHandler: guard.needsPerson('admin'),
        schema: {
          summary: 'Delete a user, with their sessions and tokens',
          params,
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        const { name } = await stored(request.params.name);
        await access.users.remove(name);
        await guard.audit(guard.actorOf(request), 'delete user', name);
        return reply.code(204).send(null);
      },
    );
  };
}

function shown({ createdAt, lastSeenAt, ...user }: User): z.infer<typeof shownUser> {
  return { ...user, createdAt: isoTime(createdAt), lastSeenAt: isoTimeOrNull(lastSeenAt) };
}
