import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOOK, SALT, SECRETS, type ApiWorld, openApiWorld, specOf } from '../support/api-world.ts';
import { TOKEN } from '../support/scene.ts';
import { push, PUSH_TOKEN } from '../support/service.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  for (const secret of SECRETS) expect(world.answers.join('\n')).not.toContain(secret);
});

const spec = (name: string, more: Record<string, unknown> = {}) =>
  specOf(world.scene, name, { paused: true, ...more });
const create = (name: string, more: Record<string, unknown> = {}) =>
  world.ask('POST', '/connections', { body: spec(name, more) });
const etagOf = async (name: string): Promise<string> =>
  (await world.ask('GET', `/connections/${name}`)).headers.get('etag')!;
const put = async (name: string, body: unknown, etag?: string, query = '') =>
  world.ask('PUT', `/connections/${name}${query}`, {
    body,
    headers: { 'if-match': etag ?? (await etagOf(name)) },
  });

test('pages together are the whole, without repeats, at every size of a page', async () => {
  for (let i = 0; i < 7; i++) await create(`page-${i}`);
  const whole = (await world.ask('GET', '/connections?limit=200')).body as {
    items: { name: string }[];
    next: null;
  };
  expect(whole.next).toBeNull();
  const names = whole.items.map(({ name }) => name);
  expect(names).toEqual(names.toSorted());
  for (const limit of [1, 2, 3, names.length, names.length + 1]) {
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
      const page = (await world.ask('GET', `/connections?limit=${limit}${cursor}`)).body as {
        items: { name: string }[];
        next: string | null;
      };
      expect(page.items.length).toBeLessThanOrEqual(limit);
      seen.push(...page.items.map(({ name }) => name));
      ({ next } = page);
    }
    expect(seen).toEqual(names);
  }
  const found = await world.ask('GET', '/connections?search=AGE-');
  expect(found.body.items).toHaveLength(7);
  expect((await world.ask('GET', '/connections?search=_____')).body.items).toEqual([]);
});

describe('making a connection', () => {
  test('gives it back with its ETag and place, and writes who did it', async () => {
    const made = await create('made');
    expect(made.status).toBe(201);
    expect(made.headers.get('etag')).toBe('"1"');
    expect(made.headers.get('location')).toBe('/api/v1/connections/made');
    expect(made.body.connection).toMatchObject({ name: 'made', paused: true, revision: 1 });
    expect(made.body.connection.spec.destination.credentials.token).toBe('***');
    expect(await world.audited()).toContainEqual({
      ...{ actor: 'admin (token tests)', action: 'connection.create', target: 'made' },
      detail: null,
    });
  });

  test('of a name that there is is refused', async () => {
    const again = await create('orders');
    expect(again.status).toBe(409);
    expect(again.headers.get('content-type')).toContain('application/problem+json');
    expect(again.body).toMatchObject({ type: 'about:blank', status: 409, code: 'exists' });
  });

  test('with wrong settings says every place, and makes nothing', async () => {
    const wrong = await create('wrong', { poll: 0, source: { kind: 's3' } });
    expect(wrong.status).toBe(422);
    expect(wrong.body.code).toBe('invalid');
    expect(wrong.body.fields.map(({ path }: { path: string }) => path).toSorted()).toEqual([
      'poll',
      'source.bucket',
    ]);
    expect((await world.ask('GET', '/connections/wrong')).status).toBe(404);
  });

  test('does not take *** for a secret', async () => {
    const body = spec('starred', { salt: '***' });
    const { status, body: answer } = await world.ask('POST', '/connections', { body });
    expect(status).toBe(422);
    expect(answer.fields).toEqual([
      { path: 'salt', message: 'there is no stored secret to keep here' },
    ]);
  });

  test('runs it at once', async () => {
    const started = specOf(world.scene, 'started');
    expect((await world.ask('POST', '/connections', { body: started })).status).toBe(201);
    await expect
      .poll(async () => (await world.ask('GET', '/connections/started/balance')).body.read, {
        timeout: 20_000,
      })
      .toBe(123);
  });

  test('that Braze pushes to tells the address', async () => {
    const { body } = await world.ask('GET', '/connections/app');
    expect(body.pushUrl).toBe(`${world.served.url}/currents/app`);
    expect((await world.ask('GET', '/connections/orders')).body.pushUrl).toBeNull();
  });
});

