import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type InboxScene, openInboxScene, TOKEN } from '../../test/support/inbox-server.ts';
import { StateError } from '../core/errors.ts';

const BATCH = '{"events":[{"event_type":"users.messages.email.Click"}]}';

/** Status, code of the error and headers that matter. */
async function answer(response: Response) {
  const body = (await response.json()) as { error?: { code: string } };
  return { status: response.status, code: body.error?.code };
}

const post = (scene: InboxScene, path: string, headers: Record<string, string> = {}) =>
  fetch(`${scene.url}${path}`, { method: 'POST', body: BATCH, headers });

describe('a push is answered', () => {
  test('200 once it is durable, whatever it is called and wherever it asks', async () => {
    await using scene = await openInboxScene();
    const bearer = { authorization: `bEARER ${TOKEN}` };
    expect(await answer(await scene.push(BATCH))).toEqual({ status: 200 });
    expect(scene.inbox.depth('c').pushes).toBe(1);
    for (const type of ['application/json; charset=utf-8', 'text/plain', 'multipart/form-data'])
      expect(await answer(await scene.push(BATCH, { 'content-type': type }))).toEqual({
        status: 200,
      });
    expect((await post(scene, '/currents/c?tenant=7&x', bearer)).status).toBe(200);
    expect(await scene.kept()).toEqual(Array(5).fill(BATCH));
  });

  test('200 only after the inbox has it', async () => {
    const gate = Promise.withResolvers<void>();
    const inbox = { append: () => gate.promise, refusal: () => Promise.resolve(undefined) };
    await using scene = await openInboxScene({ routes: { inbox } });
    let answered = false;
    const push = scene.push(BATCH).then((response) => {
      answered = true;
      return response.status;
    });
    await (await scene.push('')).text();
    expect(answered).toBe(false);
    gate.resolve();
    expect(await push).toBe(200);
  });

  test.each([
    ['nothing', ''],
    ['blanks', ' \n'],
    ['an empty batch', '{ "events": [] }'],
    ['an empty list', '[]'],
    ['an empty object', '{}'],
  ])('200 to a probe with %s, of which nothing is kept', async (_, body) => {
    await using scene = await openInboxScene();
    expect(await answer(await scene.push(body))).toEqual({ status: 200 });
    expect(await answer(await scene.push(gzipSync(body), { 'content-encoding': 'gzip' }))).toEqual({
      status: 200,
    });
    expect((await scene.push(body, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect(scene.inbox.depth('c').pushes).toBe(0);
  });

  test.each([
    ['events of any kind', '{"events":[1,null,{}]}'],
    ['what is no batch', '"text"'],
    ['an empty batch with more beside it', '{"events":[],"more":1}'],
    ['a byte order mark', `\ufeff${BATCH}`],
    ['10,000 levels', `{"events":[${'['.repeat(10_000)}${']'.repeat(10_000)}]}`],
    ['numbers that no double holds', '[123456789012345678901234567890, 1e999]'],
  ])('200 to %s, which is kept as it came', async (_, body) => {
    await using scene = await openInboxScene();
    expect((await scene.push(body)).status).toBe(200);
    expect(await scene.kept()).toEqual([body]);
  });

  test('200 to bytes that are no UTF-8, which are kept as they came', async () => {
    await using scene = await openInboxScene();
    const body = Buffer.from('["a#b"]');
    body[body.indexOf('#')] = 0xff;
    expect((await scene.push(body)).status).toBe(200);
    expect(await scene.kept()).toEqual(['["a\ufffdb"]']);
  });

  test.each([
    ['a text', 'events'],
    ['what breaks off', '{"events":['],
    ['a no-break space', '\u00a0'],
    ['a form', 'events=1'],
    ['letters that are no JSON outside of texts', '{"events":[ü]}'],
  ])('400 to %s', async (_, body) => {
    await using scene = await openInboxScene();
    expect(await answer(await scene.push(body))).toEqual({ status: 400, code: 'not_json' });
    expect(scene.inbox.depth('c').pushes).toBe(0);
  });

  test.each([
    ['no token', undefined, 'Bearer'],
    ['another scheme', `Basic ${TOKEN}`, 'Bearer'],
    ['a wrong token', 'Bearer wrong', 'Bearer error="invalid_token"'],
    ['a token cut short', `Bearer ${TOKEN.slice(0, -1)}`, 'Bearer error="invalid_token"'],
    ['a token that goes on', `Bearer ${TOKEN}.`, 'Bearer error="invalid_token"'],
  ])('401 with %s', async (_, authorization, challenge) => {
    await using scene = await openInboxScene();
    const response = await post(
      scene,
      '/currents/c',
      authorization === undefined ? {} : { authorization },
    );
    expect(response.headers.get('www-authenticate')).toBe(challenge);
    expect(await answer(response)).toEqual({ status: 401, code: 'unauthorized' });
    expect(scene.inbox.depth('c').pushes).toBe(0);
  });

  test.each(['/currents/d', '/currents/C', '/currents/%zz', '/currents', '/currents/c/d', '/'])(
    '404 at %s',
    async (path) => {
      await using scene = await openInboxScene();
      expect((await post(scene, path, { authorization: `Bearer ${TOKEN}` })).status).toBe(404);
    },
  );

  test('404 to a GET, which says nothing of the connection', async () => {
    await using scene = await openInboxScene();
    expect((await fetch(`${scene.url}/currents/c`)).status).toBe(404);
  });

  test('413 to a body above the bound, declared or not, packed or not', async () => {
    await using scene = await openInboxScene({ routes: { maxBodyBytes: 1000 } });
    const json = (bytes: number) => JSON.stringify(['x'.repeat(bytes - 4)]);
    const gzip = { 'content-encoding': 'gzip' };
    expect((await scene.push(json(1000))).status).toBe(200);
    expect((await scene.push(gzipSync(json(1000)), gzip)).status).toBe(200);
    const tooLarge = { status: 413, code: 'too_large' };
    expect(await answer(await scene.push(json(1001)))).toEqual(tooLarge);
    expect(await answer(await scene.push(gzipSync(json(1001)), gzip))).toEqual(tooLarge);
    const chunked = await fetch(`${scene.url}/currents/c`, {
      method: 'POST',
      body: new Blob([json(5_000_000)]).stream(),
      duplex: 'half',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(await answer(chunked)).toEqual(tooLarge);
    expect(await scene.kept()).toEqual([json(1000), json(1000)]);
  });

  test('415 to an encoding that is not known, and says which are', async () => {
    await using scene = await openInboxScene();
    const response = await scene.push(BATCH, { 'content-encoding': 'br' });
    expect(response.headers.get('accept-encoding')).toBe('gzip');
    expect(await answer(response)).toEqual({ status: 415, code: 'unknown_encoding' });
  });

  test('422 to a gzip stream that is none, or breaks off', async () => {
    await using scene = await openInboxScene();
    const gzip = { 'content-encoding': 'gzip' };
    const whole = gzipSync(BATCH);
    for (const body of [Buffer.from(BATCH), whole.subarray(0, -9), whole.subarray(0, 4)])
      expect(await answer(await scene.push(body, gzip))).toEqual({ status: 422, code: 'bad_gzip' });
    expect((await scene.push(whole, { 'content-encoding': 'X-GZIP' })).status).toBe(200);
    expect(await scene.kept()).toEqual([BATCH]);
  });

  test('503 when the inbox is full, before the body is read', async () => {
    await using scene = await openInboxScene({ inbox: { maxBytes: 100 } });
    expect((await scene.push(BATCH)).status).toBe(200);
    const full = await scene.push(BATCH);
    expect(full.headers.get('retry-after')).toBe('60');
    expect(await answer(full)).toEqual({ status: 503, code: 'inbox_full' });
    expect((await scene.push(BATCH, { authorization: 'x' })).status).toBe(401);
    await scene.inbox.seal('c');
    const [slice] = await scene.inbox.segments('c', 'waiting');
    await scene.inbox.release('c', slice!);
    expect((await scene.push(BATCH)).status).toBe(200);
  });

  test('503 while the disk is nearly full', async () => {
    let free = 1e6;
    const disk = () => Promise.resolve({ free, total: 1e9 });
    await using scene = await openInboxScene({ machine: { disk } });
    const response = await scene.push(BATCH);
    expect(response.headers.get('retry-after')).toBe('60');
    expect(await answer(response)).toEqual({ status: 503, code: 'inbox_full' });
    expect(scene.seen.at(-1)).toMatchObject({ status: 503, bytes: 0 });
    free = 1e9;
    await expect.poll(async () => (await scene.push(BATCH)).status, { timeout: 10_000 }).toBe(200);
  });

  test('503 when the inbox can not write, with no more than that it could not', async () => {
    const inbox = {
      append: () => Promise.reject(new StateError('inbox_write', "The inbox can't be written")),
      refusal: () => Promise.resolve(undefined),
    };
    await using scene = await openInboxScene({ routes: { inbox } });
    const response = await scene.push(BATCH);
    expect(response.headers.get('retry-after')).toBe('60');
    expect(await answer(response)).toEqual({ status: 503, code: 'inbox_write' });
  });

  test('500 to a fault of ours, without its words', async () => {
    const inbox = {
      append: () => Promise.reject(new Error('the secret is 42')),
      refusal: () => Promise.resolve(undefined),
    };
    await using scene = await openInboxScene({ routes: { inbox } });
    const response = await scene.push(BATCH);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('42');
    expect(scene.faults.map(({ message }) => message)).toEqual(['the secret is 42']);
    // Its memory is given back, or the server would be busy for ever.
    expect((await scene.push('')).status).toBe(200);
  });

  test('503 when too much is being received at once; what was given up makes room again', async () => {
    const gate = Promise.withResolvers<void>();
    let holding = 0;
    const inbox = {
      append: async () => {
        holding++;
        await gate.promise;
      },
      refusal: () => Promise.resolve(undefined),
    };
    await using scene = await openInboxScene({
      routes: { inbox, maxReceivingBytes: BATCH.length * 2 },
    });
    const held = [scene.push(BATCH), scene.push(BATCH)];
    await expect.poll(() => holding).toBe(2);
    for (let i = 0; i < 3; i++) {
      const response = await scene.push(BATCH);
      expect(response.headers.get('retry-after')).toBe('2');
      expect(await answer(response)).toEqual({ status: 503, code: 'busy' });
    }
    gate.resolve();
    for (const each of held) expect((await each).status).toBe(200);
    for (let i = 0; i < 5; i++) expect((await scene.push(BATCH)).status).toBe(200);
  });
});

test('each push is told to the metrics; a name that is no connection is not', async () => {
  await using scene = await openInboxScene();
  await scene.push(gzipSync(BATCH), { 'content-encoding': 'gzip' });
  await post(scene, '/currents/c');
  await post(scene, '/currents/d');
  await expect.poll(() => scene.seen.length).toBe(3);
  expect(scene.seen).toEqual([
    { connection: 'c', status: 200, bytes: BATCH.length, seconds: expect.any(Number) as number },
    { connection: 'c', status: 401, bytes: 0, seconds: expect.any(Number) as number },
    { connection: undefined, status: 404, bytes: 0, seconds: expect.any(Number) as number },
  ]);
  expect(scene.seen.every(({ seconds }) => seconds > 0 && seconds < 60)).toBe(true);
});
