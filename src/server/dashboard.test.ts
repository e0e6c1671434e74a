import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dashboardRoutes } from './dashboard.ts';
import { type Server, startServer } from './server.ts';

let home: string;
let server: Server | undefined;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sluice-dashboard-'));
  await writeFile(join(home, 'secret.txt'), 'never to be seen');
  const dist = join(home, 'dist');
  await mkdir(join(dist, 'assets'), { recursive: true });
  await writeFile(join(dist, 'index.html'), '<!doctype html><title>Sluice</title>');
  await writeFile(join(dist, 'favicon.svg'), '<svg/>');
  await writeFile(join(dist, 'manifest.json'), '{}');
  await writeFile(join(dist, 'assets', 'index-1a2b.js'), 'export {};');
  await writeFile(join(dist, 'assets', 'index-1a2b.js.gz'), 'gzip, supposedly');
  await writeFile(join(dist, 'assets', '.hidden'), 'never to be seen');
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(home, { recursive: true });
});

async function start(folder = join(home, 'dist')): Promise<string> {
  server = await startServer({
    host: '127.0.0.1',
    port: 0,
    async register(app) {
      await dashboardRoutes(folder)(app);
      app.get('/healthz', () => 'ok');
      app.post('/currents/:name', () => 'taken');
    },
  });
  return server.url;
}

/** Asks for a path as it is; `fetch` would resolve the dots. */
function raw(url: string, path: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(url);
  return new Promise((done, fail) => {
    get({ hostname, port, path, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.on('end', () => done({ status: response.statusCode!, body }));
    }).on('error', fail);
  });
}

test.each(['/', '/new?draft=x', '/connections/prod.email', '/events/users.messages.email.Click'])(
  'the page stands at %s and is asked for each time',
  async (path) => {
    const answer = await fetch((await start()) + path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.text()).toContain('<title>Sluice</title>');
  },
);

test('assets are kept for ever, and sent packed to whoever can unpack them', async () => {
  const url = await start();
  const plain = await raw(url, '/assets/index-1a2b.js');
  expect(plain).toEqual({ status: 200, body: 'export {};' });
  const packed = await fetch(`${url}/assets/index-1a2b.js`, { method: 'HEAD' });
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  expect(packed.headers.get('vary')).toContain('ccept-');
  expect(packed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
});

test.each([
  '/api',
  '/api/v1/nothing',
  '/currents',
  '/currents/prod-email',
  '/metrics',
  '/readyz/x',
  '/assets/',
  '/assets/gone-9f.js',
  '/assets/.hidden',
])('no page stands at %s', async (path) => {
  const { status, body } = await raw(await start(), path);
  expect(status).toBe(404);
  expect(body).not.toContain('<title>');
});

test('what others answer stays theirs', async () => {
  expect(await raw(await start(), '/healthz')).toEqual({ status: 200, body: 'ok' });
});

test.each([
  '/assets/../../secret.txt',
  '/assets/..%2f..%2fsecret.txt',
  '/assets/%2e%2e/%2e%2e/secret.txt',
  '/assets/..\\..\\secret.txt',
  '/assets/....//....//secret.txt',
  '/../secret.txt',
  '/..%2fsecret.txt',
  '/assets//../manifest.json',
  '/assets/index-1a2b.js/../../manifest.json',
  '/assets/%00/../../secret.txt',
])('%s leads nowhere', async (path) => {
  const { body } = await raw(await start(), path);
  expect(body).not.toContain('never to be seen');
  expect(body).not.toBe('{}');
});

test('a service without pages says how to build them, and serves everything else', async () => {
  const url = await start(join(home, 'nowhere'));
  const page = await raw(url, '/');
  expect(page.status).toBe(404);
  expect(page.body).toContain('npm run build');
  expect((await raw(url, '/healthz')).status).toBe(200);
});
