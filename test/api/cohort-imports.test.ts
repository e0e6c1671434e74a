import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BRAZE_DEMO_CREDENTIALS } from '../../src/sandbox/braze-rest/options.ts';
import { startBrazeSandbox } from '../../src/sandbox/braze-rest/server.ts';
import { type ApiWorld, BRAZE_KEY, openApiWorld, SECRETS } from '../support/api-world.ts';
import { cohortCall } from '../support/cohort-call.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  for (const secret of SECRETS) expect(world.answers.join('\n')).not.toContain(secret);
});

const track = (more: Record<string, unknown> = {}) => ({
  kind: 'users-track',
  instance: 'EU-01',
  apiKey: BRAZE_KEY,
  ...more,
});
const create = (name: string, destination: unknown = track(), more: object = {}) =>
  world.ask('POST', '/cohort-imports', { body: { name, destination, paused: true, ...more } });
const get = (name: string) => world.ask('GET', `/cohort-imports/${name}`);
const put = async (name: string, body: unknown, etag?: string) =>
  world.ask('PUT', `/cohort-imports/${name}`, {
    body,
    headers: { 'if-match': etag ?? (await get(name)).headers.get('etag')! },
  });
const call = async (place: string, body: unknown = cohortCall('1', [1])) => {
  const url = `${world.served.url}/cohorts/${place}`;
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('an import', () => {
  test('is made, and shown without its secrets', async () => {
    const made = await create('made');
    expect(made.status).toBe(201);
    expect(made.headers.get('etag')).toBe('"1"');
    expect(made.headers.get('location')).toBe('/api/v1/cohort-imports/made');
    expect(made.body.import).toMatchObject({
      destination: { kind: 'users-track', place: 'https://rest.fra-01.braze.eu' },
      receiveUrl: `${world.served.url}/cohorts/made`,
      spec: { destination: { apiKey: '***' }, guard: { share: 0.3 } },
      warnings: [expect.stringContaining('no key')],
    });
    expect(await world.audited()).toContainEqual({
      ...{ actor: 'admin (token tests)', action: 'cohort-import.create', target: 'made' },
      detail: null,
    });
    expect((await create('made')).body).toMatchObject({ status: 409, code: 'exists' });
  });

  test('with wrong settings is refused, place by place', async () => {
    const wrong = await create('wrong', track({ batchSize: 500 }), { identity: { as: 'phone' } });
    expect(wrong).toMatchObject({ status: 422, body: { code: 'invalid' } });
    expect(wrong.body.fields.map(({ path }: { path: string }) => path).toSorted()).toEqual([
      'destination.batchSize',
      'identity.as',
    ]);
    expect((await get('wrong')).body).toMatchObject({ status: 404, code: 'not_found' });
  });

  test('is changed only as it was read; a secret that is left stays', async () => {
    await create('changed');
    const { spec } = (await get('changed')).body as { spec: Record<string, unknown> };
    const next = { ...spec, guard: { share: 0.1 } };
    expect((await put('changed', next, '"7"')).body).toMatchObject({ status: 412 });
    const bare = await world.ask('PUT', '/cohort-imports/changed', { body: next });
    expect(bare.body).toMatchObject({ status: 428 });
    const edited = await put('changed', next);
    expect(edited).toMatchObject({
      status: 200,
      body: { changes: [{ path: 'guard.share', before: 0.3, after: 0.1 }] },
    });
    const stored = await world.served.service.state.cohortImports.get('changed');
    expect(stored).toMatchObject({ revision: 2, spec: { destination: { apiKey: BRAZE_KEY } } });
    const moved = await put('changed', { ...next, name: 'other' });
    expect(moved.body.fields).toEqual([{ path: 'name', message: 'must be changed' }]);
  });

  test('gives its key to no other instance; another spelling of the same is none', async () => {
    await create('keeps');
    const { spec } = (await get('keeps')).body as { spec: { destination: object } };
    const elsewhere = (instance: string) => ({
      ...spec,
      destination: { ...spec.destination, instance },
    });
    const stolen = await put('keeps', elsewhere('https://evil.example.com'));
    expect(stolen).toMatchObject({ status: 422, body: { code: 'invalid' } });
    expect(stolen.body.fields[0].path).toBe('destination.instance');
    expect((await put('keeps', elsewhere('EU-01'))).status).toBe(200);
    const tried = await world.ask('POST', '/cohort-imports/check', {
      body: { name: 'keeps', spec: elsewhere('http://127.0.0.1:9') },
    });
    expect(tried.body.fields[0].path).toBe('destination.instance');
    const nobody = await world.ask('POST', '/cohort-imports', { body: elsewhere('EU-01') });
    expect(nobody.body.fields[0].path).toBe('destination.apiKey');
  });

  test('is tried: credentials of Braze, good and wrong, and access to a folder', async () => {
    const braze = await startBrazeSandbox();
    try {
      const tried = async (destination: object) =>
        (
          await world.ask('POST', '/cohort-imports/check', {
            ...{ role: 'editor', body: { spec: { destination } } },
          })
        ).body as { ok: boolean; detail: string };
      const instance = braze.url;
      const [apiKey] = Object.keys(BRAZE_DEMO_CREDENTIALS.apiKeys);
      const { name: partner, apiKey: partnerApiKey, clientSecret } = BRAZE_DEMO_CREDENTIALS.partner;
      const partnered = { kind: 'partner-cohorts', instance, partner, partnerApiKey };
      expect(await tried({ kind: 'users-track', instance, apiKey })).toMatchObject({ ok: true });
      expect(await tried(track({ instance }))).toMatchObject({ ok: false });
      expect(await tried({ ...partnered, clientSecret })).toMatchObject({ ok: true });
      const wrong = await tried({ ...partnered, clientSecret: BRAZE_KEY });
      expect(wrong).toMatchObject({ ok: false, detail: expect.not.stringContaining(BRAZE_KEY) });
      expect(await tried({ kind: 'file', path: world.scene.root })).toMatchObject({ ok: true });
      expect(await tried({ kind: 'file', path: '/proc/1/none' })).toMatchObject({ ok: false });
    } finally {
      await braze.close();
    }
    const none = await world.ask('POST', '/cohort-imports/check', { body: {} });
    expect(none.body).toMatchObject({ status: 422, code: 'invalid' });
    const stranger = await world.ask('POST', '/cohort-imports/check', { body: { name: 'none' } });
    expect(stranger.body).toMatchObject({ status: 404, code: 'not_found' });
  });

  test('rests, goes on, and is forgotten with its keys', async () => {
    await create('gone');
    const { key } = (await world.ask('POST', '/cohort-imports/gone/keys', { body: {} })).body as {
      key: string;
    };
    expect((await call(key)).status).toBe(200);
    await world.ask('POST', '/cohort-imports/gone/resume');
    expect((await get('gone')).body.paused).toBe(false);
    await world.ask('POST', '/cohort-imports/gone/pause');
    expect((await get('gone')).body).toMatchObject({ paused: true, state: { kind: 'paused' } });
    const editor = await world.ask('DELETE', '/cohort-imports/gone', { role: 'editor' });
    expect(editor.body).toMatchObject({ code: 'forbidden' });
    expect((await world.ask('DELETE', '/cohort-imports/gone')).status).toBe(204);
    expect((await call(key)).status).toBe(401);
    expect((await world.ask('GET', '/cohorts?import=gone')).body.items).toEqual([]);
    expect((await world.ask('DELETE', '/cohort-imports/gone')).status).toBe(404);
  });
});

describe('keys', () => {
  const keys = (name: string) => `/cohort-imports/${name}/keys`;

  test('are shown once, known by their beginning, and no secret of theirs is written down', async () => {
    await create('keyed');
    const made = await world.ask('POST', keys('keyed'), { body: { note: 'Project 7' } });
    const { key, hint, id } = made.body as { key: string; hint: string; id: number };
    expect(key).toMatch(/^sluice_ck_[\w-]{43}$/);
    expect(key.startsWith(hint)).toBe(true);
    expect((await call(key)).body).toEqual({ action: 'members', status: 'success' });
    const listed = await world.ask('GET', keys('keyed'));
    expect(listed.body.items).toMatchObject([{ id, note: 'Project 7', endsAt: null }]);
    expect(listed.body.items[0].usedAt).not.toBeNull();
    expect(listed.text).not.toContain(key);
    const written = JSON.stringify([await world.audited(), world.served.lines]);
    expect(written).toContain(`keyed (${hint}…)`);
    expect(written).not.toContain(key.slice(hint.length));
  });

  test('are rotated: the new one at once, the old one for so many hours', async () => {
    await create('rotated');
    const { key, id } = (await world.ask('POST', keys('rotated'), { body: {} })).body as {
      key: string;
      id: number;
    };
    const rotate = (body: object, which = id) =>
      world.ask('POST', `${keys('rotated')}/${which}/rotate`, { body });
    expect((await rotate({ hours: 169 })).body).toMatchObject({ status: 422 });
    expect((await rotate({ hours: -1 })).body).toMatchObject({ status: 422 });
    const usual = await rotate({});
    const hours = (Date.parse(usual.body.oldEndsAt) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23.9);
    expect(hours).toBeLessThanOrEqual(24);
    expect((await call(key)).status).toBe(200);
    const now = await rotate({ hours: 0 });
    expect(now.status).toBe(201);
    expect((await call(key)).status).toBe(401);
    expect((await call(now.body.key as string)).status).toBe(200);
    expect((await rotate({})).body).toMatchObject({ status: 409, code: 'key_ended' });
    expect((await rotate({}, 99_999)).body).toMatchObject({ status: 404, code: 'not_found' });
    // The key of one import is no key of another.
    const other = await world.ask('DELETE', `${keys('crm')}/${id}`);
    expect(other.body).toMatchObject({ status: 404, code: 'not_found' });
  });

  test('are a matter of admins', async () => {
    for (const role of ['viewer', 'editor'] as const)
      for (const [method, path] of [
        ['GET', keys('crm')],
        ['POST', keys('crm')],
        ['POST', `${keys('crm')}/1/rotate`],
        ['DELETE', `${keys('crm')}/1`],
      ] as const)
        expect((await world.ask(method, path, { role })).body, path).toMatchObject({
          status: 403,
        });
    expect((await world.ask('GET', keys('none'))).body).toMatchObject({ code: 'not_found' });
  });
});

describe('suppressions', () => {
  const path = '/cohort-imports/suppressing/suppressions';

  test('are added and taken back, by plain ids or by whole users, and come in pages', async () => {
    await create('suppressing', track(), { identity: { as: 'user_alias', label: 'crm' } });
    const alias = (name: string) => ({ kind: 'user_alias', label: 'crm', name });
    const users = ['a', 'b', ' b ', alias('c'), { kind: 'external_id', id: 'a' }];
    expect((await world.ask('POST', path, { body: { users } })).body).toEqual({ added: 4 });
    expect((await world.ask('POST', path, { body: { users } })).body).toEqual({ added: 0 });
    const seen: unknown[] = [];
    for (let next: string | null = ''; next !== null;) {
      const cursor = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
      const page = await world.ask('GET', `${path}?limit=1${cursor}`, { role: 'viewer' });
      seen.push(...page.body.items.map(({ user }: { user: unknown }) => user));
      next = page.body.next as string | null;
    }
    expect(seen).toEqual([{ kind: 'external_id', id: 'a' }, alias('a'), alias('b'), alias('c')]);
    const removed = await world.ask('DELETE', path, { body: { users: ['a', 'z'] } });
    expect(removed.body).toEqual({ removed: 1 });
    expect(await world.audited()).toContainEqual(
      expect.objectContaining({ action: 'suppression.remove', detail: '1 users' }),
    );
  });

  test.each<[string, unknown]>([
    ['none', []],
    ['an empty one', ['']],
    ['one of blanks', ['  ']],
    ['a number', [7]],
    ['an unknown kind', [{ kind: 'phone', id: '1' }]],
    ['an alias without a label', [{ kind: 'user_alias', name: 'a' }]],
    ['too many', Array.from({ length: 5001 }, (_, i) => String(i))],
  ])('%s is refused', async (_, users) => {
    const answer = await world.ask('POST', '/cohort-imports/crm/suppressions', { body: { users } });
    expect(answer.body).toMatchObject({ status: 422, code: 'invalid' });
  });
});

test('calls of the webhook are counted, and no key is a label', async () => {
  await call(world.importKey, cohortCall('77', [1, 2], {}, 'add_members'));
  await call(world.importKey, { action: 'members' });
  await call('sluice_ck_wrong');
  const text = await (await fetch(`${world.served.url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('sluice_cohort_calls_total{'));
  expect(lines).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/\{import="crm",action="add_members",status="200"\} [1-9]/),
      expect.stringMatching(/\{import="crm",action="members",status="400"\} 1/),
      expect.stringMatching(/\{import="",action="none",status="401"\} [1-9]/),
    ]),
  );
  expect(text).not.toContain('sluice_ck_');
});
