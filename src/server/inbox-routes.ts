import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { StateError } from '../core/errors.ts';
import type { Inbox } from '../core/inbox.ts';
import { createBudget, receive, type ReceiveFailure } from './receive.ts';
import { errorBody } from './server.ts';

/** One request to the inbox, for the metrics. */
export interface PushObservation {
  /** Undefined for a name that is no connection. */
  readonly connection: string | undefined;
  /** 0 when the client left before it had its answer. */
  readonly status: number;
  readonly seconds: number;
  /** Of the body, unpacked, as far as it was read. */
  readonly bytes: number;
}

export interface InboxRoutes {
  readonly inbox: Pick<Inbox, 'append' | 'refusal'>;
  /** A connection whose source is the inbox, paused or not. `tokenDigest`: SHA-256 of its token. */
  readonly find: (connection: string) => { readonly tokenDigest: Uint8Array } | undefined;
  /** Largest body, as sent and unpacked. */
  readonly maxBodyBytes?: number;
  /** Bodies that are being received hold at most this much memory together. */
  readonly maxReceivingBytes?: number;
  readonly observe?: (push: PushObservation) => void;
}

interface Push {
  connection: string | undefined;
  bytes: number;
}

/** Seconds after which a sender is to try again. */
const RETRY_FULL = '60';
const RETRY_BUSY = '2';

/**
 * `POST /currents/<connection>`: what Braze's Custom HTTP connector calls. What it does on an answer decides which one
 * it gets: 2xx is done; on 400 it drops events, so only a body that is no JSON at all gets that; on 413 it sends smaller
 * batches; on 401, 403 and 404 it stops until its owner comes; on all else it sends again. So an encoding or a gzip
 * stream that can't be read is 415 and 422: nothing is lost, and Braze's own alarm brings it to light.
 */
export function inboxRoutes(options: InboxRoutes): (app: FastifyInstance) => void {
  const maxBodyBytes = options.maxBodyBytes ?? 10 * 1024 * 1024;
  const budget = createBudget(options.maxReceivingBytes ?? 256 * 1024 * 1024);
  const pushes = new WeakMap<FastifyRequest, Push>();

  const authenticate = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { connection } = request.params as { connection: string };
    const found = options.find(connection);
    const begun = performance.now();
    const push: Push = { connection: found && connection, bytes: 0 };
    pushes.set(request, push);
    // Unlike the hook onResponse this also comes when the client has left.
    reply.raw.once('close', () => {
      const status = reply.raw.writableFinished ? reply.statusCode : 0;
      options.observe?.({ ...push, status, seconds: (performance.now() - begun) / 1000 });
    });
    if (!found) return reply.code(404).send(errorBody('no_connection', 'No such connection'));
    const token = /^bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token !== undefined && timingSafeEqual(digestOf(token), found.tokenDigest)) return;
    const challenge = token === undefined ? 'Bearer' : 'Bearer error="invalid_token"';
    const message = token === undefined ? 'A bearer token is needed' : 'The token is wrong';
    return reply
      .code(401)
      .header('www-authenticate', challenge)
      .send(errorBody('unauthorized', message));
  };

  const take = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const full = await options.inbox.refusal();
    if (full !== undefined) return unavailable(reply, 'inbox_full', `For now ${full}`, RETRY_FULL);
    const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? '';
    if (!['', 'identity', 'gzip', 'x-gzip'].includes(encoding))
      return reply
        .code(415)
        .header('accept-encoding', 'gzip')
        .send(errorBody('unknown_encoding', 'Bodies are taken plain or with gzip'));
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes)
      return refused(reply, 'too_large', maxBodyBytes);
    const received = await receive(request.raw, encoding.endsWith('gzip'), maxBodyBytes, budget);
    const push = pushes.get(request)!;
    if ('failure' in received) {
      push.bytes = received.bytes;
      return refused(reply, received.failure, maxBodyBytes);
    }
    const { body } = received;
    push.bytes = body.length;
    try {
      return await keep(push.connection!, body, reply);
    } finally {
      budget.give(body.length);
    }
  };

  const keep = async (connection: string, body: Buffer, reply: FastifyReply): Promise<unknown> => {
    const kind = kindOf(body);
    if (kind === 'not-json')
      return reply.code(400).send(errorBody('not_json', 'The body is not JSON'));
    if (kind === 'empty') return {};
    try {
      await options.inbox.append(connection, body);
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      return unavailable(reply, error.code, error.message, RETRY_FULL);
    }
    return {};
  };

  return (app) => {
    void app.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      // The handler reads the body itself, whatever it is called: bounded, unpacked and counted.
      scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
      scope.post('/currents/:connection', { onRequest: authenticate }, take);
      done();
    });
  };
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** `empty`: holds nothing that could be lost, such as a probe of the credentials. Bytes that are no UTF-8 are mended later. */
function kindOf(body: Buffer): 'not-json' | 'empty' | 'full' {
  const isMarked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  // Byte for byte: what is JSON is decided by ASCII alone, and this reads twice as fast as UTF-8.
  const text = body.toString('latin1', isMarked ? 3 : 0);
  if (!/[^ \t\r\n]/.test(text)) return 'empty';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not-json';
  }
  return isEmptyBatch(value) ? 'empty' : 'full';
}

function isEmptyBatch(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const values = Object.entries(value);
  const [first] = values;
  if (!first) return true;
  return values.length === 1 && first[0] === 'events' && isEmptyList(first[1]);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function refused(reply: FastifyReply, why: ReceiveFailure, maxBodyBytes: number): unknown {
  switch (why) {
    case 'too_large':
      return reply
        .code(413)
        .send(errorBody('too_large', `A body may have ${maxBodyBytes} bytes, also when unpacked`));
    case 'busy':
      return unavailable(reply, 'busy', 'Too much is being received at once', RETRY_BUSY);
    case 'bad_gzip':
      return reply.code(422).send(errorBody('bad_gzip', 'The body is no whole gzip stream'));
    case 'gone':
      // Nobody reads it.
      return reply.code(408).send(errorBody('gone', 'The body broke off'));
  }
}

function unavailable(
  reply: FastifyReply,
  code: string,
  message: string,
  retryAfter: string,
): unknown {
  return reply.code(503).header('retry-after', retryAfter).send(errorBody(code, message));
}
