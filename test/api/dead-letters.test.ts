import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiWorld, openApiWorld, SECRETS } from '../support/api-world.ts';
import { clicks, currentsFile, put } from '../support/currents-file.ts';
import { jsonLines } from '../support/scene.ts';
import { eventually } from '../support/service.ts';

const CLICK = 'users.messages.email.Click';
const REFUSED = 'rejected_by_mixpanel';

let world: ApiWorld;

interface Line {
  readonly id: number;
  readonly cause: string;
  readonly kind: string;
  readonly preview: string;
}

/** 10 clicks of which the sandbox refuses every other, so that five letters hold events with a token. */
beforeAll(async () => {
  world = await openApiWorld();
  world.scene.sandbox.faults.set([{ kind: 'partial', every: 2, match: { requests: 1 } }]);
  await put(world.scene.root, 'currents/refused.avro', currentsFile(clicks('r', 10)));
  await eventually(
    async () => (await world.ask('GET', '/connections/orders')).body as { deadLetters: number },
    ({ deadLetters }) => deadLetters === 7,
  );
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  for (const secret of SECRETS) expect(world.answers.join('\n')).not.toContain(secret);
});

const list = async (query = ''): Promise<Line[]> =>
  (await world.ask('GET', `/dead-letters?connection=orders${query}`)).body.items as Line[];
const groups = async () =>
  (await world.ask('GET', '/dead-letters/groups')).body.items as { cause: string; n: number }[];

test('groups say how many there are and what to do, and agree with the list', async () => {
  const found = await groups();
  expect(found).toMatchObject([
    { connection: 'orders', cause: REFUSED, eventType: CLICK, n: 5 },
    { connection: 'orders', cause: 'bad_properties', n: 2 },
  ]);
  for (const each of found) expect((each as never)['advice']).toMatch(/\.$/);
  for (const { cause, n } of found) expect(await list(`&cause=${cause}`)).toHaveLength(n);
  expect(await list(`&cause=${REFUSED}&eventType=${CLICK}`)).toHaveLength(5);
  expect(await list('&eventType=other')).toEqual([]);
});

test('pages together are the whole, newest first, without repeats', async () => {
  const whole = (await list()).map(({ id }) => id);
  expect(whole).toEqual(whole.toSorted((a, b) => b - a));
  for (const limit of [1, 2, 7]) {
    const seen: number[] = [];
    for (let next: string | null = ''; next !== null;) {
      const cursor: string = next === '' ? '' : `&cursor=${next}`;
      const path = `/dead-letters?connection=orders&limit=${limit}${cursor}`;
      const page = (await world.ask('GET', path)).body as { items: Line[]; next: string | null };
      seen.push(...page.items.map(({ id }) => id));
      ({ next } = page);
    }
    expect(seen).toEqual(whole);
  }
});

test('an event is shown without the token of the project', async () => {
  const [letter] = await list(`&cause=${REFUSED}`);
  expect(letter!.preview).toContain('"token":"***"');
  const { body } = await world.ask('GET', `/dead-letters/${letter!.id}`);
  expect(body.event).toMatchObject({ event: 'Email Click', properties: { token: '***' } });
  expect(body.detail).toContain('refused by a fault script');
});

test('the export has all of them whole, one a line', async () => {
  const { text, headers } = await world.ask('GET', '/dead-letters/export?connection=orders');
  expect(headers.get('content-type')).toContain('application/x-ndjson');
  expect(headers.get('content-disposition')).toContain('attachment');
  const lines = jsonLines<{ id: number; event?: unknown; source?: unknown }>(text);
  expect(lines.map(({ id }) => id)).toEqual(
    (await list()).map(({ id }) => id).toSorted((a, b) => a - b),
  );
  expect(lines.every(({ event, source }) => event !== undefined || source !== undefined)).toBe(
    true,
  );
  expect((await world.ask('GET', '/dead-letters/export?connection=none')).text).toBe('');
});

