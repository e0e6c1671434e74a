import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { JsonObject, Role, Session } from '../src/api.ts';
import { answer } from './routes.ts';
import { live } from './service.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

const DIST = resolve(import.meta.dirname, '../dist');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

export interface FakeOptions extends WorldOptions {
  readonly port?: number;
  readonly role?: Role;
  /** Where a visitor begins. */
  readonly begin?: Session['state'];
}

export interface Fake {
  readonly url: string;
  readonly world: World;
  /** Calls of this path fail until it is taken out. */
  readonly failing: Set<string>;
  close(): Promise<void>;
}

/** The dashboard with an API that answers from memory: for screenshots, and for tests that need no real service. */
export async function startFake(options: FakeOptions = {}): Promise<Fake> {
  const world = createWorld(options);
  const failing = new Set<string>();
  const access = { state: options.begin ?? 'signed-in', role: options.role ?? 'admin' };
  let second = 0;

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!url.pathname.startsWith('/api/v1/')) return file(url.pathname, response);
    const path = url.pathname.slice('/api/v1'.length);
    const body = await bodyOf(request);
    if (failing.has(path))
      return problem(response, {
        status: 503,
        code: 'unavailable',
        detail: 'The database is busy',
      });
    if (path.startsWith('/session') || path === '/setup')
      return session(request.method ?? 'GET', path, body, response);
    if (access.state !== 'signed-in')
      return problem(response, { status: 401, code: 'unauthenticated', detail: 'Sign in first' });
    if (path === '/live') return stream(request, response);
    const result = answer(world, {
      method: request.method ?? 'GET',
      path,
      query: url.searchParams,
      body,
      ifMatch: request.headers['if-match'],
    });
    if ('problem' in result) return problem(response, result.problem);
    send(response, result.status, result.body, result.type);
  }

  function session(method: string, path: string, body: JsonObject, response: ServerResponse): void {
    if (method === 'DELETE') {
      access.state = 'signed-out';
      return send(response, 204);
    }
    if (method === 'PUT') access.state = 'signed-in';

    if (method === 'POST') {
      if (path === '/session' && body['password'] !== 'correct horse battery')
        return problem(response, {
          status: 401,
          code: 'wrong_credentials',
          detail: 'The name or the password is wrong',
        });
      if (path !== '/session' && body['token'] !== 'once')
        return problem(response, { status: 401, code: 'bad_token', detail: 'The link is used up' });
      access.state = 'signed-in';
    }
    const base = { state: access.state, version: '0.2.0', oidc: true };
    send(
      response,
      200,
      access.state === 'signed-in'
        ? {
            ...base,
            user: { name: 'admin', role: access.role },
            csrf: 'fake',
            passwordNeeded: false,
          }
        : base,
    );
  }

  function stream(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const tell = () => {
      second++;
      response.write(`event: status\ndata: ${JSON.stringify(live(world, second))}\n\n`);
    };
    tell();
    const timer = setInterval(tell, 1000);
    request.on('close', () => clearInterval(timer));
  }

  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    world,
    failing,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0
    ? {}
    : (JSON.parse(Buffer.concat(chunks).toString('utf8')) as JsonObject);
}

function send(response: ServerResponse, status: number, body?: unknown, type?: string): void {
  response.writeHead(status, { 'content-type': type ?? 'application/json' });
  response.end(
    body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  );
}

function problem(response: ServerResponse, body: { status: number; [key: string]: unknown }): void {
  send(
    response,
    body.status,
    { type: 'about:blank', title: '', ...body },
    'application/problem+json',
  );
}

function file(path: string, response: ServerResponse): void {
  const wanted = join(DIST, path);
  const found =
    wanted.startsWith(DIST) && existsSync(wanted) && statSync(wanted).isFile()
      ? wanted
      : join(DIST, 'index.html');
  response.writeHead(200, {
    'content-type': TYPES[extname(found)] ?? 'application/octet-stream',
    'content-security-policy':
      "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
  });
  createReadStream(found).pipe(response);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const fake = await startFake({ port: Number(process.env['PORT'] ?? 8377) });
  process.stdout.write(`${fake.url}\n`);
}
