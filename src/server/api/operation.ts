import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify';
import { z } from 'zod';
import type { Actor, Role } from '../../core/access.ts';
import type { Management } from '../../connector.ts';

/** Settings are small; drafts of them are kept. */
const BODY_BYTES = 256 * 1024;

/** Who asks, and what they may. */
export interface Gate {
  /** Refuses whoever has not at least this role. */
  readonly needs: (role: Role) => preHandlerHookHandler;
  /** The same, and whoever asks by an API token. */
  readonly needsPerson: (role: Role) => preHandlerHookHandler;
  readonly actorOf: (request: FastifyRequest) => Actor;
}

/** What the routes are given. Access is another's: who asks, what he may, and where it is written down. */
export interface ApiParts extends Gate {
  readonly management: Management;
  readonly version: string;
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
  /** Throws where nobody need be signed in, and nobody is. */
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
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`, with `:name`. */
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** The least that is needed; null: not even a sign-in. */
  readonly role: Role | null;
  /** Not with an API token. */
  readonly people?: boolean;
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

/** What the reference needs of an operation beyond its schemas. */
export interface Documented {
  readonly id: string;
  readonly media: string;
  readonly example: Example;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    documented?: Documented;
  }
}

/** Adds operations to a scope. */
export function operations(app: FastifyInstance, parts: Gate): Add {
  return (operation) => {
    const { method, path, id, tag, summary, role, people, answers } = operation;
    const { params, query, headers, body, media = 'application/json', handler } = operation;
    const documented = { id, media, example: operation.example };
    const needs = people ? parts.needsPerson : parts.needs;
    app.route({
      method,
      url: path,
      exposeHeadRoute: false,
      bodyLimit: BODY_BYTES,
      ...(role === null
        ? { config: { documented, open: true } }
        : { config: { documented }, preHandler: needs(role) }),
      schema: {
        operationId: id,
        ...{ tags: [tag], summary, description: describe(operation) },
        ...(role === null ? { security: [] } : people ? { security: [{ session: [] }] } : {}),
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
          get actor() {
            return parts.actorOf(request);
          },
        });
      },
    });
  };
}

function describe({
  description,
  role,
  people,
}: Pick<Operation<z.ZodType, z.ZodType, z.ZodType>, 'description' | 'role' | 'people'>): string {
  const who = [
    ...(people ? ['By people alone, not by tokens.'] : []),
    role === null ? 'Needs no sign-in.' : `Role: ${role}.`,
  ].join(' ');
  return description === undefined
    ? who
    : `${description}

${who}`;
}

/** Aborted when whoever asked has left. */
export function whileAsked(reply: FastifyReply): AbortSignal {
  const left = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) left.abort(new Error('the client has left'));
  });
  return left.signal;
}
