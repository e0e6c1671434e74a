import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import {
  InputError,
  SliceError,
  SluiceError,
  SourceError,
  StateError,
  UsageError,
} from '../core/errors.ts';

export interface Field {
  /** Such as `source.bucket`. */
  readonly path: string;
  readonly message: string;
}

export interface ProblemExtra {
  /** What to do. */
  readonly hint?: string | undefined;
  readonly fields?: readonly Field[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error that is answered as `application/problem+json` (RFC 9457). `code` is stable. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly extra: ProblemExtra;

  constructor(status: number, code: string, detail: string, extra: ProblemExtra = {}) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.extra = extra;
  }
}

/** To be thrown, or given to {@link sendProblem}. */
export function problem(
  status: number,
  code: string,
  detail: string,
  extra: ProblemExtra = {},
): Problem {
  return new Problem(status, code, detail, extra);
}

export function sendProblem(reply: FastifyReply, error: Problem): FastifyReply {
  const { status, code, message, extra } = error;
  const { hint, fields, headers = {} } = extra;
  return reply
    .code(status)
    .headers({ 'cache-control': 'no-store', ...headers })
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      ...{ status, code, detail: message },
      ...(hint === undefined ? {} : { hint }),
      ...(fields === undefined ? {} : { fields }),
    });
}

/** Answers errors of a scope. `onFault`: told of faults of ours, whose words nobody is answered. */
export function problemHandler(
  onFault: (error: Error) => void,
): (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => void {
  return (error, _request, reply) => {
    // Headers of a success do not belong to what came in its place.
    for (const name of ['etag', 'content-disposition']) reply.removeHeader(name);
    const found = problemOf(error);
    if (found.status >= 500 && !(error instanceof Problem)) onFault(error);
    void sendProblem(reply, found);
  };
}

export function problemNotFound(_request: FastifyRequest, reply: FastifyReply): void {
  void sendProblem(reply, problem(404, 'not_found', 'There is nothing here'));
}

/** By code of a SluiceError: status, and the code where it is another one. */
const KNOWN: Readonly<Record<string, readonly [number, string?]>> = {
  no_such_connection: [404, 'not_found'],
  no_such_job: [404, 'not_found'],
  no_such_letter: [404, 'not_found'],
  no_such_draft: [404, 'not_found'],
  no_such_event: [404, 'not_found'],
  no_such_user: [404, 'not_found'],
  no_such_token: [404, 'not_found'],
  no_such_cohort: [404, 'not_found'],
  no_such_import: [404, 'not_found'],
  no_such_key: [404, 'not_found'],
  exists: [409],
  key_ended: [409],
  ambiguous: [409],
  user_exists: [409, 'exists'],
  last_admin: [409],
  needs_confirmation: [409],
  job_ended: [409],
  revision_changed: [412, 'conflict'],
};

function problemOf(error: FastifyError | Error): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof SluiceError) return problemOfOurs(error);
  const { validation, statusCode, message } = error as FastifyError;
  if (validation) {
    const fields = validation.map(({ instancePath, message: words }) => ({
      path: instancePath.replace(/^\//, '').replaceAll('/', '.'),
      message: words ?? 'is wrong',
    }));
    const detail = fields.map(({ path, message: words }) => `${path || 'it'}: ${words}`).join('; ');
    return problem(422, 'invalid', detail, { fields });
  }
  if (statusCode === 413) return problem(413, 'too_large', 'The body is larger than is taken');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return problem(statusCode, 'invalid', message);
  return problem(500, 'fault', 'Something went wrong in Sluice', {
    hint: 'What it was stands in the log of the service.',
  });
}

function problemOfOurs(error: SluiceError): Problem {
  const { code, message, hint } = error;
  const [status, own = code] = KNOWN[code] ?? [];
  if (status !== undefined) return problem(status, own, message, { hint });
  if (error instanceof InputError)
    return problem(422, 'invalid', message, { hint, fields: error.fields });
  if (error instanceof UsageError) return problem(422, 'invalid', message, { hint });
  if (error instanceof SourceError || error instanceof SliceError)
    return problem(422, 'source', message, { hint });
  if (error instanceof StateError) return problem(503, 'unavailable', message, { hint });
  return problem(500, 'fault', message, { hint });
}
