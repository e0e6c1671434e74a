import { describe, expect, test } from 'vitest';
import type { BrazeUser } from '../../core/cohorts.ts';
import type { BrazeSandboxOptions } from './options.ts';
import { type BrazeSandbox, startBrazeSandbox } from './server.ts';

const NOW = Date.UTC(2026, 2, 1, 12, 0, 1);
const u = (id: string): BrazeUser => ({ kind: 'external_id', id });
const alias = (name: string): BrazeUser => ({ kind: 'user_alias', label: 'mixpanel', name });

async function sandboxWith(
  options: BrazeSandboxOptions = {},
): Promise<BrazeSandbox & AsyncDisposable> {
  const sandbox = await startBrazeSandbox({ clock: () => NOW, ...options });
  return { ...sandbox, [Symbol.asyncDispose]: () => sandbox.close() };
}

async function post(
  sandbox: BrazeSandbox,
  path: string,
  body: unknown,
  key: string | null = 'sandbox-braze-key',
): Promise<{ status: number; headers: Headers; json: Record<string, unknown> }> {
  const answer = await fetch(`${sandbox.url}${path}`, {
    method: 'POST',
    headers: key === null ? {} : { authorization: `Bearer ${key}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    json: JSON.parse(text) as Record<string, unknown>,
  };
}

const track = (sandbox: BrazeSandbox, attributes: unknown[], key?: string | null) =>
  post(sandbox, '/users/track', { attributes }, key);

const only = { _update_existing_only: true };

describe('POST /users/track', () => {
  test('writes attributes of users that exist, passes over others, and makes users only when told', async () => {
    await using sandbox = await sandboxWith({ users: [u('u1')] });
    const { status, json } = await track(sandbox, [
      { external_id: 'u1', ...only, a: true },
      { external_id: 'nobody', ...only, a: true },
      { user_alias: { alias_name: 'x', alias_label: 'mixpanel' }, a: true },
      { braze_id: 'b', a: true },
    ]);
    expect({ status, json }).toEqual({
      status: 201,
      json: { message: 'success', attributes_processed: 4 },
    });
    expect(sandbox.attributes(u('u1'))).toEqual({ a: true });
    expect([...sandbox.users()]).toEqual([u('u1')]);
    await track(sandbox, [
      { external_id: 'new', a: 1 },
      {
        user_alias: { alias_name: 'x', alias_label: 'mixpanel' },
        _update_existing_only: false,
        a: 'b',
      },
    ]);
    expect(sandbox.attributes(u('new'))).toEqual({ a: 1 });
    expect(sandbox.attributes(alias('x'))).toEqual({ a: 'b' });
    expect(sandbox.stats()).toMatchObject({
      users: 3,
      created: 2,
      attributeWrites: 3,
      attributes: { a: { held: 3, false: 0 } },
    });
  });

  test('null deletes, false stays, each write is kept in order', async () => {
    await using sandbox = await sandboxWith({ existing: 'all' });
    for (const a of [true, false, null, true])
      await track(sandbox, [{ external_id: 'u', ...only, a }]);
    expect(sandbox.writes(u('u')).map(({ value }) => value)).toEqual([true, false, null, true]);
    await track(sandbox, [{ external_id: 'u', ...only, a: null, b: false }]);
    expect(sandbox.attributes(u('u'))).toEqual({ b: false });
  });

  test('lists are sets that lose their oldest values beyond the limit', async () => {
    await using sandbox = await sandboxWith({ existing: 'all', switches: { maxArrayLength: 2 } });
    const write = (list: unknown) => track(sandbox, [{ external_id: 'u', ...only, list }]);
    await write({ add: ['1', '2'] });
    await write({ add: ['1'] });
    expect(sandbox.attributes(u('u'))).toEqual({ list: ['2', '1'] });
    await write({ add: ['3'] });
    expect(sandbox.attributes(u('u'))).toEqual({ list: ['1', '3'] });
    await write({ remove: ['1', '9'] });
    expect(sandbox.attributes(u('u'))).toEqual({ list: ['3'] });
    expect(sandbox.stats().droppedValues).toBe(1);
  });

  test('identifiers of one user are one user', async () => {
    await using sandbox = await sandboxWith({ users: [[u('u1'), alias('x')]] });
    await track(sandbox, [
      { user_alias: { alias_name: 'x', alias_label: 'mixpanel' }, ...only, a: 1 },
    ]);
    expect(sandbox.attributes(u('u1'))).toEqual({ a: 1 });
    expect(sandbox.stats().users).toBe(1);
  });

  test.each([
    ['no identifier', {}, 'is required'],
    ['two identifiers', { external_id: 'u', email: 'a@b' }, 'only one of'],
    ['a long id', { external_id: 'é'.repeat(494) }, 'fewer than 988 bytes'],
    ['half an alias', { user_alias: { alias_name: 'x' } }, 'alias_label'],
    ['an odd value', { external_id: 'u', a: { x: 1 } }, "'a' is not valid"],
    ['a long name', { external_id: 'u', ['n'.repeat(256)]: 1 }, 'is not a valid name'],
    ['an odd flag', { external_id: 'u', _update_existing_only: 'yes' }, '_update_existing_only'],
  ])('%s is named by its index, the rest is written', async (_name, object, words) => {
    await using sandbox = await sandboxWith({ existing: 'all' });
    const { status, json } = await track(sandbox, [{ external_id: 'ok', a: 1 }, object]);
    expect(status).toBe(201);
    expect(json['errors']).toEqual([
      { type: expect.stringContaining(words), input_array: 'attributes', index: 1 },
    ]);
    expect(sandbox.stats().attributeWrites).toBe(1);
    const alone = await track(sandbox, [object]);
    expect(alone.status).toBe(400);
    expect(alone.json).toMatchObject({
      message: expect.stringContaining('Valid data must be provided'),
      errors: [{ index: 0 }],
    });
  });

  test('keys, permissions and the instance', async () => {
    await using sandbox = await sandboxWith({ existing: 'all' });
    const object = [{ external_id: 'u', a: 1 }];
    expect((await track(sandbox, object, null)).status).toBe(401);
    expect((await track(sandbox, object, 'wrong')).status).toBe(401);
    sandbox.setSwitches({ wrongInstance: true });
    expect((await track(sandbox, object)).status).toBe(401);
    sandbox.setSwitches({ wrongInstance: false });
    sandbox.setCredentials({
      apiKeys: { k: ['users.export.ids'] },
      partner: { name: 'p', apiKey: 'k', clientSecret: 's' },
    });
    expect((await track(sandbox, object, 'k')).status).toBe(403);
    expect(sandbox.stats().attributeWrites).toBe(0);
  });

  test('too many objects, too many bytes, nothing at all', async () => {
    await using sandbox = await sandboxWith({ existing: 'all' });
    const objects = (n: number) => Array.from({ length: n }, (_, i) => ({ external_id: `u${i}` }));
    const body = { attributes: objects(50), events: objects(25) };
    expect((await post(sandbox, '/users/track', body)).status).toBe(201);
    const tooMany = await track(sandbox, objects(76));
    expect(tooMany).toMatchObject({ status: 400, json: { message: 'Max Input Length Exceeded' } });
    sandbox.setSwitches({ objects: '50-combined' });
    expect((await post(sandbox, '/users/track', body)).status).toBe(400);
    sandbox.setSwitches({ objects: '75-each' });
    const each = { attributes: objects(75), events: objects(75) };
    expect((await post(sandbox, '/users/track', each)).status).toBe(201);
    const large = JSON.stringify({ attributes: [], x: 'x'.repeat(5 * 1024 * 1024) });
    expect((await post(sandbox, '/users/track', large)).status).toBe(413);
    expect((await track(sandbox, [])).status).toBe(400);
    expect((await post(sandbox, '/users/track', '{')).status).toBe(400);
  });

  test('the rate limit is shown, enforced, and begins anew', async () => {
    let now = NOW;
    await using sandbox = await sandboxWith({
      existing: 'all',
      clock: () => now,
      trackLimit: { requests: 2, seconds: 3 },
    });
    const object = [{ external_id: 'u', a: 1 }];
    const first = await track(sandbox, object);
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '1',
      'x-ratelimit-reset': String(Date.UTC(2026, 2, 1, 12, 0, 3) / 1000),
      date: new Date(NOW).toUTCString(),
    });
    await track(sandbox, object);
    expect((await track(sandbox, object)).status).toBe(429);
    now += 2000;
    expect((await track(sandbox, object)).status).toBe(201);
  });
});

describe('the partner endpoints', () => {
  const keys = { partner_api_key: 'sandbox-partner-key', client_secret: 'sandbox-data-import-key' };
  const create = (sandbox: BrazeSandbox, more = {}) =>
    post(sandbox, '/partners/sandbox/cohorts', {
      ...keys,
      cohort_id: 'c',
      name: 'Cohort',
      created_at: '2026-03-01T00:00:00Z',
      ...more,
    });
  const change = (sandbox: BrazeSandbox, changes: unknown, more = {}) =>
    post(sandbox, '/partners/sandbox/cohorts/users', {
      ...keys,
      cohort_id: 'c',
      cohort_changes: changes,
      ...more,
    });

  test('members come and go; users that do not exist are passed over', async () => {
    await using sandbox = await sandboxWith({ users: [u('u1'), alias('x')] });
    expect((await create(sandbox)).status).toBe(201);
    await change(sandbox, [
      { user_ids: ['u1', 'nobody'], aliases: [{ alias_name: 'x', alias_label: 'mixpanel' }] },
    ]);
    expect([...sandbox.members('c')!]).toHaveLength(2);
    await change(sandbox, [{ user_ids: ['u1'], should_remove: true }]);
    expect(sandbox.members('c')!.size).toBe(1);
    await create(sandbox, { name: 'Other' });
    expect(sandbox.stats()).toMatchObject({
      partnerIds: 4,
      cohorts: { c: { name: 'Other', creations: 2, members: 1 } },
      created: 0,
    });
  });

  test.each([
    ['an empty list', [{ user_ids: [] }]],
    ['an empty change', [{ should_remove: true }]],
    ['an unknown key', [{ user_ids: ['a'], users: [] }]],
    ['no list', 'x'],
    ['a number', [{ user_ids: [1] }]],
    ['half an alias', [{ aliases: [{ alias_name: 'x' }] }]],
    ['1,001 ids', [{ user_ids: Array.from({ length: 1001 }, (_, i) => `${i}`) }]],
    [
      'one user in both directions',
      [{ user_ids: ['a'] }, { user_ids: ['a'], should_remove: true }],
    ],
  ])('%s is refused', async (_name, changes) => {
    await using sandbox = await sandboxWith({ existing: 'all' });
    await create(sandbox);
    expect((await change(sandbox, changes)).status).toBe(400);
    expect(sandbox.members('c')!.size).toBe(0);
  });

  test('a cohort must have been created, rightly', async () => {
    await using sandbox = await sandboxWith({ existing: 'all' });
    expect((await change(sandbox, [{ user_ids: ['a'] }])).status).toBe(400);
    expect((await create(sandbox, { name: '' })).status).toBe(400);
    expect((await create(sandbox, { created_at: 'yesterday' })).status).toBe(400);
    expect((await change(sandbox, [])).status).toBe(201);
  });

  test('keys and names; a partner that is not switched on echoes the secret, as Braze does', async () => {
    await using sandbox = await sandboxWith({ existing: 'all' });
    expect((await create(sandbox, { partner_api_key: 'x' })).status).toBe(401);
    expect((await create(sandbox, { client_secret: 'x' })).status).toBe(401);
    const other = await post(sandbox, '/partners/other/cohorts', keys);
    expect(other.status).toBe(401);
    sandbox.setCredentials({
      apiKeys: {},
      partner: {
        name: 'sandbox',
        apiKey: 'sandbox-partner-key',
        clientSecret: 's',
        enabled: false,
      },
    });
    const { status, json } = await create(sandbox, { client_secret: 's3cret' });
    expect(status).toBe(401);
    expect(json['message']).toContain('s3cret');
  });

  test('the rate limit is enforced', async () => {
    await using sandbox = await sandboxWith({ partnerLimit: { requests: 1, seconds: 3600 } });
    await create(sandbox);
    expect((await create(sandbox)).status).toBe(429);
  });
});

describe('faults', () => {
  const object = [
    { external_id: 'u', a: 1 },
    { external_id: 'v', a: 1 },
  ];

  test('statuses, before and after it is written', async () => {
    await using sandbox = await sandboxWith({ existing: 'all' });
    sandbox.faults.set([
      { kind: 'status', status: 503, match: { requests: 1 } },
      { kind: 'status', status: 500, when: 'after', match: { requests: 1 } },
      { kind: 'status', status: 423, match: { path: '/partners/cohorts' } },
    ]);
    expect((await track(sandbox, object)).status).toBe(503);
    expect(sandbox.stats().attributeWrites).toBe(0);
    expect((await track(sandbox, object)).status).toBe(500);
    expect(sandbox.stats().attributeWrites).toBe(2);
    expect((await track(sandbox, object)).status).toBe(201);
    expect((await post(sandbox, '/partners/sandbox/cohorts', {})).status).toBe(423);
    expect(sandbox.stats().faultHits).toEqual([1, 1, 1]);
  });

  test('objects fail, with and without their index', async () => {
    await using sandbox = await sandboxWith({ existing: 'all' });
    sandbox.faults.set([{ kind: 'errors', match: { contains: '"v"' } }]);
    expect((await track(sandbox, object)).json).toMatchObject({
      attributes_processed: 1,
      errors: [{ index: 0, input_array: 'attributes' }],
    });
    sandbox.faults.set([{ kind: 'errors', indexed: false }]);
    expect((await track(sandbox, object)).json['errors']).toEqual(['refused by a fault script']);
  });

  test('resets, before and after', async () => {
    await using sandbox = await sandboxWith({ existing: 'all' });
    sandbox.faults.set([
      { kind: 'reset', match: { requests: 1 } },
      { kind: 'reset', when: 'after', match: { requests: 1 } },
    ]);
    await expect(track(sandbox, object)).rejects.toThrow();
    expect(sandbox.stats().attributeWrites).toBe(0);
    await expect(track(sandbox, object)).rejects.toThrow();
    expect(sandbox.stats().attributeWrites).toBe(2);
    expect(sandbox.stats().requests.byStatus).toEqual({ reset: 2 });
  });
});

describe("the sandbox's own calls", () => {
  test('stats, users by attribute, the page, forgetting', async () => {
    await using sandbox = await sandboxWith({ users: [u('<b>'), u('u2'), u('u3')] });
    await track(sandbox, [
      { external_id: '<b>', ...only, '<i>': true },
      { external_id: 'u2', ...only, '<i>': false, b: 1 },
    ]);
    const get = async (path: string) => (await fetch(`${sandbox.url}${path}`)).text();
    expect(JSON.parse(await get('/sandbox/stats'))).toEqual(
      JSON.parse(JSON.stringify(sandbox.stats())),
    );
    expect(JSON.parse(await get('/sandbox/users?attribute=b'))).toEqual([
      { user: u('u2'), attributes: { '<i>': false, b: 1 } },
    ]);
    expect(JSON.parse(await get('/sandbox/users?limit=2'))).toHaveLength(2);
    expect((await fetch(`${sandbox.url}/sandbox/users?limit=x`)).status).toBe(400);
    expect(await get('/')).toContain('<td>&lt;i></td><td>1</td><td>1</td>');
    await fetch(`${sandbox.url}/sandbox/users`, { method: 'DELETE' });
    expect(sandbox.stats()).toMatchObject({ users: 3, attributeWrites: 0, attributes: {} });
    expect((await fetch(`${sandbox.url}/users/track`)).status).toBe(404);
  });

  test('the page shows who was written last, newest first', async () => {
    await using sandbox = await sandboxWith({ users: [[u('<b>'), alias('x')], u('u2')] });
    expect(await (await fetch(sandbox.url)).text()).not.toContain('Written last');
    for (let n = 0; n < 6; n++)
      await track(sandbox, [
        { external_id: '<b>', ...only, a: n },
        { external_id: 'u2', ...only, b: n > 0 },
      ]);
    const page = await (await fetch(sandbox.url)).text();
    const rows = page.slice(page.indexOf('Written last')).match(/<tr><td>.*<\/tr>/g);
    expect(rows).toHaveLength(10);
    expect(rows![0]).toBe('<tr><td>u2</td><td>b = true</td><td>12:00:01</td></tr>');
    expect(rows![1]).toBe('<tr><td>&lt;b></td><td>a = 5</td><td>12:00:01</td></tr>');
    expect(rows![9]).toContain('<td>a = 1</td>');
  });

  test('faults may be set from outside, if they are right', async () => {
    await using sandbox = await sandboxWith({ existing: 'all' });
    const set = (script: unknown) => post(sandbox, '/sandbox/faults', script);
    expect((await set([{ kind: 'nonsense' }])).status).toBe(400);
    expect((await set('[')).status).toBe(400);
    expect((await set([{ kind: 'status', status: 500 }])).status).toBe(200);
    expect((await track(sandbox, [{ external_id: 'u', a: 1 }])).status).toBe(500);
  });
});
