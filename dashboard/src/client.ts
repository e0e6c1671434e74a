import type { Problem, Session } from './api.ts';

const BASE = '/api/v1';

/** An answer that is no success, or none at all (`status` 0, code `offline`). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly fields: readonly { readonly path: string; readonly message: string }[];

  constructor(problem: Pick<Problem, 'status' | 'code' | 'detail' | 'hint' | 'fields'>) {
    super(problem.detail);
    this.status = problem.status;
    this.code = problem.code;
    this.hint = problem.hint;
    this.fields = problem.fields ?? [];
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>;

interface CallOptions {
  readonly query?: Query;
  readonly body?: unknown;
  /** Revision that is to be changed; the call fails with `conflict` when it is no longer the newest. */
  readonly revision?: number;
  readonly signal?: AbortSignal;
}

let csrf = '';

/** Remembers what unsafe calls must carry. */
export function trust(session: Session): Session {
  csrf = (session.state === 'signed-in' && session.csrf) || '';
  return session;
}

export function urlOf(path: string, query: Query = {}): string {
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([key, value]) =>
      value === undefined || value === '' ? [] : [[key, String(value)]],
    ),
  ).toString();
  return `${BASE}${path}${search === '' ? '' : `?${search}`}`;
}

/** One call of the API. Rejects with ApiError. */
export async function call<T>(
  method: string,
  path: string,
  { query, body, revision, signal }: CallOptions = {},
): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (method !== 'GET') headers['x-csrf-token'] = csrf;
  if (revision !== undefined) headers['if-match'] = `"${revision}"`;
  const response = await fetch(urlOf(path, query), {
    method,
    headers,
    credentials: 'same-origin',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiError({ status: 0, code: 'offline', detail: 'Sluice does not answer' });
  });
  if (!response.ok) throw new ApiError(await problemOf(response));
  // An empty 204 is the answer of calls whose result nobody reads.
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  return call<T>('GET', path, { ...(query ? { query } : {}), ...(signal ? { signal } : {}) });
}

async function problemOf(response: Response): Promise<Problem> {
  const fallback = {
    type: 'about:blank',
    title: response.statusText,
    status: response.status,
    code: 'fault',
    detail: `HTTP ${response.status} ${response.statusText}`.trim(),
  };
  const body = await response.json().catch(() => undefined);
  return typeof body === 'object' && body !== null
    ? { ...fallback, ...(body as Partial<Problem>) }
    : fallback;
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof ApiError ? error.code : undefined;
}
