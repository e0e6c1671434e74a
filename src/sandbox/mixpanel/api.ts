import type { IncomingMessage } from 'node:http';
import { type Answer, jsonAnswer, rateLimitedAnswer, unauthorizedAnswer } from './answer.ts';
import { isAuthorized, type Purpose } from './auth.ts';
import { decodeBody, readBody } from './body.ts';
import { deliver, type Exchange, type Run } from './deliver.ts';
import { exportEvents } from './export.ts';
import type { ApiPath } from './faults.ts';
import { importBatch, type Parts, takeApart } from './import.ts';
import type { SandboxState } from './sandbox.ts';
import { bodyLimitOf } from './switches.ts';

const ROUTES: Readonly<Record<string, ApiPath>> = {
  'POST /import': '/import',
  'GET /api/2.0/export': '/api/2.0/export',
  'GET /api/app/me': '/api/app/me',
};

const PURPOSES: Readonly<Record<ApiPath, Purpose>> = {
  '/import': 'import',
  '/api/2.0/export': 'export',
  '/api/app/me': 'account',
};

/** The call of Mixpanel's that a request makes; undefined when it is none that the sandbox serves. */
export function apiPathOf(request: IncomingMessage, url: URL): ApiPath | undefined {
  return ROUTES[`${request.method} ${url.pathname}`];
}

/** Answers a call of Mixpanel's, or lets a fault strike it. */
export async function answerApi(
  state: SandboxState,
  exchange: Exchange,
  path: ApiPath,
  url: URL,
): Promise<void> {
  const { request } = exchange;
  const { tally } = state;
  tally.requests++;
  const number = state.faults.arrive(path);
  const limit = bodyLimitOf(state.switches);
  const raw = await readBody(request, limit);
  tally.bytesReceived += raw?.length ?? limit;
  const taken =
    path === '/import' ? await takeBody(request, raw, limit) : { body: Buffer.alloc(0), lines: [] };
  const parts = 'lines' in taken ? taken : undefined;
  tally.bytesUncompressed += parts?.body.length ?? 0;
  const rule = state.faults.strike({
    path,
    request: number,
    bytes: parts?.body.length ?? 0,
    lines: parts?.lines ?? [],
  });
  await deliver(exchange, rule, runOf(state, request, path, url.searchParams, taken));
}

async function takeBody(
  request: IncomingMessage,
  raw: Buffer | undefined,
  limit: number,
): Promise<Parts | Answer> {
  const body = await decodeBody(raw, request.headers['content-encoding'], limit);
  return Buffer.isBuffer(body) ? takeApart(body, request.headers['content-type']) : body;
}

function runOf(
  state: SandboxState,
  request: IncomingMessage,
  path: ApiPath,
  query: URLSearchParams,
  taken: Parts | Answer,
): Run {
  const { authorization } = request.headers;
  const projectId = query.get('project_id');
  const purpose = PURPOSES[path];
  return (refuse) => {
    if (!isAuthorized(authorization, projectId, purpose, state.credentials))
      return unauthorizedAnswer();
    if (purpose === 'account') return jsonAnswer(200, { status: 'ok', results: {} });
    if (purpose === 'export') {
      if (state.rate.takeQuery()) return exportEvents(state.store, state.switches, query);
      return jsonAnswer(429, { request: path, error: 'Query rate limit exceeded' });
    }
    if (!('lines' in taken)) return taken;
    if (!state.rate.takeImport(taken.lines.length, taken.body.length)) return rateLimitedAnswer();
    const { token } = state.credentials;
    return importBatch(state, { parts: taken, query, token, now: state.clock(), refuse });
  };
}