describe('changing a connection', () => {
  test('needs If-Match, and the one that is right', async () => {
    await create('matched');
    const body = spec('matched', { poll: 5 });
    const without = await world.ask('PUT', '/connections/matched', { body });
    expect(without.body).toMatchObject({ status: 428, code: 'precondition_required' });
    for (const wrong of ['"7"', '*', 'nonsense', '"1", "2"'])
      expect((await put('matched', body, wrong)).body).toMatchObject({
        status: 412,
        code: 'conflict',
      });
    const right = await put('matched', body, '"1"');
    expect(right.status).toBe(200);
    expect(right.headers.get('etag')).toBe('"2"');
    expect(right.body.changes).toEqual([{ path: 'poll', before: 1, after: 5 }]);
  });

  test('by two at once lets one of them win, and tells the other', async () => {
    await create('raced');
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => put('raced', spec('raced', { poll: i + 10 }), '"1"')),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(7);
    const { body } = await world.ask('GET', '/connections/raced');
    expect(body.revision).toBe(2);
    expect(body.spec.poll).toBe(won[0]!.body.connection.spec.poll);
  });

  test('keeps the secrets that are left as ***', async () => {
    const shown = (await world.ask('GET', '/connections/orders')).body;
    expect(shown.spec).toMatchObject({ salt: '***', alerts: { webhook: '***' } });
    const edited = await put('orders', { ...shown.spec, concurrency: 2 });
    expect(edited.status).toBe(200);
    expect(edited.body.changes).toEqual([{ path: 'concurrency', before: 4, after: 2 }]);
    const checked = await world.ask('POST', '/check', { body: { name: 'orders' } });
    expect(checked.body.checks).toContainEqual({
      ...{ what: 'mixpanel', ok: true, detail: 'Mixpanel accepts the credentials.' },
    });
  });

  test('takes away a secret that is left out, and keeps nothing of it', async () => {
    const secrets = {
      salt: 'a-salt-that-is-taken-away',
      alerts: { webhook: 'https://hooks.example.com/taken-away' },
    };
    const account = { kind: 'service-account', username: 'u', secret: 's-of-u', projectId: '1' };
    const destination = { kind: 'mixpanel', region: 'us', credentials: account };
    const both = { ...destination, token: 'a-token-that-is-taken-away' };
    await create('lighter', { ...secrets, destination: both });
    const { spec: stored } = (await world.ask('GET', '/connections/lighter')).body;
    expect(stored).toMatchObject({
      ...{ salt: '***', alerts: { webhook: '***' } },
      destination: { token: '***', credentials: { secret: '***' } },
    });
    const { salt: _salt, alerts: _alerts, ...rest } = stored;
    const { token: _token, ...lighter } = stored.destination;
    const { status, body } = await put('lighter', { ...rest, destination: lighter });
    expect(status).toBe(200);
    expect(body.changes.map(({ path }: { path: string }) => path).toSorted()).toEqual([
      'alerts.webhook',
      'destination.token',
      'salt',
    ]);
    for (const { after } of body.changes) expect(after).toBeNull();
    expect(body.connection.spec).not.toHaveProperty('salt');
    expect(body.connection.spec.destination).not.toHaveProperty('token');
    // What is kept under its name is still there; what was taken away is not to be had back.
    expect(body.connection.spec.destination.credentials.secret).toBe('***');
    const back = await put('lighter', stored);
    expect(back.body.fields.map(({ path }: { path: string }) => path).toSorted()).toEqual([
      'alerts.webhook',
      'destination.token',
      'salt',
    ]);
    expect((await world.audited()).at(-1)).toMatchObject({
      ...{ action: 'connection.change', target: 'lighter' },
      detail: body.changes.map(({ path }: { path: string }) => path).join(', '),
    });
  });

  test('never sends a stored secret to another address', async () => {
    const { spec: stored } = (await world.ask('GET', '/connections/orders')).body;
    const elsewhere = {
      ...stored,
      destination: { ...stored.destination, url: 'https://evil.example.com' },
    };
    const refused = [
      await put('orders', elsewhere),
      await put('orders', elsewhere, undefined, '?dryRun=true'),
      await world.ask('POST', '/check', {
        body: { name: 'orders', destination: elsewhere.destination },
      }),
    ];
    for (const { status, body } of refused) {
      expect(status).toBe(422);
      expect(body.fields).toEqual([
        expect.objectContaining({ path: 'destination.url' }) as unknown,
      ]);
    }
    const given = {
      ...elsewhere.destination,
      credentials: { kind: 'project-token', token: 'given-again-by-hand' },
    };
    const dry = await put(
      'orders',
      { ...elsewhere, destination: given },
      undefined,
      '?dryRun=true',
    );
    expect(dry.status).toBe(200);
  });

  test('a secret of another kind of credentials is none to keep', async () => {
    const { spec: stored } = (await world.ask('GET', '/connections/orders')).body;
    const other = {
      ...stored.destination,
      credentials: { kind: 'api-secret', secret: '***' },
    };
    const { status } = await put('orders', { ...stored, destination: other });
    expect(status).toBe(422);
  });

  test('on a dry run says what it would do, and does nothing', async () => {
    const before = await etagOf('orders');
    const { spec: stored } = (await world.ask('GET', '/connections/orders')).body;
    const dry = await put(
      'orders',
      { ...stored, salt: 'another-salt-of-this-test' },
      undefined,
      '?dryRun=true',
    );
    expect(dry.body.changes).toEqual([{ path: 'salt', before: '***', after: '***' }]);
    expect(dry.text).not.toContain('another-salt-of-this-test');
    expect(await etagOf('orders')).toBe(before);
  });

  test('warns where repeats would be told apart no more, and of another project', async () => {
    const { spec: stored } = (await world.ask('GET', '/connections/orders')).body;
    const renamed = { ...stored, settings: { ...stored.settings, eventNames: 'channel' } };
    const dry = await put('orders', renamed, undefined, '?dryRun=true');
    expect(dry.body.warnings.join()).toContain('the key by which Mixpanel knows a repeat');
    const moved = {
      ...stored,
      destination: {
        kind: 'mixpanel',
        region: 'eu',
        credentials: { kind: 'project-token', token: TOKEN },
      },
    };
    const away = await put('orders', moved, undefined, '?dryRun=true');
    expect(away.body.warnings.join()).toContain('another Mixpanel project');
  });

  test('can not change its name', async () => {
    const { status, body } = await put('old', spec('older'));
    expect(status).toBe(422);
    expect(body.fields).toEqual([{ path: 'name', message: 'must be old' }]);
  });
});

