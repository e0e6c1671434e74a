import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiWorld, openApiWorld, SECRETS } from '../support/api-world.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  for (const secret of SECRETS) expect(world.answers.join('\n')).not.toContain(secret);
});

interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { operationId: string; description: string }>>>
  >;
}

/** Changes of nothing but how oneself signs in. */
const OF_ONESELF: ReadonlySet<string> = new Set(['signOut', 'changePassword']);

const RANKS = ['viewer', 'editor', 'admin'] as const;

test('every operation asks for a role, refuses who has none, and whoever has a lesser one', async () => {
  const { paths } = (await world.ask('GET', '/openapi.json')).body as Document;
  let n = 0;
  const opened: string[] = [];
  for (const [url, operations] of Object.entries(paths))
    for (const [method, { operationId, description }] of Object.entries(operations)) {
      if (description.endsWith('Needs no sign-in.')) {
        opened.push(operationId);
        continue;
      }
      const needed = /Role: (viewer|editor|admin)\.$/.exec(description)?.[1];
      expect(needed, url).toBeDefined();
      const rank = RANKS.indexOf(needed as never);
      const path = url.replace('/api/v1', '').replaceAll(/\{\w+\}/g, '1');
      const ask = async (role: (typeof RANKS)[number] | null) =>
        (await world.ask(method.toUpperCase(), path, { role })).body as { code: string };
      expect((await ask(null)).code, `${method} ${url}`).toBe('unauthenticated');
      if (rank > 0) expect((await ask(RANKS[rank - 1]!)).code).toBe('forbidden');
      if (method !== 'get' && !OF_ONESELF.has(operationId))
        expect(rank, `${method} ${url}`).toBeGreaterThan(0);
      n++;
    }
  expect(n).toBeGreaterThan(40);
  expect(opened.toSorted()).toEqual(['getSession', 'setUp', 'signIn', 'signInByLink']);
});

test('each change is written down, and only what is done', async () => {
  const before = (await world.audited()).length;
  const ask = (method: string, path: string, body?: unknown) =>
    world.ask(method, path, body === undefined ? {} : { body });
  await ask('GET', '/connections');
  await ask('POST', '/connections', { name: 'no good' });
  await ask('DELETE', '/connections/none');
  expect(await world.audited()).toHaveLength(before);
  await ask('POST', '/connections/old/resume');
  await ask('POST', '/connections/old/pause');
  // The form saves itself while it is filled in: that would bury what matters.
  await ask('PUT', '/drafts/x', { step: 'a', spec: {} });
  await ask('DELETE', '/drafts/x');
  expect((await world.audited()).slice(before).map(({ action }) => action)).toEqual([
    'connection.resume',
    'connection.pause',
  ]);
});

describe('what makes no sense is refused as a problem', () => {
  const CASES: readonly [string, string, string, number, string, string?][] = [
    ['no JSON', 'POST', '/connections', 400, 'invalid', '{"name":'],
    ['a text', 'POST', '/connections', 422, 'invalid', '"text"'],
    ['null', 'POST', '/connections', 422, 'invalid', 'null'],
    ['a list', 'POST', '/connections', 422, 'invalid', '[]'],
    ['a prototype', 'POST', '/connections', 400, 'invalid', '{"__proto__":{"paused":true}}'],
    ['a constructor', 'POST', '/check', 400, 'invalid', '{"constructor":{"prototype":{}}}'],
    ['nothing', 'POST', '/check', 422, 'invalid'],
    ['an odd limit', 'GET', '/connections?limit=0', 422, 'invalid'],
    ['a large limit', 'GET', '/connections?limit=100000', 422, 'invalid'],
    ['an odd cursor', 'GET', '/connections?cursor=%00', 422, 'invalid'],
    ['a cursor of another list', 'GET', '/dead-letters?cursor=ImEi', 422, 'invalid'],
    ['an odd id', 'GET', '/dead-letters/1e99', 422, 'invalid'],
    ['a path out of here', 'GET', '/events/..%2f..%2fetc%2fpasswd', 404, 'not_found'],
    ['an odd period', 'GET', '/connections/orders/figures?period=year', 422, 'invalid'],
    ['a path that is none', 'GET', '/nothing', 404, 'not_found'],
    ['a method that is none', 'PATCH', '/connections/orders', 404, 'not_found'],
  ];
  test.each(CASES)('%s: %s %s', async (_, method, path, status, code, body) => {
    const answer = await world.ask(method, path, body === undefined ? {} : { body });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ type: 'about:blank', status, code });
    expect(answer.status).toBe(status);
    expect(answer.body.detail.length).toBeGreaterThan(0);
  });

  test('a body that is too large, and one of another kind', async () => {
    const large = JSON.stringify({ name: 'x'.repeat(300_000) });
    const answer = await world.ask('POST', '/connections', { body: large });
    expect(answer.body).toMatchObject({ status: 413, code: 'too_large' });
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
      const form = await world.ask('POST', '/connections', {
        body: '{"name":"x"}',
        headers: { 'content-type': type },
      });
      expect(form.body, type).toMatchObject({ status: 415, code: 'invalid' });
    }
  });

  test('a body nested without end', async () => {
    const deep = `{"step":"a","spec":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`;
    const answer = await world.ask('PUT', '/drafts/deep', { body: deep });
    expect(answer.body).toMatchObject({ status: 422, code: 'invalid' });
    const wide = { step: 'a', spec: { list: Array.from({ length: 20_000 }, () => [1]) } };
    expect((await world.ask('PUT', '/drafts/wide', { body: wide })).status).toBe(204);
  });
});

test('no answer is kept by a cache', async () => {
  for (const path of ['/connections', '/connections/none', '/service'])
    expect((await world.ask('GET', path)).headers.get('cache-control')).toBe('no-store');
});

test('the reference is a page that loads only from here, with no script within', async () => {
  const page = await fetch(`${world.served.url}/api/docs`);
  const html = await page.text();
  const policy = page.headers.get('content-security-policy')!;
  expect(policy).toContain("script-src 'self';");
  expect(html).not.toMatch(/https?:\/\//);
  const scripts = [...html.matchAll(/<script([^>]*)>([^<]*)<\/script>/g)];
  expect(scripts).toHaveLength(2);
  for (const [, attributes, inline] of scripts) {
    expect(inline).toBe('');
    const [, src] = /src="([^"]+)"/.exec(attributes!)!;
    const script = await fetch(world.served.url + src!);
    expect(script.status).toBe(200);
    expect(script.headers.get('content-type')).toContain('text/javascript');
    expect((await script.text()).length).toBeGreaterThan(100);
  }
});
