import { expect, test } from 'vitest';
import { mayActAs, type Role, ROLES } from '../../src/core/access.ts';
import { newLinkToken } from '../../src/server/auth/links.ts';
import { openDoor, PASSWORD } from '../support/door.ts';

const HOUR = 3_600_000;
const COOKIE = 'sluice_session';

/** The least role of each guarded route. What is missing here fails the test: no route comes in unseen. */
const NEEDED: Readonly<Record<string, Role>> = {
  'DELETE /session': 'viewer',
  'PUT /session/password': 'viewer',
  'GET /tokens': 'editor',
  'POST /tokens': 'editor',
  'DELETE /tokens/:id': 'editor',
  'GET /users': 'admin',
  'POST /users': 'admin',
  'PATCH /users/:name': 'admin',
  'DELETE /users/:name': 'admin',
  'GET /audit': 'admin',
};

test('every route refuses whoever has too weak a role, or none', async () => {
  await using door = await openDoor();
  const known = door.routes.filter(({ method }) => method !== 'HEAD');
  expect(
    known.map(({ method, url }) => `${method} ${url.slice('/api/v1'.length)}`).toSorted(),
  ).toEqual(Object.keys(NEEDED).toSorted());
  for (const { method, url } of door.routes) {
    const path = url.slice('/api/v1'.length);
    const route = `${method === 'HEAD' ? 'GET' : method} ${path}`;
    const target = path.replace(':name', 'nobody').replace(':id', '999');
    const nobody = await door.browser().ask(method, target);
    expect([route, nobody.status]).toEqual([route, 401]);
    for (const role of ROLES) {
      const browser = await door.signedIn(role);
      const { status } = await browser.ask(method, target);
      const isLetIn = ![401, 403].includes(status);
      expect([route, role, isLetIn]).toEqual([route, role, mayActAs(role, NEEDED[route]!)]);
    }
  }
  expect(door.faults).toEqual([]);
});

test('a route that does not say who may use it can not be added', async () => {
  const forgotten = openDoor({
    routes: () => (app) => {
      app.get('/forgotten', () => 'secret');
    },
  });
  await expect(forgotten).rejects.toThrow(
    'GET /api/v1/forgotten must either be open or need a role',
  );
});

test('nobody gives themselves, or a token, more than they have', async () => {
  await using door = await openDoor();
  const editor = await door.signedIn('editor');
  const strong = await editor.ask('POST', '/tokens', { body: { name: 'ci', role: 'admin' } });
  expect(strong).toMatchObject({ status: 403, json: { code: 'forbidden' } });
  const raised = await editor.ask('PATCH', '/users/editor', { body: { role: 'admin' } });
  expect(raised.status).toBe(403);

  const admin = await door.signedIn('admin');
  const made = await admin.ask('POST', '/tokens', { body: { name: 'ci', role: 'admin' } });
  const bearer = { authorization: `Bearer ${String(made.json!['token'])}` };
  // What a stolen token could use to stay.
  for (const [method, path, body] of [
    ['POST', '/tokens', { name: 'more', role: 'viewer' }],
    ['POST', '/users', { name: 'mallory', role: 'admin', password: PASSWORD }],
    ['PATCH', '/users/viewer', { role: 'admin' }],
    ['PUT', '/session/password', { current: PASSWORD, new: 'another password' }],
  ] as const) {
    const answer = await door.browser().ask(method, path, { body, headers: bearer });
    expect([path, answer.status]).toEqual([path, 403]);
  }
  expect((await door.access.users.get('viewer'))?.role).toBe('viewer');
});