test('what no catalogue knows is told, selected or not, with whether it is sent from now on', async () => {
  const type = 'users.messages.carrier_pigeon.Send';
  const event = {
    ...{ event_type: type, id: 'p1', time: Math.floor(Date.now() / 1000) },
    ...{ user: { user_id: 'u', external_user_id: 'u' }, properties: {} },
  };
  const inbox = { kind: 'inbox', token: PUSH_TOKEN };
  await create('birds', {
    paused: false,
    source: inbox,
    settings: { events: ['users.behaviors.*'] },
  });
  const told = async () =>
    (
      (await world.ask('GET', '/unknown')).body.types as { type: string; included: boolean }[]
    ).filter((each) => each.type === type);
  await expect
    .poll(() => push(world.served.url, 'birds', { events: [event] }), { timeout: 20_000 })
    .toBe(200);
  await expect
    .poll(told, { timeout: 20_000 })
    .toEqual([{ type, connection: 'birds', read: 1, included: false }]);
  const { spec: stored } = (await world.ask('GET', '/connections/birds')).body;
  const settings = { ...stored.settings, uncatalogued: 'send' };
  expect((await put('birds', { ...stored, settings })).status).toBe(200);
  expect(await told()).toMatchObject([{ included: false }]);
  const wider = { ...settings, events: [...settings.events, type] };
  expect((await put('birds', { ...stored, settings: wider })).status).toBe(200);
  // At once, and not only when the service has taken up the change.
  expect(await told()).toMatchObject([{ included: true }]);
});

test('it is paused and resumed, and gone when it is deleted', async () => {
  await create('rested');
  expect((await world.ask('POST', '/connections/rested/resume')).status).toBe(204);
  await expect
    .poll(async () => (await world.ask('GET', '/connections/rested')).body.state.kind, {
      timeout: 20_000,
    })
    .not.toBe('paused');
  expect((await world.ask('POST', '/connections/rested/pause')).status).toBe(204);
  expect((await world.ask('GET', '/connections/rested')).body).toMatchObject({
    ...{ paused: true, state: { kind: 'paused' } },
  });
  expect((await world.ask('DELETE', '/connections/rested')).status).toBe(204);
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/pause'],
    ['GET', '/balance'],
    ['GET', '/figures'],
    ['GET', '/types'],
    ['GET', '/slices'],
    ['GET', '/runs'],
    ['GET', '/jobs'],
    ['POST', '/test'],
  ] as const)
    expect((await world.ask(method, `/connections/rested${path}`)).body, path).toMatchObject({
      ...{ status: 404, code: 'not_found' },
    });
});

