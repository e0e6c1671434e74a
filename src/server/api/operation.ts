import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify';
import { z } from 'zod';
import type { Actor, Role } from '../../core/access.ts';
import type { Management } from '../../connector.ts';

/** Settings are small; drafts of them are kept. */
const BODY_BYTES = 256 * 1024;

/** What the routes are given. Access is another's: who asks, what he may, and where it is written down. */
export interface ApiParts {
  readonly management: Management;
  readonly version: string;
  /** Refuses whoever has not at least this role. */
  readonly needs: (role: Role) => preHandlerHookHandler;
  readonly actorOf: (request: FastifyRequest) => Actor;
  /** Whether who began a request may still do as much; for answers that last. */
  readonly isStillIn: (request: FastifyRequest) => Promise<boolean>;
  readonly audit: (actor: Actor, action: string, target: string, detail?: string) => Promise<void>;
}

export interface Input<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly actor: Actor;
}

/** A request as the reference shows it, and what it is answered with. A test sends every one of them. */
export interface Example {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly status: number;
}

export interface Operation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/api/v1`, with `:name`. */
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly role: Role;
  readonly params?: P;
  readonly query?: Q;
  readonly headers?: z.ZodType;
  readonly body?: B;
  /** By status; of errors the reference says what is common to all. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
  /** Media type of the answer, where it is not JSON. */
  readonly media?: string;
  readonly example: Example;
  readonly handler: (input: Input<z.output<P>, z.output<Q>, z.output<B>>) => Promise<unknown>;
}

/** Adds one operation to a scope. */
export type Add = <
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(
  operation: Operation<P, Q, B>,
) => void;

export interface Documented {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly media: string;
  readonly example: Example;
  readonly answers: Readonly<Record<number, z.ZodType>>;
}

/** Operations of a scope; each is noted in `into`, for the reference. */
export function operations(app: FastifyInstance, parts: ApiParts, into: Documented[]): Add {
  return (operation) => {
    const { method, path, id, tag, summary, description, role, answers, example } = operation;
    const { params, query, headers, body, media = 'application/json', handler } = operation;
    into.push({ id, method, path, media, example, answers });
    app.route({
      method,
      url: path,
      exposeHeadRoute: false,
      bodyLimit: BODY_BYTES,
      preHandler: parts.needs(role),
      schema: {
        operationId: id,
        ...{ tags: [tag], summary, description: describe(role, description) },
        ...(params ? { params } : {}),
        ...(query ? { querystring: query } : {}),
        ...(headers ? { headers } : {}),
        ...(body ? { body } : {}),
        response: Object.fromEntries(
          Object.entries(answers).map(([status, schema]) => [
            status,
            media === 'application/json'
              ? schema
              : { description: schema.description ?? '', content: { [media]: { schema } } },
          ]),
        ),
      },
      handler: (request, reply) => {
        // Answers tell of customers: they belong in no cache.
        reply.header('cache-control', 'no-store');
        return handler({
          params: request.params as never,
          query: request.query as never,
          body: request.body as never,
          request,
          reply,
          actor: parts.actorOf(request),
        });
      },
    });
  };
}

function describe(role: Role, description: string | undefined): string {
  const who = `Role: ${role}.`;
  return description === undefined ? who : `${description}\n\n${who}`;
}

/** Aborted when whoever asked has left. */
export function whileAsked(reply: FastifyReply): AbortSignal {
  const left = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) left.abort(new Error('the client has left'));
  });
  return left.signal;
}