test('an editor sees and withdraws only their own tokens', async () => {
  await using door = await openDoor();
  const admin = await door.signedIn('admin');
  const made = await admin.ask('POST', '/tokens', { body: { name: 'a', role: 'viewer' } });
  const id = Number(made.json!['id']);
  const editor = await door.signedIn('editor');
  expect((await editor.ask('GET', '/tokens')).json).toEqual({ items: [], next: null });
  expect((await editor.ask('DELETE', `/tokens/${id}`)).status).toBe(404);
  const own = await editor.ask('POST', '/tokens', { body: { name: 'b', role: 'viewer' } });
  expect((await admin.ask('GET', '/tokens')).json!['items']).toHaveLength(2);
  expect((await admin.ask('DELETE', `/tokens/${Number(own.json!['id'])}`)).status).toBe(204);
});

test('an unsafe request by cookie needs the token of its own session', async () => {
  await using door = await openDoor();
  const editor = await door.signedIn('editor');
  const other = await door.signedIn('editor');
  const post = (headers: Record<string, string>) =>
    editor.ask('POST', '/tokens', { body: { name: 'x', role: 'viewer' }, headers });
  const { csrf } = editor;
  editor.csrf = '';
  for (const headers of [
    {},
    { 'x-csrf-token': '' },
    { 'x-csrf-token': 'wrong' },
    { 'x-csrf-token': `${csrf}x` },
    { 'x-csrf-token': other.csrf },
    { 'x-csrf-token': editor.cookies.get(COOKIE)! },
  ])
    expect(await post(headers)).toMatchObject({ status: 403, json: { code: 'csrf' } });
  expect((await post({ 'x-csrf-token': csrf })).status).toBe(201);
});

test('a request from the page of another site is refused, with the right token too', async () => {
  await using door = await openDoor();
  const editor = await door.signedIn('editor');
  const post = (headers: Record<string, string>) =>
    editor.ask('POST', '/tokens', { body: { name: 'x', role: 'viewer' }, headers });
  const { host, port } = new URL(door.url);
  for (const origin of [
    'https://evil.example',
    'null',
    `http://127.0.0.1.evil.example:${port}`,
    'http://127.0.0.1:1',
    `http://evil.example/${host}`,
    'nonsense',
  ])
    expect([origin, (await post({ origin })).json?.['code']]).toEqual([origin, 'csrf']);
  expect((await post({ 'sec-fetch-site': 'same-site' })).status).toBe(403);
  expect((await post({ origin: door.url, 'sec-fetch-site': 'same-origin' })).status).toBe(201);
});

test('another site can not sign a browser in', async () => {
  await using door = await openDoor();
  const token = await newLinkToken(door.access, 'admin', door.now());
  const headers = { origin: 'https://evil.example' };
  for (const [path, body] of [
    ['/session', { name: 'admin', password: PASSWORD }],
    ['/session/link', { token }],
    ['/setup', { token, name: 'mallory', password: PASSWORD }],
  ] as const) {
    const answer = await door.browser().ask('POST', path, { body, headers });
    expect(answer).toMatchObject({ status: 403, json: { code: 'csrf' } });
    expect(answer.headers.getSetCookie()).toEqual([]);
  }
  // What a form can send without asking.
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const raw = JSON.stringify({ name: 'admin', password: PASSWORD });
    const answer = await door
      .browser()
      .ask('POST', '/session', { raw, headers: { 'content-type': type } });
    expect([type, answer.status]).toEqual([type, 415]);
  }
});

test('behind a proxy the public URL is the own origin', async () => {
  await using door = await openDoor({ publicUrl: 'https://sluice.example.com' });
  const editor = await door.signedIn('editor');
  const ask = { body: { name: 'x', role: 'viewer' } };
  const origin = (origin: string) => ({ ...ask, headers: { origin } });
  const own = await editor.ask('POST', '/tokens', origin('https://sluice.example.com'));
  expect(own.status).toBe(201);
  const foreign = await editor.ask('POST', '/tokens', origin('https://example.com'));
  expect(foreign.status).toBe(403);
});

