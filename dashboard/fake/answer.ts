import type * as Api from '../src/api.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Api.JsonObject;
  readonly ifMatch: string | undefined;
}

/** What the API answers: a body, or a problem. */
export type Answer =
  | { readonly status: number; readonly body?: unknown; readonly type?: string }
  | { readonly problem: Partial<Api.Problem> & { readonly status: number; readonly code: string } };

export const text = (value: Api.Json | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
export const ok = (body: unknown): Answer => ({ status: 200, body });
export const done: Answer = { status: 204 };
export const missing: Answer = {
  problem: { status: 404, code: 'not_found', detail: 'There is nothing here' },
};

export function pageOf<T>(all: readonly T[], query: URLSearchParams): Api.Page<T> {
  const from = Number(query.get('cursor') ?? 0);
  const limit = Number(query.get('limit') ?? 50);
  const to = from + limit;
  return { items: all.slice(from, to), next: to < all.length ? String(to) : null };
}
