import type { FastifyReply, FastifyRequest } from 'fastify';
import { SluiceError, StateError, UsageError } from '../core/errors.ts';

export interface Field {
  /** With dots between the levels. */
  readonly path: string;
  readonly message: string;
}

export interface ProblemExtra {
  /** What to do. */
  readonly hint?: string;
  /** The places of the body that are wrong. */
  readonly fields?: readonly Field[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer of the API that is no success; made by `problem`. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly extra: ProblemExtra;

  constructor(status: number, code: string, detail: string, extra: ProblemExtra) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.extra = extra;
  }
}

/** To be thrown. `code` is stable, `detail` is for people. */
export function problem(
  status: number,
  code: string,
  detail: string,
  extra: ProblemExtra = {},
): Problem {
  return new Problem(status, code, detail, extra);
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict',
  412: 'Changed meanwhile',
  413: 'Too large',
  415: 'Wrong content type',
  422: 'Invalid',
  428: 'Precondition required',
  429: 'Too many requests',
  500: 'Fault',
  503: 'Not available',
};

/** How errors of the state become answers; others of it are `unavailable`. */
const STATE_CODES: Readonly<Record<string, readonly [status: number, code: string]>> = {
  user_exists: [409, 'exists'],
  no_such_user: [404, 'not_found'],
  no_such_token: [404, 'not_found'],
  last_admin: [409, 'last_admin'],
};

/** Answers with application/problem+json (RFC 9457). `onFault` is told of faults of ours, whose words stay inside. */
export function problemHandler(
  onFault: (error: Error) => void,
): (error: Error, request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  return (error, _request, reply) => {
    const found = problemOf(error);
    if (found.status >= 500) onFault(error);
    const { hint, fields, headers } = found.extra;
    return reply
      .code(found.status)
      .headers(headers ?? {})
      .type('application/problem+json')
      .send({
        type: 'about:blank',
        title: TITLES[found.status] ?? 'Refused',
        status: found.status,
        code: found.code,
        detail: found.message,
        ...(hint === undefined ? {} : { hint }),
        ...(fields === undefined ? {} : { fields }),
      });
  };
}

/** What Fastify says of a request: `statusCode`, and of schemas `validation`. */
type RequestError = Error & {
  readonly statusCode?: number;
  readonly validation?: readonly { readonly instancePath: string; readonly message?: string }[];
};

function problemOf(error: RequestError): Problem {
  if (error instanceof Problem) return error;
  if (error.validation) return invalid(error.validation);
  if (error instanceof StateError) {
    const [status, code] = STATE_CODES[error.code] ?? [503, 'unavailable'];
    return problem(status, code, error.message, hintOf(error));
  }
  if (error instanceof UsageError) return problem(422, 'invalid', error.message, hintOf(error));
  const status = error.statusCode ?? 500;
  if (status === 413) return problem(413, 'too_large', 'The body is too large');
  if (status >= 400 && status < 500) return problem(status, 'invalid', error.message);
  return problem(500, 'fault', 'Something went wrong in Sluice');
}

function invalid(validation: NonNullable<RequestError['validation']>): Problem {
  const fields = validation.map(({ instancePath, message }) => ({
    path: instancePath.replace(/^\//, '').replaceAll('/', '.'),
    message: message ?? 'is wrong',
  }));
  const words = fields.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return problem(422, 'invalid', words.join('; '), { fields });
}

function hintOf({ hint }: SluiceError): ProblemExtra {
  return hint === undefined ? {} : { hint };
}