test('a session id that a browser brings along is never taken up', async () => {
  await using door = await openDoor();
  const victim = door.browser();
  victim.cookies.set(COOKIE, 'chosen-by-the-attacker');
  await victim.signIn('admin');
  const first = victim.cookies.get(COOKIE)!;
  expect(first).toMatch(/^[\w-]{43}$/);
  // The id of before the next sign-in ends with it.
  const spy = door.browser();
  spy.cookies.set(COOKIE, first);
  expect((await spy.ask('GET', '/users')).status).toBe(200);
  await victim.signIn('admin');
  expect(victim.cookies.get(COOKIE)).not.toBe(first);
  expect((await spy.ask('GET', '/users')).status).toBe(401);
  spy.cookies.set(COOKIE, 'chosen-by-the-attacker');
  expect((await spy.ask('GET', '/users')).status).toBe(401);
});

test('what signs in is found in no store, log or answer afterwards', async () => {
  await using door = await openDoor();
  const admin = await door.signedIn('admin');
  const made = await admin.ask('POST', '/tokens', { body: { name: 'ci', role: 'viewer' } });
  const token = String(made.json!['token']);
  expect(token).toMatch(/^sluice_[\w-]{43}$/);
  await admin.ask('POST', '/users', {
    body: { name: 'maria', role: 'viewer', password: 'swordfish swordfish' },
  });
  await door.browser().signIn('maria', 'a wrong password');
  const seen = [
    ...(
      await Promise.all(
        ['/session', '/users', '/tokens', '/audit'].map((path) => admin.ask('GET', path)),
      )
    ).map(({ text }) => text),
    ...door.log,
  ].join('\n');
  for (const secret of [
    token,
    admin.cookies.get(COOKIE)!,
    PASSWORD,
    'swordfish',
    'a wrong',
    '$argon2id',
  ])
    expect(seen).not.toContain(secret);
  expect(seen).toContain('add user');
});

test('the cookie is out of reach of scripts and other sites, and by https goes that way alone', async () => {
  await using door = await openDoor();
  const plain = await door.browser().signIn('viewer');
  expect(plain.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^sluice_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/),
  ]);
  await using secure = await openDoor({ publicUrl: 'https://sluice.example.com' });
  const answer = await secure.browser().signIn('viewer');
  expect(answer.headers.getSetCookie()[0]).toContain('; Secure');
  expect(answer.headers.get('strict-transport-security')).toMatch(/max-age=\d{8}/);
  expect(plain.headers.get('strict-transport-security')).toBeNull();
});

test('only named proxies say who asks, and by what', async () => {
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };
  const body = { name: 'viewer', password: 'a wrong password' };
  for (const proxies of [['127.0.0.1'], []]) {
    await using door = await openDoor({ proxies });
    const answer = await door.browser().ask('POST', '/session', { body, headers: forwarded });
    const isBelieved = proxies.length > 0;
    expect(answer.headers.has('strict-transport-security')).toBe(isBelieved);
    expect(door.log.at(-1)).toContain(isBelieved ? '203.0.113.9' : '127.0.0.1');
  }
});

test('a token or a session in the URL opens nothing', async () => {
  await using door = await openDoor();
  const admin = await door.signedIn('admin');
  const made = await admin.ask('POST', '/tokens', { body: { name: 'ci', role: 'admin' } });
  const token = String(made.json!['token']);
  const stranger = door.browser();
  for (const name of ['token', 'access_token', 'api_key', 'authorization', COOKIE])
    for (const value of [token, `Bearer ${token}`, admin.cookies.get(COOKIE)!]) {
      const query = new URLSearchParams({ [name]: value });
      expect((await stranger.ask('GET', `/users?${query.toString()}`)).status).toBe(401);
    }
  const link = await newLinkToken(door.access, 'admin', door.now());
  expect((await stranger.ask('GET', `/session?token=${link}`)).json?.['state']).toBe('signed-out');
  const header = { headers: { authorization: `bearer ${token}` } };
  expect((await stranger.ask('GET', '/users', header)).status).toBe(200);
});

