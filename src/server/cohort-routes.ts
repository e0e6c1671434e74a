import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  looksLikeImportKey,
  parseWebhook,
  readWebhook,
  type ReceivingImports,
} from '../connector.ts';
import type { Cohorts } from '../core/cohorts.ts';
import { StateError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { createThrottle } from './auth/throttle.ts';
import { createBudget, receive, type ReceiveFailure } from './receive.ts';

/** One call of the webhook, for the metrics. */
export interface CohortCall {
  /** Undefined when no key let it in. */
  readonly import: string | undefined;
  /** As far as it was read. */
  readonly action: 'members' | 'add_members' | 'remove_members' | 'none';
  /** 0 when the client left before it had its answer. */
  readonly status: number;
}

export interface CohortRoutes {
  readonly imports: ReceivingImports;
  readonly cohorts: Pick<Cohorts, 'receive'>;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told of faults of ours that ended a request. */
  readonly onFault: (error: Error) => void;
  /** Largest body, as sent and unpacked. */
  readonly maxBodyBytes?: number;
  /** Bodies that are being received hold at most this much memory together. */
  readonly maxReceivingBytes?: number;
  readonly observe?: (call: CohortCall) => void;
}

interface Call {
  import: string | undefined;
  action: string;
}

/** Seconds after which Mixpanel is to try again. */
const RETRY_FAULT = '30';
const RETRY_BUSY = '2';

/**
 * `POST /cohorts/<key>`: what Mixpanel's custom webhook calls; or `POST /cohorts/<import>` with a key as the password of
 * HTTP Basic. Mixpanel pauses a sync on 400, 401, 403 and 404, and tells its owner; on 429 and 5xx it tries again. So
 * the former stand for what its owner must mend, and every fault of ours is 503.
 */
export function cohortRoutes(options: CohortRoutes): (app: FastifyInstance) => void {
  const { imports, cohorts, log, now } = options;
  const maxBodyBytes = options.maxBodyBytes ?? 10 * 1024 * 1024;
  const budget = createBudget(options.maxReceivingBytes ?? 64 * 1024 * 1024);
  const throttle = createThrottle(now);
  const calls = new WeakMap<FastifyRequest, Call>();

  const failed = (
    request: FastifyRequest,
    reply: FastifyReply,
    status: number,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ): unknown => {
    const { import: name, action = '' } = calls.get(request) ?? {};
    // 401 is told of by the address: a wrong key may be a right one of another import.
    if (status !== 401 && status !== 429)
      log.warn('a call of a cohort webhook was refused', { import: name, status, detail: message });
    return reply
      .code(status)
      .headers(headers)
      .send({ action, status: 'failure', error: { message, code: status } });
  };
  const later = (
    request: FastifyRequest,
    reply: FastifyReply,
    message: string,
    retryAfter = RETRY_FAULT,
  ): unknown => failed(request, reply, 503, message, { 'retry-after': retryAfter });

  /** Also says what became of a fault. No text of it is answered: it may be anything. */
  const guarded = async (
    request: FastifyRequest,
    reply: FastifyReply,
    work: () => Promise<unknown>,
  ): Promise<unknown> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof StateError) return later(request, reply, error.message);
      options.onFault(error instanceof Error ? error : new Error(String(error)));
      return later(request, reply, 'Something went wrong in Sluice');
    }
  };

  const authenticate = (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const call: Call = { import: undefined, action: '' };
    calls.set(request, call);
    void reply.header('cache-control', 'no-store');
    // Unlike the hook onResponse this also comes when the client has left.
    reply.raw.once('close', () => {
      const status = reply.raw.writableFinished ? reply.statusCode : 0;
      options.observe?.({ import: call.import, action: actionLabel(call.action), status });
    });
    return guarded(request, reply, async () => {
      const { key: place } = request.params as { key: string };
      const password = looksLikeImportKey(place) ? undefined : passwordOf(request);
      if (password !== undefined && !(await imports.has(place)))
        return wrongKey(request, reply, 404, 'There is no cohort import of this name');
      const owner = await imports.ownerOf(password ?? place, now());
      if (owner === undefined || (password !== undefined && owner !== place))
        return wrongKey(request, reply, 401, 'The data import key is wrong or has ended');
      call.import = owner;
      return undefined;
    });
  };

  /** A right key is never held up: only who has none waits. */
  const wrongKey = (
    request: FastifyRequest,
    reply: FastifyReply,
    status: 401 | 404,
    message: string,
  ): unknown => {
    const attempt = throttle.attempt(request.ip, request.ip);
    if ('waitMs' in attempt) {
      const seconds = Math.ceil(attempt.waitMs / 1000);
      return failed(request, reply, 429, `Too many wrong keys; wait ${seconds} s`, {
        'retry-after': String(seconds),
      });
    }
    log.warn('a call of a cohort webhook had no good key', { address: request.ip, status });
    return failed(request, reply, status, message, {
      ...(status === 401 ? { 'www-authenticate': 'Basic realm="cohorts"' } : {}),
    });
  };

  const take = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? '';
    if (!['', 'identity', 'gzip', 'x-gzip'].includes(encoding))
      return failed(request, reply, 415, 'Bodies are taken plain or with gzip', {
        'accept-encoding': 'gzip',
      });
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes)
      return unreceived(request, reply, 'too_large');
    const received = await receive(request.raw, encoding.endsWith('gzip'), maxBodyBytes, budget);
    if ('failure' in received) return unreceived(request, reply, received.failure);
    const { body } = received;
    try {
      return await guarded(request, reply, () => keep(request, reply, body));
    } finally {
      budget.give(body.length);
    }
  };

  const keep = async (
    request: FastifyRequest,
    reply: FastifyReply,
    bytes: Buffer,
  ): Promise<unknown> => {
    const call = calls.get(request)!;
    const name = call.import!;
    let body: unknown;
    try {
      body = parseWebhook(bytes.toString('utf8').replace(/^\ufeff/, ''));
    } catch {
      return failed(request, reply, 400, 'The body is not JSON');
    }
    const identification = await imports.identificationOf(name);
    if (identification === undefined)
      return later(request, reply, `The settings of ${name} are not valid: put them right first`);
    const read = readWebhook(body, identification);
    call.action = read.kind === 'page' ? read.page.action : read.action;
    if (read.kind === 'failure') return failed(request, reply, 400, read.message);
    await cohorts.receive(name, read.page, now());
    return { action: call.action, status: 'success' };
  };

  const unreceived = (
    request: FastifyRequest,
    reply: FastifyReply,
    why: ReceiveFailure,
  ): unknown => {
    switch (why) {
      case 'too_large':
        return failed(request, reply, 413, `A body may have ${maxBodyBytes} bytes, also unpacked`);
      case 'busy':
        return later(request, reply, 'Too much is being received at once', RETRY_BUSY);
      case 'bad_gzip':
        return failed(request, reply, 400, 'The body is no whole gzip stream');
      case 'gone':
        // Nobody reads it.
        return failed(request, reply, 408, 'The body broke off');
    }
  };

  return (app) => {
    void app.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      // The handler reads the body itself, whatever it is called: bounded, unpacked and counted.
      scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
      scope.post('/cohorts/:key', { onRequest: authenticate }, take);
      done();
    });
  };
}

/** Of HTTP Basic; undefined without one. The user name may be anything. */
function passwordOf({ headers }: FastifyRequest): string | undefined {
  const coded = /^basic +(\S*) *$/i.exec(headers.authorization ?? '')?.[1];
  if (coded === undefined) return undefined;
  return /^[^:]*:(.*)$/s.exec(Buffer.from(coded, 'base64').toString())?.[1] ?? '';
}

function actionLabel(action: string): CohortCall['action'] {
  return action === 'members' || action === 'add_members' || action === 'remove_members'
    ? action
    : 'none';
}
