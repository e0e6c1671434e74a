import { STATUS_CODES } from 'node:http';

/** An HTTP answer that is not sent yet. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is sent as it comes, compressed when the client takes that. */
  readonly body: string | AsyncIterable<string>;
}

export function jsonAnswer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return textAnswer(status, JSON.stringify(body), 'application/json', headers);
}

export function textAnswer(
  status: number,
  body: string,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, headers: { 'content-type': contentType, ...headers }, body };
}

/** The name of a status as Mixpanel writes it. */
export function statusText(status: number): string {
  return status === 413 ? 'Request Entity Too Large' : (STATUS_CODES[status] ?? 'Unknown');
}

/** An error in the shape of the ingestion API: `{"code","error","status"}`. */
export function errorAnswer(
  status: number,
  error: string,
  extra: Readonly<Record<string, unknown>> = {},
): Answer {
  return jsonAnswer(status, { code: status, error, status: statusText(status), ...extra });
}

export function unauthorizedAnswer(): Answer {
  return errorAnswer(401, 'Invalid credentials');
}

export function tooLargeAnswer(limit: number): Answer {
  return errorAnswer(413, `request exceeds max limit of ${limit} bytes`);
}

export function rateLimitedAnswer(): Answer {
  return errorAnswer(
    429,
    'Project exceeded rate limits. Please retry the request with exponential backoff.',
  );
}