test('a wrong token is refused, whoever else is signed in', async () => {
  await using door = await openDoor();
  const admin = await door.signedIn('admin');
  const headers = { authorization: `Bearer sluice_${'x'.repeat(43)}` };
  for (const path of ['/users', '/session']) {
    const answer = await admin.ask('GET', path, { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  }
});

test('guessing passwords becomes slow, and locks out nobody elsewhere', async () => {
  await using door = await openDoor({ proxies: ['127.0.0.1'] });
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const guess = (address: string, name: string, password = 'a wrong password') =>
    door.browser().ask('POST', '/session', { body: { name, password }, headers: from(address) });
  expect((await guess('198.51.100.1', 'admin', PASSWORD)).status).toBe(200);

  // All at once: none slips past the count.
  const many = await Promise.all(
    Array.from({ length: 40 }, (_, i) => guess('203.0.113.9', i % 2 ? 'admin' : `nobody${i}`)),
  );
  expect(many.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(10);
  const slowed = many.find(({ status }) => status === 429)!;
  expect(slowed.json).toMatchObject({ code: 'throttled' });
  expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0);
  // The right password does not help meanwhile.
  expect((await guess('203.0.113.9', 'admin', PASSWORD)).status).toBe(429);

  // From everywhere, one name.
  for (let i = 0; i < 40; i++) await guess(`203.0.113.${100 + i}`, 'admin');
  expect((await guess('203.0.113.200', 'admin')).status).toBe(429);
  expect((await guess('198.51.100.1', 'admin', PASSWORD)).status).toBe(200);
  expect((await guess('198.51.100.7', 'editor', PASSWORD)).status).toBe(200);

  door.pass(16 * 60_000);
  expect((await guess('203.0.113.9', 'admin', PASSWORD)).status).toBe(200);
});

test('a name that is unknown, disabled or without a password is refused in the same words', async () => {
  await using door = await openDoor();
  await door.access.users.add({ name: 'empty', role: 'viewer', passwordHash: null }, door.now());
  await door.access.users.change('viewer', { disabled: true });
  const answers = [];
  for (const [name, password] of [
    ['admin', 'a wrong password'],
    ['nobody', PASSWORD],
    ['viewer', PASSWORD],
    ['empty', PASSWORD],
    ['empty', ''],
    ["admin' OR 1=1 --", PASSWORD],
  ])
    answers.push(await door.browser().signIn(name!, password));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0]).toMatchObject({ status: 401, json: { code: 'wrong_credentials' } });
});

test('a session ends: idle, old, signed out, and when its user changes', async () => {
  await using door = await openDoor();
  const isIn = async (browser: Awaited<ReturnType<typeof door.signedIn>>) =>
    (await browser.ask('GET', '/session')).json?.['state'] === 'signed-in';

  const idle = await door.signedIn('viewer');
  door.pass(11 * HOUR);
  expect(await isIn(idle)).toBe(true);
  door.pass(11 * HOUR);
  expect(await isIn(idle)).toBe(true);
  door.pass(13 * HOUR);
  expect(await isIn(idle)).toBe(false);

  const old = await door.signedIn('viewer');
  for (let hours = 0; hours < 7 * 24; hours += 8) {
    expect(await isIn(old)).toBe(true);
    door.pass(8 * HOUR);
  }
  expect(await isIn(old)).toBe(false);

  const left = await door.signedIn('viewer');
  const copy = door.browser();
  copy.cookies.set(COOKIE, left.cookies.get(COOKIE)!);
  expect((await left.ask('DELETE', '/session')).status).toBe(204);
  expect(left.cookies.has(COOKIE)).toBe(false);
  expect(await isIn(copy)).toBe(false);

  const admin = await door.signedIn('admin');
  const passwordHash = (await door.access.users.passwordHash('admin'))!;
  for (const [i, change] of [
    { role: 'editor' },
    { password: 'another password' },
    { disabled: true },
    undefined,
  ].entries()) {
    const name = `user${i}`;
    await door.access.users.add({ name, role: 'viewer', passwordHash }, door.now());
    const browser = door.browser();
    await browser.signIn(name);
    expect(await isIn(browser)).toBe(true);
    const answer = change
      ? await admin.ask('PATCH', `/users/${name}`, { body: change })
      : await admin.ask('DELETE', `/users/${name}`);
    expect(answer.status).toBe(change ? 200 : 204);
    expect(await isIn(browser)).toBe(false);
  }
});

