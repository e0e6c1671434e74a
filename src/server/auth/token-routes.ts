import { z } from 'zod';
import { mayActAs, type Token } from '../../core/access.ts';
import type { Add } from '../api/operation.ts';
import { iso, isoOrNull, isoTime, nothing } from '../api/shapes.ts';
import { problem } from '../problem.ts';
import type { Identity } from './guard.ts';
import type { Parts } from './parts.ts';
import { digestOf, newApiToken } from './secrets.ts';
import { role, TAG, wholeListOf } from './shapes.ts';

const shownToken = z.object({
  id: z.int(),
  name: z.string(),
  role,
  createdAt: isoTime,
  createdBy: z.string(),
  lastUsedAt: isoTime.nullable(),
  expiresAt: isoTime.nullable().describe('null: it lasts until it is withdrawn'),
});

/** API tokens: one's own, and for admins everybody's. */
export function tokenRoutes(add: Add, { access, guard, now }: Parts): void {
  /** Whose tokens somebody sees and deletes; undefined: everybody's. */
  const ownerFor = ({ actor, user }: Identity): string | undefined =>
    actor.role === 'admin' ? undefined : user;

  add({
    ...{ method: 'GET', path: '/tokens', id: 'listTokens', tag: TAG, role: 'editor' },
    summary: 'Your API tokens; for admins everybody’s',
    answers: { 200: wholeListOf(shownToken) },
    example: { status: 200 },
    handler: async ({ request }) => ({
      items: (await access.tokens.list(ownerFor(guard.identityOf(request)!))).map(shown),
      next: null,
    }),
  });

  add({
    ...{ method: 'POST', path: '/tokens', id: 'createToken', tag: TAG },
    ...{ role: 'editor', people: true },
    summary: 'Make an API token; it is shown this once',
    body: z.strictObject({
      name: z.string().trim().min(1).max(100).describe('What it is for'),
      role: role.describe('At most your own'),
      expiresAt: z.iso
        .datetime({ offset: true })
        .optional()
        .describe('ISO 8601; without it, it lasts until it is withdrawn'),
    }),
    answers: { 201: shownToken.extend({ token: z.string().describe('Never shown again') }) },
    example: { body: { name: 'grafana', role: 'viewer' }, status: 201 },
    async handler({ body: { name, role, expiresAt }, request, reply }) {
      const { actor, user } = guard.identityOf(request)!;
      if (!mayActAs(actor.role, role))
        throw problem(403, 'forbidden', `You are ${actor.role}; a token can't be ${role}`);
      const expires = expiresAt === undefined ? null : Date.parse(expiresAt);
      if (expires !== null && expires <= now()) {
        const message = 'This is in the past';
        throw problem(422, 'invalid', message, { fields: [{ path: 'expiresAt', message }] });
      }
      const token = newApiToken();
      const added = await access.tokens.add(
        digestOf(token),
        { name, role, createdBy: user, expiresAt: expires },
        now(),
      );
      await guard.audit(actor, 'add token', name, `role ${role}`);
      return reply.code(201).send({ ...shown(added), token });
    },
  });

  add({
    ...{ method: 'DELETE', path: '/tokens/:id', id: 'deleteToken', tag: TAG },
    ...{ role: 'editor', people: true },
    summary: 'Withdraw an API token',
    params: z.object({ id: z.coerce.number().int().positive() }),
    answers: { 204: nothing },
    example: { params: { id: '1' }, status: 204 },
    async handler({ params, request, reply }) {
      const identity = guard.identityOf(request)!;
      const { name, createdBy } = await access.tokens.remove(params.id, ownerFor(identity));
      await guard.audit(identity.actor, 'delete token', name, `of ${createdBy}`);
      return reply.code(204).send();
    },
  });
}

function shown({ createdAt, lastUsedAt, expiresAt, ...token }: Token): z.infer<typeof shownToken> {
  return {
    ...token,
    createdAt: iso(createdAt),
    lastUsedAt: isoOrNull(lastUsedAt),
    expiresAt: isoOrNull(expiresAt),
  };
}
