import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type CohortReceiver, cohortReceiver } from '../../../test/support/cohort-receiver.ts';
import { anEvent, call, importTo, testSandbox } from '../../../test/support/sandbox-client.ts';

let receiver: CohortReceiver;
beforeAll(async () => {
  receiver = await cohortReceiver();
});
afterAll(async () => receiver[Symbol.asyncDispose]());
beforeEach(() => receiver.forget());

const DEFINITION = {
  id: '7',
  name: 'Clicked, not bought',
  did: { event: 'Click', withinDays: 7 },
  didNot: { event: 'Purchase', withinDays: 7 },
};
let serial = 0;
const did = (who: string, event: string): ReturnType<typeof anEvent> =>
  anEvent({ distinct_id: who, $insert_id: `n-${serial++}` }, event);

async function post(
  sandbox: { readonly url: string },
  cohort: unknown,
): Promise<Awaited<ReturnType<typeof call>>> {
  return call(`${sandbox.url}/sandbox/cohorts`, { method: 'POST', body: JSON.stringify(cohort) });
}

test('a cohort that is posted is synced by itself as events come in', async () => {
  await using sandbox = await testSandbox();
  await importTo(sandbox, [did('a', 'Click'), did('b', 'Click')]);
  const webhook = { url: receiver.url, password: 'secret-word', everySeconds: 0.01 };
  expect((await post(sandbox, { ...DEFINITION, webhook })).json).toEqual({ status: 'ok', id: '7' });
  await expect.poll(() => receiver.members()).toEqual(['a', 'b']);
  await importTo(sandbox, [did('a', 'Purchase'), did('c', 'Click')]);
  await expect.poll(() => receiver.members()).toEqual(['b', 'c']);
  const { json, text } = await call(`${sandbox.url}/sandbox/cohorts`);
  expect(json).toMatchObject([
    {
      id: '7',
      name: 'Clicked, not bought',
      members: 2,
      webhook: { origin: new URL(receiver.url).origin, everySeconds: 0.01 },
      sync: { paused: false, why: null, lastSync: { result: 'done' } },
    },
  ]);
  expect(text).not.toContain('secret');
});

test('posted again it is renamed, and a paused sync is taken up', async () => {
  await using sandbox = await testSandbox();
  await importTo(sandbox, [did('a', 'Click')]);
  const webhook = { url: receiver.url, everySeconds: 0.01 };
  receiver.refusals.push(undefined, { status: 404 });
  await post(sandbox, { ...DEFINITION, webhook });
  const state = async (): Promise<unknown> =>
    (await call(`${sandbox.url}/sandbox/cohorts`)).json[0].sync?.paused;
  await expect.poll(state).toBe(true);
  await post(sandbox, { ...DEFINITION, name: 'Another', webhook });
  await expect.poll(() => receiver.nameOf()).toBe('Another');
  const full = receiver.calls.filter(({ body }) => body.action === 'members');
  expect(full).toHaveLength(1);
});

test('another webhook begins with everybody', async () => {
  await using other = await cohortReceiver();
  await using sandbox = await testSandbox();
  await importTo(sandbox, [did('a', 'Click')]);
  await sandbox.cohorts.define({ ...DEFINITION, webhook: { url: receiver.url } });
  await expect.poll(() => receiver.members()).toEqual(['a']);
  await sandbox.cohorts.define({ ...DEFINITION, webhook: { url: other.url } });
  await expect.poll(() => other.members()).toEqual(['a']);
});

test('faults change nothing in the end', async () => {
  await using sandbox = await testSandbox();
  const people = Array.from({ length: 20 }, (_, n) => `u${n}`);
  await importTo(
    sandbox,
    people.map((who) => did(who, 'Click')),
  );
  const faults = { seed: '1', share: 0.5 };
  const webhook = { url: receiver.url, everySeconds: 600, pageSize: 3, faults };
  await sandbox.cohorts.define({ ...DEFINITION, webhook });
  for (const who of people.slice(0, 10)) {
    await importTo(sandbox, [did(who, 'Purchase')]);
    await sandbox.cohorts.syncNow();
  }
  expect(receiver.members()).toEqual(people.slice(10).toSorted());
  expect(receiver.nameOf()).not.toBe(DEFINITION.name);
});

test('an id is given where none is; without webhook it is only computed', async () => {
  await using sandbox = await testSandbox();
  const { id: _id, ...unnumbered } = DEFINITION;
  expect((await post(sandbox, unnumbered)).json).toMatchObject({ id: '4242001' });
  expect((await post(sandbox, unnumbered)).json).toMatchObject({ id: '4242002' });
  const { json } = await call(`${sandbox.url}/sandbox/cohorts`);
  expect(json).toMatchObject([{ webhook: null, sync: null }, { members: 0 }]);
});

test('deleted it is gone, and nothing more is sent', async () => {
  await using sandbox = await testSandbox();
  const webhook = { url: receiver.url, everySeconds: 0.001 };
  await post(sandbox, { ...DEFINITION, webhook });
  await expect.poll(() => receiver.calls.length).toBeGreaterThan(0);
  const remove = async (): ReturnType<typeof call> =>
    call(`${sandbox.url}/sandbox/cohorts?id=7`, { method: 'DELETE' });
  expect((await remove()).status).toBe(200);
  const { length } = receiver.calls;
  expect((await remove()).status).toBe(404);
  expect((await call(`${sandbox.url}/sandbox/cohorts`)).json).toEqual([]);
  expect(receiver.calls).toHaveLength(length);
});

test.each([
  [{ ...DEFINITION, name: '' }, 'name'],
  [{ ...DEFINITION, webhook: { url: 'ftp://x' } }, 'webhook.url'],
  [{ ...DEFINITION, webhook: { url: 'http://x', faults: { seed: '1', kinds: ['x'] } } }, 'kinds'],
])('%j is refused', async (cohort, named) => {
  await using sandbox = await testSandbox();
  const answer = await post(sandbox, cohort);
  expect(answer.status).toBe(400);
  expect(answer.json.error).toContain(named);
});