test('a new password needs the one before, and ends all other sessions', async () => {
  await using door = await openDoor();
  const [here, there] = [await door.signedIn('viewer'), await door.signedIn('viewer')];
  const put = (body: unknown) => here.ask('PUT', '/session/password', { body });
  for (const current of [undefined, '', 'a wrong password']) {
    const answer = await put({ current, new: 'another password' });
    expect(answer).toMatchObject({ status: 422, json: { fields: [{ path: 'current' }] } });
  }
  for (const weak of ['short', 'viewer', 'VIEWER      ', 'aaaaaaaaaaaa', 'x'.repeat(257)])
    expect(await put({ current: PASSWORD, new: weak })).toMatchObject({
      status: 422,
      json: { code: 'invalid', fields: [{ path: 'new' }] },
    });
  const before = here.cookies.get(COOKIE);
  expect(await put({ current: PASSWORD, new: 'another password' })).toMatchObject({
    status: 200,
    json: { state: 'signed-in', passwordNeeded: false },
  });
  expect(here.cookies.get(COOKIE)).not.toBe(before);
  expect((await here.ask('GET', '/session')).json?.['state']).toBe('signed-in');
  expect((await there.ask('GET', '/session')).json?.['state']).toBe('signed-out');
  expect((await there.signIn('viewer')).status).toBe(401);
  expect((await there.signIn('viewer', 'another password')).status).toBe(200);
});

test('a current password can not be guessed from a session that was left open', async () => {
  await using door = await openDoor();
  const viewer = await door.signedIn('viewer');
  const answers = [];
  for (let i = 0; i < 12; i++)
    answers.push(
      await viewer.ask('PUT', '/session/password', {
        body: { current: `a wrong password ${i}`, new: 'another password' },
      }),
    );
  expect(answers.at(-1)).toMatchObject({ status: 429, json: { code: 'throttled' } });
});

test('a one-time link signs in once, then lets a password be chosen', async () => {
  await using door = await openDoor();
  const token = await newLinkToken(door.access, 'editor', door.now());
  const use = (token: string) => {
    const browser = door.browser();
    return browser.ask('POST', '/session/link', { body: { token } }).then((answer) => {
      if (answer.status === 200) browser.csrf = String(answer.json!['csrf']);
      return { browser, answer };
    });
  };
  const both = await Promise.all([use(token), use(token)]);
  expect(new Set(both.map(({ answer }) => answer.status))).toEqual(new Set([200, 401]));
  expect((await use(token)).answer).toMatchObject({ status: 401, json: { code: 'wrong_link' } });
  const { browser, answer } = both.find(({ answer }) => answer.status === 200)!;
  expect(answer.json).toMatchObject({
    user: { name: 'editor', role: 'editor' },
    passwordNeeded: true,
  });
  const put = await browser.ask('PUT', '/session/password', { body: { new: 'another password' } });
  expect(put.status).toBe(200);
  expect((await door.browser().signIn('editor', 'another password')).status).toBe(200);

  const first = await newLinkToken(door.access, 'editor', door.now());
  const second = await newLinkToken(door.access, 'editor', door.now());
  expect((await use(first)).answer.status).toBe(401);
  door.pass(24 * HOUR);
  expect((await use(second)).answer.status).toBe(401);

  const disabled = await newLinkToken(door.access, 'editor', door.now());
  await door.access.users.change('editor', { disabled: true });
  expect((await use(disabled)).answer.status).toBe(401);
  for (const wrong of ['', 'x', token.slice(1), `${token}x`, "' OR 1=1 --"])
    expect((await use(wrong)).answer.status).toBe(401);
});

