import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { manageCohorts, receivingImports, type ReceivingImports } from '../connector.ts';
import type { Cohorts } from '../core/cohorts.ts';
import { StateError } from '../core/errors.ts';
import { HOUR_MS } from '../core/hours.ts';
import { callWebhook } from '../sandbox/mixpanel/cohort-webhook.ts';
import { openState, type State } from '../state/state.ts';
import { type CohortCall, type CohortRoutes, cohortRoutes } from './cohort-routes.ts';
import { createLog, createScrubber } from './log.ts';
import { startServer } from './server.ts';

const SPEC = (name: string) => ({ name, destination: { kind: 'file', path: '/var/lib/cohorts' } });

function bodyOf(more: Record<string, unknown> = {}, action = 'members') {
  return {
    action,
    parameters: {
      mixpanel_project_id: '991',
      mixpanel_cohort_id: '4242',
      mixpanel_cohort_name: 'Lapsed',
      mixpanel_cohort_description: '',
      mixpanel_session_id: 's1',
      page_info: { total_pages: 1, page_count: 1 },
      members: [{ mixpanel_distinct_id: 'u1', plan: 'gold' }],
      ...more,
    },
  };
}

/** A door on a data folder of its own, with the imports `crm` and `shop`, and a key for each. */
async function openDoor(routes: Partial<CohortRoutes> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-cohorts-'));
  const state: State = openState(dir, { keys: { key: Buffer.alloc(32, 7).toString('base64') } });
  const clock = { ms: Date.parse('2026-11-01T00:00:00Z') };
  const now = () => clock.ms;
  const manage = manageCohorts({ state, now });
  const keys: Record<string, string> = {};
  for (const name of ['crm', 'shop']) {
    await manage.imports.create(SPEC(name));
    keys[name] = (await manage.keys.add(name)).key;
  }
  const lines: string[] = [];
  const calls: CohortCall[] = [];
  const faults: Error[] = [];
  const log = createLog({
    level: 'debug',
    scrub: createScrubber().scrub,
    destination: { write: (line: string) => void lines.push(line) },
  });
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    onFault: (error) => faults.push(error),
    register: cohortRoutes({
      imports: receivingImports(state.cohortImports),
      cohorts: state.cohorts,
      ...{ log, now, onFault: (error) => faults.push(error), observe: (call) => calls.push(call) },
      ...routes,
    }),
  });
  return {
    ...{ state, clock, manage, keys, lines, calls, faults, url: server.url },
    key: keys['crm']!,
    async post(
      place: string,
      body: unknown = bodyOf(),
      headers: Record<string, string> = {},
    ): Promise<{ status: number; headers: Headers; body: unknown }> {
      const response = await fetch(`${server.url}/cohorts/${place}`, {
        method: 'POST',
        body:
          body instanceof Uint8Array
            ? new Uint8Array(body)
            : typeof body === 'string'
              ? body
              : JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      });
      const { status, headers: given } = response;
      return { status, headers: given, body: await response.json() };
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      state.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`mixpanel:${password}`).toString('base64')}`,
});
const failure = (code: number, message: unknown = expect.any(String), action = '') => ({
  status: code,
  body: { action, status: 'failure', error: { message, code } },
});

describe('a call is answered', () => {
  test.each(['members', 'add_members', 'remove_members'])(
    '200 to %s, once it is durable',
    async (action) => {
      await using door = await openDoor();
      const body = { action, status: 'success' };
      expect(await door.post(door.key, bodyOf({}, action))).toMatchObject({ status: 200, body });
      // Mixpanel sends again what it is not sure of.
      expect(await door.post(door.key, bodyOf({}, action))).toMatchObject({ status: 200, body });
      const [cohort] = await door.manage.list({ limit: 2 });
      expect(cohort).toMatchObject({ import: 'crm', cohortId: '4242', name: 'Lapsed' });
      expect(await door.manage.syncs(cohort!.id, { limit: 9 })).toMatchObject([{ action }]);
      const call = { import: 'crm', action, status: 200 };
      expect(door.calls).toEqual([call, call]);
    },
  );

  test('200 only after it is durable', async () => {
    const gate = Promise.withResolvers<Awaited<ReturnType<Cohorts['receive']>>>();
    const began = Promise.withResolvers<void>();
    const receive = () => {
      began.resolve();
      return gate.promise;
    };
    await using door = await openDoor({ cohorts: { receive } });
    let isAnswered = false;
    const call = door.post(door.key).then(({ status }) => {
      isAnswered = true;
      return status;
    });
    await began.promise;
    // Another whole call fits in between.
    await door.post(door.key, 'no JSON');
    expect(isAnswered).toBe(false);
    gate.resolve({ kind: 'kept', cohort: 1, complete: true });
    expect(await call).toBe(200);
  });

  test('200 with the key as a password at the name of the import', async () => {
    await using door = await openDoor();
    expect(await door.post('crm', bodyOf(), basic(door.key))).toMatchObject({ status: 200 });
    expect(
      await door.post('crm', gzipSync(JSON.stringify(bodyOf())), {
        ...basic(door.key),
        'content-encoding': 'gzip',
      }),
    ).toMatchObject({ status: 200 });
    expect(await door.manage.list({ import: 'crm', limit: 9 })).toHaveLength(1);
  });

  test('200 whatever the body is called, and to a paused import', async () => {
    await using door = await openDoor();
    await door.manage.imports.setPaused('crm', true);
    for (const type of ['text/plain', 'application/json; charset=utf-8'])
      expect(await door.post(door.key, bodyOf(), { 'content-type': type })).toMatchObject({
        status: 200,
      });
    expect((await door.post(door.key, `\ufeff${JSON.stringify(bodyOf())}`)).status).toBe(200);
  });
});

test('the stand-in for Mixpanel understands every answer', async () => {
  const options = { timeoutMs: 30_000, timeScale: 0, signal: new AbortController().signal };
  await using door = await openDoor();
  const body = { ...bodyOf(), action: 'members' } as const;
  const callAt = (place: string, more: { username?: string; password?: string } = {}) =>
    callWebhook({ url: `${door.url}/cohorts/${place}`, ...more }, body, options);
  expect(await callAt(door.key)).toEqual({ kind: 'taken' });
  const signedIn = { username: 'mixpanel', password: door.key };
  expect(await callAt('crm', signedIn)).toEqual({ kind: 'taken' });
  expect(await callAt('crm')).toMatchObject({ kind: 'refused' });
  expect(await callAt('none', signedIn)).toMatchObject({ kind: 'refused' });
  await door.state.cohortImports.put('crm', { name: 'crm' }, 1);
  expect(await callAt(door.key)).toMatchObject({ kind: 'failed' });
});

describe('who has no good key is refused', () => {
  test('401 with a wrong one, wherever it stands', async () => {
    await using door = await openDoor();
    const wrong = `${door.key.slice(0, -1)}${door.key.endsWith('A') ? 'B' : 'A'}`;
    for (const [place, headers] of [
      [wrong, {}],
      [door.key.slice(0, -1), {}],
      [`${door.key}x`, {}],
      ['sluice_ck_', {}],
      ['crm', {}],
      ['crm', basic(wrong)],
      ['crm', basic('')],
      ['crm', basic(door.keys['shop']!)],
      ['crm', { authorization: 'Basic !!' }],
    ] as const)
      expect(await door.post(place, bodyOf(), headers), place).toMatchObject(failure(401));
    expect(await door.manage.list({ limit: 9 })).toEqual([]);
    expect(door.calls[0]).toEqual({ import: undefined, action: 'none', status: 401 });
  });

  test('404 at a name that is no import, with any password', async () => {
    await using door = await openDoor();
    expect(await door.post('none', bodyOf(), basic(door.key))).toMatchObject(failure(404));
    await door.manage.imports.remove('crm');
    expect(await door.post('crm', bodyOf(), basic(door.key))).toMatchObject(failure(404));
    expect(await door.post(door.key)).toMatchObject(failure(401));
  });

  test('a key that was rotated lets in until it ends, one that was ended never again', async () => {
    await using door = await openDoor();
    const [{ id } = { id: 0 }] = await door.manage.keys.list('crm');
    const { key } = await door.manage.keys.rotate('crm', id, 2);
    expect((await door.post(key.key)).status).toBe(200);
    door.clock.ms += 2 * HOUR_MS - 1;
    expect((await door.post(door.key)).status).toBe(200);
    door.clock.ms += 1;
    expect((await door.post(door.key)).status).toBe(401);
    expect((await door.post(key.key)).status).toBe(200);
    await door.manage.keys.end('crm', key.id);
    expect((await door.post(key.key)).status).toBe(401);
  });

  test('guessing is slowed down, and never who has a right key', async () => {
    await using door = await openDoor();
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++)
      statuses.push((await door.post(`sluice_ck_${String(i).padStart(43, 'x')}`)).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    const slowed = await door.post('none', bodyOf(), basic('guess'));
    expect(slowed).toMatchObject(failure(429));
    expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await door.post(door.key)).status).toBe(200);
    expect((await door.post('crm', bodyOf(), basic(door.key))).status).toBe(200);
    expect((await door.post('sluice_ck_x')).status).toBe(429);
  });

  test('no key reaches the log, nor what is observed', async () => {
    await using door = await openDoor();
    await door.post(door.key);
    await door.post(door.key, 'no JSON');
    await door.post(`${door.key}wrong`);
    await door.post('crm', bodyOf(), basic(door.keys['shop']!));
    const text = door.lines.join('') + JSON.stringify(door.calls);
    expect(door.lines.length).toBeGreaterThan(1);
    for (const key of Object.values(door.keys)) expect(text).not.toContain(key.slice(10));
    expect(createScrubber().scrub(`POST /cohorts/${door.key}?x`)).toBe('POST /cohorts/***?x');
  });
});

describe('a body that Mixpanel does not send is 400, with words for its page', () => {
  const deep = `{"action":"members","parameters":{"mixpanel_cohort_id":"1","members":[${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}]}}`;
  test.each<[string, unknown, string, unknown]>([
    ['no JSON', '{"action":"members"', '', 'The body is not JSON'],
    ['nothing', '', '', 'The body is not JSON'],
    ['a form', 'action=members', '', 'The body is not JSON'],
    ['null', 'null', '', expect.any(String)],
    ['another action', { action: 'replace' }, '', expect.stringContaining('action')],
    ['no parameters', { action: 'members' }, 'members', expect.stringContaining('parameters')],
    ['members that are none', bodyOf({ members: 'u1' }), 'members', expect.any(String)],
    ['members without a floor', deep, 'members', expect.stringContaining('nested')],
    ['a list without a floor', '['.repeat(200_000), '', 'The body is not JSON'],
  ])('%s', async (_, body, action, message) => {
    await using door = await openDoor();
    expect(await door.post(door.key, body)).toMatchObject(failure(400, message, action));
    expect(await door.manage.list({ limit: 9 })).toEqual([]);
    expect(door.faults).toEqual([]);
  });

  test('whatever it is: it is taken or refused, and is never a fault', async () => {
    await using door = await openDoor();
    const odd = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constant(undefined));
    const member = fc.oneof(
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'toString')), odd),
      odd,
    );
    const some = <T>(right: fc.Arbitrary<T>) => fc.oneof({ weight: 4, arbitrary: right }, odd);
    const parameters = fc.record({
      mixpanel_project_id: some(fc.nat()),
      mixpanel_cohort_id: some(fc.constantFrom('1', '2', '\0', '\ud800')),
      mixpanel_cohort_name: some(fc.string({ unit: 'binary' })),
      mixpanel_cohort_description: some(fc.string()),
      mixpanel_session_id: some(fc.constantFrom('a', 'b')),
      page_info: some(
        fc.record({ total_pages: fc.integer({ max: 9 }), page_count: fc.integer({ max: 9 }) }),
      ),
      members: some(fc.array(member, { maxLength: 4 })),
    });
    const body = fc.record({
      action: some(fc.constantFrom('members', 'add_members', 'remove_members')),
      parameters: some(parameters),
    });
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(body, async (given) => {
        const { status } = await door.post(door.key, JSON.stringify(given));
        expect([200, 400]).toContain(status);
        seen.add(status);
      }),
      { numRuns: 150 },
    );
    expect([...seen].toSorted((a, b) => a - b)).toEqual([200, 400]);
    expect(door.faults).toEqual([]);
  });

  test('a gzip stream that breaks off', async () => {
    await using door = await openDoor();
    const body = gzipSync(JSON.stringify(bodyOf())).subarray(0, 60);
    expect(await door.post(door.key, body, { 'content-encoding': 'gzip' })).toMatchObject(
      failure(400),
    );
  });
});

describe('what is too large', () => {
  test('413, as sent and as unpacked', async () => {
    await using door = await openDoor({ maxBodyBytes: 50_000 });
    const large = JSON.stringify(bodyOf({ mixpanel_cohort_description: 'x'.repeat(60_000) }));
    expect(await door.post(door.key, large)).toMatchObject(failure(413));
    expect(
      await door.post(door.key, gzipSync(large), { 'content-encoding': 'gzip' }),
    ).toMatchObject(failure(413));
    expect(await door.post(door.key, large, { 'content-encoding': 'br' })).toMatchObject(
      failure(415),
    );
  });

  test('503 while others hold the memory, which they give back', async () => {
    const gate = Promise.withResolvers<Awaited<ReturnType<Cohorts['receive']>>>();
    const began = Promise.withResolvers<void>();
    const receive = () => {
      began.resolve();
      return gate.promise;
    };
    const size = JSON.stringify(bodyOf()).length;
    await using door = await openDoor({ cohorts: { receive }, maxReceivingBytes: size + 10 });
    const first = door.post(door.key);
    await began.promise;
    const busy = await door.post(door.key);
    expect(busy).toMatchObject(failure(503));
    expect(busy.headers.get('retry-after')).toBe('2');
    gate.resolve({ kind: 'kept', cohort: 1, complete: true });
    expect((await first).status).toBe(200);
    expect((await door.post(door.key)).status).toBe(200);
  });

  test('a body that breaks off is kept nowhere', async () => {
    const began = Promise.withResolvers<void>();
    await using door = await openDoor();
    const imports = receivingImports(door.state.cohortImports);
    const ownerOf: ReceivingImports['ownerOf'] = async (...args) => {
      const owner = await imports.ownerOf(...args);
      began.resolve();
      return owner;
    };
    await using slow = await openDoor({ imports: { ...imports, ownerOf } });
    const request = httpRequest(`${slow.url}/cohorts/${door.key}`, {
      method: 'POST',
      headers: { 'content-length': '1000' },
    });
    request.on('error', () => undefined);
    request.write('{"action":');
    await began.promise;
    request.destroy();
    await vi.waitFor(() => expect(slow.calls).toMatchObject([{ import: 'crm', status: 0 }]));
    expect(await slow.manage.list({ limit: 9 })).toEqual([]);
  });
});

describe('a fault of ours is 503, so that Mixpanel tries again', () => {
  test.each<[string, Error, string]>([
    ['a full disk', new StateError('disk_full', 'The disk is full'), 'The disk is full'],
    ['anything else', new Error('secret words'), 'Something went wrong in Sluice'],
  ])('%s', async (_, error, message) => {
    await using door = await openDoor({ cohorts: { receive: () => Promise.reject(error) } });
    const answer = await door.post(door.key);
    expect(answer).toMatchObject(failure(503, message, 'members'));
    expect(answer.headers.get('retry-after')).toBe('30');
    expect(door.faults).toEqual(error instanceof StateError ? [] : [error]);
  });

  test('keys that can not be looked up, and settings that are not valid', async () => {
    await using door = await openDoor();
    await door.state.cohortImports.put('crm', { name: 'crm', later: 1 }, 1);
    expect(await door.post(door.key)).toMatchObject(failure(503, expect.stringContaining('crm')));
    const useKey = () => Promise.reject(new StateError('state_busy', 'The database is busy'));
    const imports = receivingImports({ ...door.state.cohortImports, useKey });
    await using other = await openDoor({ imports });
    expect(await other.post(door.key)).toMatchObject(failure(503, 'The database is busy'));
  });
});
