import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Add } from '../api/operation.ts';
import { nothing } from '../api/shapes.ts';
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
  TAG,
  typedName,
  typedPassword,
  userName,
} from './shapes.ts';

const linkToken = z.string().max(200).describe('What stands behind `#token=` in the link');
const person = { name: 'maria', password: 'correct horse battery' };

/** Signing in and out, and the first start. */
export function sessionRoutes(add: Add, parts: Parts): void {
  const { access, guard, now, version, oidc } = parts;

  add({
    ...{ method: 'GET', path: '/session', id: 'getSession', tag: TAG, role: null },
    summary: 'Who is signed in',
    answers: { 200: z.union([signedIn, signedOut]) },
    example: { status: 200 },
    async handler({ request }) {
      const identity = guard.identityOf(request);
      if (!identity) {
        const state = (await access.users.hasAdmin()) ? 'signed-out' : 'setup-needed';
        return { state, version, oidc };
      }
      const { actor, session } = identity;
      return {
        state: 'signed-in',
        user: { name: actor.name, role: actor.role },
        csrf: session?.csrf ?? null,
        passwordNeeded: session?.start === 'link',
        ...{ version, oidc },
      };
    },
  });

  add({
    ...{ method: 'POST', path: '/session', id: 'signIn', tag: TAG, role: null },
    summary: 'Sign in with a password',
    description: 'Wrong passwords are answered more and more slowly: `throttled`.',
    body: z.strictObject({ name: typedName, password: typedPassword }),
    answers: { 200: signedIn },
    example: { body: person, status: 200 },
    async handler({ body: { name, password }, request, reply }) {
      if (await parts.isPassword(request, name, password))
        return parts.signIn(request, reply, name, 'password');
      throw problem(401, 'wrong_credentials', 'The name or the password is wrong');
    },
  });

  add({
    ...{ method: 'DELETE', path: '/session', id: 'signOut', tag: TAG, role: 'viewer' },
    summary: 'Sign out',
    answers: { 204: nothing },
    example: { status: 204 },
    async handler({ request, reply }) {
      const id = sessionIdOf(request);
      if (id !== undefined) await access.sessions.end(digestOf(id));
      takeSessionId(reply);
      return reply.code(204).send();
    },
  });

  add({
    ...{ method: 'POST', path: '/session/link', id: 'signInByLink', tag: TAG, role: null },
    summary: 'Sign in with the token of a one-time link',
    description: 'Such a link is printed by `sluice users reset NAME`.',
    body: z.strictObject({ token: linkToken }),
    answers: { 200: signedIn },
    example: { body: { token: 'token-of-a-link' }, status: 200 },
    async handler({ body, request, reply }) {
      const user = await access.links.use(digestOf(body.token), now());
      if (user === undefined) throw wrongLink();
      return parts.signIn(request, reply, user, 'link');
    },
  });

  add({
    ...{ method: 'POST', path: '/setup', id: 'setUp', tag: TAG, role: null },
    summary: 'Make the first admin',
    description: 'With the token of the link that the service printed. Works once.',
    body: z.strictObject({ token: linkToken, name: userName, password: newPassword }),
    answers: { 200: signedIn },
    example: { body: { token: 'token-of-the-first-link', ...person }, status: 200 },
    async handler({ body: { token, name, password }, request, reply }) {
      const digest = digestOf(token);
      // Before the password is hashed, which is work.
      if (!(await access.links.isSetUp(digest, now()))) throw wrongLink();
      expectPassword(name, password);
      const user = { name, role: 'admin', passwordHash: await hashPassword(password) } as const;
      if (!(await access.links.setUp(digest, user, now()))) throw wrongLink();
      await guard.audit({ name, role: 'admin', via: 'session' }, 'set up', name);
      return parts.signIn(request, reply, name, 'password');
    },
  });

  add({
    ...{ method: 'PUT', path: '/session/password', id: 'changePassword', tag: TAG },
    ...{ role: 'viewer', people: true },
    summary: 'Change your own password; ends all your other sessions',
    body: z.strictObject({
      current: typedPassword.optional().describe('Not needed by who signed in by a link'),
      new: newPassword,
    }),
    answers: { 200: signedIn },
    example: {
      body: { current: person.password, new: 'another horse battery' },
      status: 200,
    },
    async handler({ body: { current, new: password }, request, reply }) {
      const { user: name, actor, session } = guard.identityOf(request)!;
      if ((await access.users.get(name))?.signIn === 'oidc') throw noPassword(name);
      if (session?.start !== 'link') await expectCurrent(request, name, current);
      expectPassword(name, password, 'new');
      await access.users.change(name, { passwordHash: await hashPassword(password) });
      await guard.audit(actor, 'change password', name);
      return parts.signIn(request, reply, name, 'password');
    },
  });

  async function expectCurrent(
    request: FastifyRequest,
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