test('the first start makes one admin, once', async () => {
  await using door = await openDoor({ isNew: true });
  const setUp = (token: string, name: string, password = PASSWORD) =>
    door.browser().ask('POST', '/setup', { body: { token, name, password } });
  expect((await door.browser().ask('GET', '/session')).json).toEqual({
    ...{ state: 'setup-needed', version: '1.2.3', oidc: false },
  });
  const token = await newLinkToken(door.access, null, door.now());
  expect((await setUp('wrong', 'mallory')).status).toBe(401);
  // The link is no sign-in, and a mistake does not use it up.
  const signIn = await door.browser().ask('POST', '/session/link', { body: { token } });
  expect(signIn.status).toBe(401);
  expect(await setUp(token, 'boss', 'short')).toMatchObject({
    ...{ status: 422, json: { fields: [{ path: 'password' }] } },
  });
  expect((await setUp(token, 'a/b')).status).toBe(422);

  const racing = await Promise.all([setUp(token, 'boss'), setUp(token, 'mallory')]);
  expect(new Set(racing.map(({ status }) => status))).toEqual(new Set([200, 401]));
  expect(await door.access.users.list()).toMatchObject([{ role: 'admin' }]);
  expect((await setUp(token, 'again')).status).toBe(401);
  // One that was made meanwhile is good for nothing once there is an admin.
  const late = await newLinkToken(door.access, null, door.now());
  expect((await setUp(late, 'late')).status).toBe(401);
  expect(await door.access.users.list()).toHaveLength(1);
  expect((await door.browser().ask('GET', '/session')).json?.['state']).toBe('signed-out');
});

test('the last admin can not be taken away', async () => {
  await using door = await openDoor();
  const admin = await door.signedIn('admin');
  for (const [method, body] of [
    ['DELETE', undefined],
    ['PATCH', { role: 'viewer' }],
    ['PATCH', { disabled: true }],
  ] as const)
    expect(await admin.ask(method, '/users/admin', { body })).toMatchObject({
      ...{ status: 409, json: { code: 'last_admin' } },
    });
  // And the refused change left the session as it was.
  expect((await admin.ask('GET', '/users')).status).toBe(200);
  await admin.ask('PATCH', '/users/editor', { body: { role: 'admin' } });
  expect((await admin.ask('DELETE', '/users/admin')).status).toBe(204);
});

test('a token ends with its time, and does no more than its owner may', async () => {
  await using door = await openDoor();
  const admin = await door.signedIn('admin');
  await admin.ask('PATCH', '/users/editor', { body: { role: 'admin' } });
  const second = await door.signedIn('editor');
  const make = async (more: Record<string, unknown>) => {
    const body = { name: 'ci', role: 'admin', ...more };
    const { json } = await second.ask('POST', '/tokens', { body });
    return { authorization: `Bearer ${String(json!['token'])}` };
  };
  const ask = async (headers: Record<string, string>) =>
    (await door.browser().ask('GET', '/users', { headers })).status;
  const expiresAt = new Date(door.now() + HOUR).toISOString();
  const [short, long] = [await make({ expiresAt }), await make({})];
  expect(await ask(short)).toBe(200);
  door.pass(HOUR);
  expect(await ask(short)).toBe(401);
  expect(await ask(long)).toBe(200);
  const past = await second.ask('POST', '/tokens', {
    body: { name: 'x', role: 'viewer', expiresAt },
  });
  expect(past).toMatchObject({ status: 422, json: { fields: [{ path: 'expiresAt' }] } });

  await door.access.users.change('editor', { role: 'editor' });
  expect(await ask(long)).toBe(403);
  await door.access.users.change('editor', { role: 'admin', disabled: true });
  expect(await ask(long)).toBe(401);
  await door.access.users.change('editor', { disabled: false });
  expect(await ask(long)).toBe(200);
  await admin.ask('DELETE', '/users/editor');
  expect(await ask(long)).toBe(401);
});