describe('jobs', () => {
  test('a window that makes no sense is refused by its place', async () => {
    const order = (body: unknown) => world.ask('POST', '/connections/old/jobs', { body });
    for (const [body, path] of [
      [{ kind: 'backfill', since: 'yesterday' }, 'since'],
      [{ kind: 'backfill', since: '2026-02-30' }, 'since'],
      [{ kind: 'backfill', since: '2026-07-02', until: '2026-07-01' }, 'until'],
      [{ kind: 'other', since: '2026-07-02' }, 'kind'],
    ] as const) {
      const answer = await order(body);
      expect(answer.status, JSON.stringify(body)).toBe(422);
      expect(answer.body.fields[0].path).toBe(path);
    }
  });

  test('a replay that Mixpanel would keep beside the first needs a yes', async () => {
    const body = spec('keyed', { paused: false });
    await world.ask('POST', '/connections', { body });
    await expect
      .poll(async () => (await world.ask('GET', '/connections/keyed/balance')).body.read, {
        timeout: 20_000,
      })
      .toBe(123);
    const renamed = { ...body, paused: true, settings: { eventNames: 'channel' } };
    expect((await put('keyed', renamed)).status).toBe(200);
    const order = { kind: 'replay', since: '2020-01-01' };
    const path = '/connections/keyed/jobs';
    const asked = await world.ask('POST', path, { body: order });
    expect(asked.body).toMatchObject({ status: 409, code: 'needs_confirmation' });
    const confirmed = await world.ask('POST', path, { body: { ...order, confirm: true } });
    expect(confirmed.status).toBe(201);
    const { id } = confirmed.body;
    expect((await world.ask('GET', path)).body.items).toMatchObject([{ id, state: 'waiting' }]);
    expect((await world.ask('DELETE', `/connections/old/jobs/${id}`)).status).toBe(404);
    expect((await world.ask('DELETE', `${path}/${id}`)).status).toBe(204);
    expect((await world.ask('DELETE', `${path}/${id}`)).body.code).toBe('job_ended');
  });
});

test('the balance, the types and the hours agree', async () => {
  const { body: balance } = await world.ask('GET', '/connections/orders/balance');
  expect(balance).toEqual({
    ...{ read: 123, delivered: 121, skipped: {}, deadLetters: 2 },
    ...{ balanced: true, breaks: [], unreadable: [] },
  });
  const { body: types } = await world.ask('GET', '/connections/orders/types');
  expect(types.items).toMatchObject([
    { type: 'users.messages.email.Click', event: 'Email Click', read: 120, delivered: 120 },
    { type: 'users.behaviors.CustomEvent', read: 3, delivered: 1, deadLetters: 2 },
  ]);
  for (const [period, step, n] of [
    ['hour', 'minute', 60],
    ['day', 'hour', 24],
    ['week', 'hour', 168],
    ['month', 'day', 31],
  ] as const) {
    const { body } = await world.ask('GET', `/connections/orders/figures?period=${period}`);
    expect({ step: body.step, n: body.points.length }).toEqual({ step, n });
    const sum = body.points.reduce((all: number, point: { read: number }) => all + point.read, 0);
    if (period !== 'hour') expect(sum).toBe(123);
  }
});

test('files come with their state, the newest first, page by page', async () => {
  const first = (await world.ask('GET', '/connections/orders/slices?limit=1')).body;
  const second = (await world.ask('GET', `/connections/orders/slices?limit=1&cursor=${first.next}`))
    .body;
  expect([...first.items, ...second.items]).toMatchObject([
    { state: 'done', records: 120 },
    { state: 'done', records: 3 },
  ]);
  expect(second.next).toBeNull();
  expect((await world.ask('GET', '/connections/orders/slices?state=problem')).body.items).toEqual(
    [],
  );
});

test('test events reach the sandbox, and wrong credentials are said', async () => {
  const sent = await world.ask('POST', '/connections/old/test');
  expect(sent.status).toBe(200);
  expect(sent.body.results.some(({ outcome }: { outcome: string }) => outcome === 'sent')).toBe(
    true,
  );
  await create('misled', {
    destination: {
      ...(spec('x')['destination'] as object),
      credentials: { kind: 'project-token', token: 'a-wrong-token-of-this-test' },
    },
  });
  const refused = await world.ask('POST', '/connections/misled/test');
  expect(refused.body.halted).toContain('401');
});

test('SALT and HOOK are stored, so that their absence in answers means something', async () => {
  const { spec: stored } = (await world.ask('GET', '/connections/orders')).body;
  expect([stored.salt, stored.alerts.webhook]).toEqual(['***', '***']);
  expect([SALT, HOOK].every((each) => SECRETS.includes(each as never))).toBe(true);
});