test('what there is not, or what is not named, is refused', async () => {
  const retry = (body: unknown) => world.ask('POST', '/dead-letters/retry', { body });
  expect((await world.ask('GET', '/dead-letters/99999')).body.code).toBe('not_found');
  expect((await retry({ ids: [99_999] })).body.code).toBe('not_found');
  for (const body of [
    {},
    { ids: [] },
    { filter: {} },
    { ids: [1], filter: { connection: 'orders' } },
  ])
    expect((await retry(body)).status, JSON.stringify(body)).toBe(422);
  expect(await list()).toHaveLength(7);
});

test('one is sent again, then a group, and they leave the list; the books balance', async () => {
  const [first] = await list(`&cause=${REFUSED}`);
  const one = await world.ask('POST', '/dead-letters/retry', { body: { ids: [first!.id] } });
  expect(one.body).toEqual({ delivered: 1, skipped: 0, refused: 0 });
  expect((await world.ask('GET', `/dead-letters/${first!.id}`)).status).toBe(404);
  const group = { filter: { connection: 'orders', cause: REFUSED, eventType: CLICK } };
  const rest = await world.ask('POST', '/dead-letters/retry', { body: group });
  expect(rest.body).toEqual({ delivered: 4, skipped: 0, refused: 0 });
  expect(await groups()).toMatchObject([{ cause: 'bad_properties', n: 2 }]);
  await expect
    .poll(async () => (await world.ask('GET', '/connections/orders/balance')).body, {
      timeout: 20_000,
    })
    .toMatchObject({ read: 133, delivered: 131, deadLetters: 2, balanced: true });
  expect(
    (await world.audited()).filter(({ action }) => action === 'dead-letters.retry'),
  ).toMatchObject([
    { target: 'dead letters', detail: `ids ${first!.id}: 1 delivered, 0 skipped, 0 refused` },
    { target: 'orders', detail: expect.stringContaining('4 delivered') as string },
  ]);
});

test('a retry ends with whoever asked for it, and loses nothing', async () => {
  world.scene.sandbox.faults.set([{ kind: 'partial', every: 1, match: { requests: 1 } }]);
  await put(world.scene.root, 'currents/again.avro', currentsFile(clicks('again', 1)));
  await expect.poll(() => list(`&cause=${REFUSED}`), { timeout: 20_000 }).toHaveLength(1);
  const [letter] = await list(`&cause=${REFUSED}`);
  world.scene.sandbox.faults.set([{ kind: 'status', status: 503 }]);
  const left = new AbortController();
  const before = world.scene.sandbox.stats().requests.total;
  const asked = fetch(`${world.served.url}/api/v1/dead-letters/retry`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${world.tokens.editor}`,
    },
    body: JSON.stringify({ ids: [letter!.id] }),
    signal: left.signal,
  });
  await expect
    .poll(() => world.scene.sandbox.stats().requests.total, { timeout: 20_000 })
    .toBeGreaterThan(before + 1);
  left.abort();
  await expect(asked).rejects.toThrow('aborted');
  world.scene.sandbox.faults.set([]);
  const again = await world.ask('POST', '/dead-letters/retry', { body: { ids: [letter!.id] } });
  expect(again.body).toEqual({ delivered: 1, skipped: 0, refused: 0 });
});

test('only an admin gives them up, and then they count as discarded', async () => {
  const body = { filter: { connection: 'orders' } };
  const refused = await world.ask('POST', '/dead-letters/discard', { body, role: 'editor' });
  expect(refused.status).toBe(403);
  const done = await world.ask('POST', '/dead-letters/discard', { body });
  expect(done.body).toEqual({ discarded: 2 });
  expect(await groups()).toEqual([]);
  await expect
    .poll(async () => (await world.ask('GET', '/connections/orders/balance')).body, {
      timeout: 20_000,
    })
    .toMatchObject({ skipped: { discarded: 2 }, deadLetters: 0, balanced: true });
});
