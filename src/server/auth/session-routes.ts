import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { problem, type Problem } from '../problem.ts';
import { sessionIdOf, takeSessionId } from './cookie.ts';
import type { Parts } from './parts.ts';
import { hashPassword } from './password.ts';
import { digestOf } from './secrets.ts';
import {
  expectPassword,
  newPassword,
  signedIn,
  signedOut,
  typedName,
  typedPassword,
  userName,
} from './shapes.ts';

const linkToken = z.string().max(200);
const open = { open: true } as const;

/** Signing in and out, and the first start. */
export function sessionRoutes(parts: Parts): (app: FastifyInstance) => void {
  const { access, guard, now, version, oidc } = parts;
  return (plain) => {
    const app = plain.withTypeProvider<ZodTypeProvider>();

    app.get(
      '/session',
      {
        config: open,
        schema: { summary: 'Who is signed in', response: { 200: z.union([signedIn, signedOut]) } },
      },
      async (request) => {
        const identity = guard.identityOf(request);
        if (!identity)
          return {
            state: (await access.users.hasAdmin())
              ? ('signed-out' as const)
              : ('setup-needed' as const),
            ...{ version, oidc },
          };
        const { actor, session } = identity;
        return {
          state: 'signed-in' as const,
          user: { name: actor.name, role: actor.role },
          csrf: session?.csrf ?? null,
          passwordNeeded: session?.start === 'link',
          ...{ version, oidc },
        };
      },
    );

    app.post(
      '/session',
      {
        config: open,
        schema: {
          summary: 'Sign in with a password',
          body: z.strictObject({ name: typedName, password: typedPassword }),
          response: { 200: signedIn },
        },
      },
      async (request, reply) => {
        const { name, password } = request.body;
        if (await parts.isPassword(request, name, password))
          return parts.signIn(request, reply, name, 'password');
        throw problem(401, 'wrong_credentials', 'The name or the password is wrong');
      },
    );

    app.delete(
      '/session',
      {
        preHandler: guard.needs('viewer'),
        schema: { summary: 'Sign out', response: { 204: z.null() } },
      },
      async (request, reply) => {
        const id = sessionIdOf(request);
        if (id !== undefined) await access.sessions.end(digestOf(id));
        takeSessionId(reply);
        return reply.code(204).send(null);
      },
    );

    app.post(
      '/session/link',
      {
        config: open,
        schema: {
          summary: 'Sign in with the token of a one-time link',
          body: z.strictObject({ token: linkToken }),
          response: { 200: signedIn },
        },
      },
      async (request, reply) => {
        const user = await access.links.use(digestOf(request.body.token), now());
        if (user === undefined) throw wrongLink();
        return parts.signIn(request, reply, user, 'link');
      },
    );

    app.post(
      '/setup',
      {
        config: open,
        schema: {
          summary: 'Make the first admin, with the token of the link that the service printed',
          body: z.strictObject({ token: linkToken, name: userName, password: newPassword }),
          response: { 200: signedIn },
        },
      },
      async (request, reply) => {
        const { token, name, password } = request.body;
        const digest = digestOf(token);
        // Before the password is hashed, which is work.
        if (!(await access.links.isSetUp(digest, now()))) throw wrongLink();
        expectPassword(name, password);
        const user = { name, role: 'admin', passwordHash: await hashPassword(password) } as const;
        if (!(await access.links.setUp(digest, user, now()))) throw wrongLink();
        await guard.audit({ name, role: 'admin', via: 'session' }, 'set up', name);
        return parts.signIn(request, reply, name, 'password');
      },
    );

    app.put(
      '/session/password',
      {
        preHandler: guard.needsPerson('viewer'),
        schema: {
          summary: 'Change your own password; ends all your other sessions',
          body: z.strictObject({ current: typedPassword.optional(), new: newPassword }),
          response: { 200: signedIn },
        },
      },
      async (request, reply) => {
        const { current, new: password } = request.body;
        const { user: name, actor, session } = guard.identityOf(request)!;
        if ((await access.users.get(name))?.signIn === 'oidc') throw noPassword(name);
        if (session?.start !== 'link') await expectCurrent(request, name, current);
        expectPassword(name, password, 'new');
        await access.users.change(name, { passwordHash: await hashPassword(password) });
        await guard.audit(actor, 'change password', name);
        return parts.signIn(request, reply, name, 'password');
      },
    );
  };

  async function expectCurrent(
    request: Parameters<Parts['isPassword']>[0],
    name: string,
    current: string | undefined,
  ): Promise<void> {
    if (current !== undefined && (await parts.isPassword(request, name, current))) return;
    const message = 'This is not your password';
    throw problem(422, 'invalid', message, { fields: [{ path: 'current', message }] });
  }
}

/** A user whose password is kept elsewhere. */
export function noPassword(name: string): Problem {
  return problem(409, 'no_password', `${name} signs in by OIDC and has no password here`);
}

function wrongLink(): Problem {
  return problem(401, 'wrong_link', 'The link was used, is too old, or is not whole', {
    hint: 'A new one is printed by: sluice users reset NAME; for the first admin by a start of the service.',
  });
}