test('bodies that are too large, torn or of the wrong shape are refused, and echo nothing', async () => {
  await using door = await openDoor();
  const post = (raw: string, headers = {}) =>
    door.browser().ask('POST', '/session', { raw, headers });
  const large = await post(JSON.stringify({ name: 'a', password: 'x'.repeat(20_000) }));
  expect(large).toMatchObject({ status: 413, json: { code: 'too_large' } });
  for (const raw of [
    '',
    '{"name":"admin","password":"hunter2 hunter2',
    'hunter2 hunter2',
    'null',
    '[]',
    '"hunter2 hunter2"',
    '{"name":"admin"}',
    '{"name":["admin"],"password":{"$ne":"hunter2 hunter2"}}',
    '{"name":"admin","password":"hunter2 hunter2","role":"admin"}',
    '{"name":"admin","password":"hunter2 hunter2","__proto__":{"role":"admin"}}',
    '{"name":"admin","password":"hunter2 hunter2","constructor":{"prototype":{}}}',
    '\u0000',
  ]) {
    const { status, text, headers } = await post(raw);
    expect([raw, [400, 422].includes(status)]).toEqual([raw, true]);
    expect(text).not.toContain('hunter2');
    expect(headers.get('content-type')).toContain('application/problem+json');
  }
  expect(door.faults).toEqual([]);
  expect(door.log.join('\n')).not.toContain('hunter2');
});

test('every answer tells browsers what it may not be used for', async () => {
  await using door = await openDoor();
  const admin = await door.signedIn('admin');
  for (const [method, path, status] of [
    ['GET', '/session', 200],
    ['GET', '/users', 200],
    ['GET', '/nothing', 404],
    ['GET', '/users?%zz', 200],
    ['POST', '/session', 422],
    ['GET', `${door.url}/`, 404],
  ] as const) {
    const answer = await admin.ask(method, path, method === 'POST' ? { body: {} } : {});
    expect([path, answer.status]).toEqual([path, status]);
    const policy = answer.headers.get('content-security-policy')!;
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('permissions-policy')).toContain('camera=()');
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    if (path.startsWith('/')) expect(answer.headers.get('cache-control')).toBe('no-store');
  }
});

test('the audit log tells page by page who changed what', async () => {
  await using door = await openDoor();
  const admin = await door.signedIn('admin');
  await admin.ask('POST', '/users', {
    body: { name: 'maria', role: 'viewer', password: PASSWORD },
  });
  await admin.ask('PATCH', '/users/maria', { body: { role: 'editor', disabled: true } });
  await admin.ask('DELETE', '/users/maria');
  const told: unknown[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { json } = await admin.ask('GET', `/audit?limit=2${query}`);
    told.push(...(json!['items'] as unknown[]));
    cursor = json!['next'] as string | null;
  }
  expect(told).toMatchObject([
    { actor: 'admin', action: 'delete user', target: 'maria', detail: null },
    { action: 'change user', target: 'maria', detail: 'role editor, disabled' },
    { action: 'add user', target: 'maria', detail: 'role viewer' },
    { action: 'sign in', target: 'admin', detail: 'by password' },
  ]);
  expect((await admin.ask('GET', '/audit?limit=0')).status).toBe(422);
  expect((await admin.ask('GET', '/audit?cursor=x')).status).toBe(422);
});

test('an answer that lasts can see that its session has ended', async () => {
  const begun = Promise.withResolvers<undefined>();
  const gate = Promise.withResolvers<undefined>();
  await using door = await openDoor({
    routes: (guard) => (app) => {
      app.get('/long', { preHandler: guard.needs('editor') }, async (request) => {
        const before = await guard.isStillIn(request);
        begun.resolve(undefined);
        await gate.promise;
        return { before, after: await guard.isStillIn(request) };
      });
    },
  });
  const editor = await door.signedIn('editor');
  const long = editor.ask('GET', '/long');
  await begun.promise;
  await door.access.users.change('editor', { role: 'viewer' });
  gate.resolve(undefined);
  expect((await long).json).toEqual({ before: true, after: false });
});
