import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { mayActAs, type Token } from '../../core/access.ts';
import { problem } from '../problem.ts';
import type { Identity } from './guard.ts';
import type { Parts } from './parts.ts';
import { digestOf, newApiToken } from './secrets.ts';
import { at, isoTime, isoTimeOrNull, role } from './shapes.ts';

const shownToken = z.object({
  id: z.int(),
  name: z.string(),
  role,
  createdAt: at,
  createdBy: z.string(),
  lastUsedAt: at.nullable(),
  expiresAt: at.nullable(),
});

/** API tokens: one's own, and for admins everybody's. */
export function tokenRoutes({ access, guard, now }: Parts): (app: FastifyInstance) => void {
  /** Whose tokens somebody sees and deletes; undefined: everybody's. */
  const ownerFor = ({ actor, user }: Identity): string | undefined =>
    actor.role === 'admin' ? undefined : user;

  return (plain) => {
    const app = plain.withTypeProvider<ZodTypeProvider>();

    app.get(
      '/tokens',
      {
        preHandler: guard.needs('editor'),
        schema: {
          summary: 'Your API tokens; for admins everybody’s',
          response: { 200: z.object({ items: z.array(shownToken), next: z.null() }) },
        },
      },
      async (request) => ({
        items: (await access.tokens.list(ownerFor(guard.identityOf(request)!))).map(shown),
        next: null,
      }),
    );

    app.post(
      '/tokens',
      {
        preHandler: guard.needsPerson('editor'),
        schema: {
          summary: 'Make an API token; it is shown this once',
          body: z.strictObject({
            name: z.string().trim().min(1).max(100),
            role,
            expiresAt: z.iso.datetime({ offset: true }).optional(),
          }),
          response: { 201: shownToken.extend({ token: z.string() }) },
        },
      },
      async (request, reply) => {
        const { name, role, expiresAt } = request.body;
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
    );

    app.delete(
      '/tokens/:id',
      {
        preHandler: guard.needsPerson('editor'),
        schema: {
          summary: 'Withdraw an API token',
          params: z.object({ id: z.coerce.number().int().positive() }),
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        const identity = guard.identityOf(request)!;
        const { name, createdBy } = await access.tokens.remove(
          request.params.id,
          ownerFor(identity),
        );
        await guard.audit(identity.actor, 'delete token', name, `of ${createdBy}`);
        return reply.code(204).send(null);
      },
    );
  };
}

function shown({ createdAt, lastUsedAt, expiresAt, ...token }: Token): z.infer<typeof shownToken> {
  return {
    ...token,
    createdAt: isoTime(createdAt),
    lastUsedAt: isoTimeOrNull(lastUsedAt),
    expiresAt: isoTimeOrNull(expiresAt),
  };
}
