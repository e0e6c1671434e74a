import { afterEach, expect, test, vi } from 'vitest';
import { startBrazeSandbox } from '../../src/sandbox/braze-rest/server.ts';
import { upTo } from '../support/cohort-call.ts';
import {
  brazeDestination,
  cohortWorld,
  partnerDestination,
  users,
} from '../support/cohort-world.ts';
import { until } from '../support/scene.ts';
import { scriptedServer, text } from '../support/scripted-server.ts';

const START = Date.UTC(2026, 5, 10, 12);
const MINUTE = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

/** Closed at the end of the block it is declared in. */
function disposable<T extends { close(): Promise<void> }>(thing: T): T & AsyncDisposable {
  return Object.assign(thing, { [Symbol.asyncDispose]: () => thing.close() });
}

const FREE = { guard: { share: 1, empties: false } };
const usersUpTo = (n: number): string[] => users(...upTo(n));

test('a storm of 429: everybody is written once it lets up, nobody twice, and never faster than it allows', async () => {
  await using world = await cohortWorld({
    spec: FREE,
    braze: { trackLimit: { requests: 2, seconds: 1 } },
  });
  await world.call('7', upTo(100));
  await world.call('7', upTo(50), {}, 'remove_members');
  await world.settled();
  expect(world.inside()).toEqual(users(...upTo(100).slice(50)));
  const { requests } = world.braze.stats();
  // One more than the answers that took something: whoever finds out that it is used up.
  expect(requests.byStatus['429'] ?? 0).toBeLessThanOrEqual(requests.byStatus['201']!);
  for (const user of usersUpTo(50)) expect([[], [true, false]]).toContainEqual(world.written(user));
  for (const user of users(...upTo(100).slice(50))) expect(world.written(user)).toEqual([true]);
});

test('users that Braze refuses by their index: tried again when it may pass, and never when only the id is at fault', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: START });
  await using world = await cohortWorld({ spec: FREE });
  const { braze } = world;
  braze.faults.set([
    { kind: 'errors', every: 75, type: 'internal error', match: { contains: '"u1"' } },
    {
      ...{ kind: 'errors', every: 75, type: "'external_id' is not valid" },
      match: { contains: '"wrong' },
    },
  ]);
  await world.call('7', [1], {}, 'add_members');
  await world.until('7', ({ refused }) => refused === 1);
  await world.call('7', [{ mixpanel_distinct_id: 'wrong' }], {}, 'add_members');
  await world.until('7', ({ refused }) => refused === 2);
  await world.call('7', [2, 3], {}, 'add_members');
  await world.until('7', ({ inBraze }) => inBraze === 2);
  const { id } = await world.cohort();
  expect(await world.state.cohorts.reasons(id)).toEqual([
    { kind: 'refused', reason: "'external_id' is not valid", n: 1 },
    { kind: 'refused', reason: 'internal error', n: 1 },
  ]);
  const { total } = braze.stats().requests;
  expect(world.status().state.kind).not.toBe('halted');
  braze.faults.clear();
  vi.setSystemTime(START + 24 * 60 * MINUTE);
  await world.until('7', ({ inBraze, refused }) => inBraze === 3 && refused === 1);
  expect(world.inside()).toEqual(users(1, 2, 3));
  expect(braze.stats().requests.total).toBe(total + 1);
  // He leaves and comes back: another word of Mixpanel's is another try.
  const wrong = { mixpanel_distinct_id: 'wrong' };
  await world.call('7', [wrong], {}, 'remove_members');
  await world.settled();
  await world.call('7', [wrong], {}, 'add_members');
  await world.until('7', ({ inBraze, refused }) => inBraze === 4 && refused === 0);
});

test('5xx for an hour: it says so since it began, tells people, and then writes where everything stands by now', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: START });
  await using hook = disposable(await scriptedServer([text(200, 'ok')]));
  await using world = await cohortWorld({
    spec: FREE,
    service: { alerts: { webhook: hook.url } },
  });
  await world.call('7', upTo(30));
  await world.settled();
  const { braze } = world;
  braze.faults.set([{ kind: 'status', status: 503, body: { message: 'down for repairs' } }]);
  const alerted = async () =>
    (await world.state.alerts.list()).filter(({ connection }) =>
      connection.includes('cohort import crm'),
    );
  for (let minute = 0; minute <= 60; minute += 20) {
    vi.setSystemTime(START + minute * MINUTE);
    expect(await world.call('7', [100 + minute], {}, 'add_members')).toBe(200);
    expect(await world.call('7', [minute / 20 + 1], {}, 'remove_members')).toBe(200);
    const { since, detail } = await world.importState('retrying');
    expect(detail).toContain('down for repairs');
    expect(since - START).toBeLessThan(MINUTE);
    const { total } = braze.stats().requests;
    await until(() => braze.stats().requests.total > total);
    if (minute === 0) expect(await alerted()).toEqual([]);
  }
  const soon = { timeout: 30_000, interval: 500 };
  await vi.waitFor(async () => {
    vi.setSystemTime(Date.now() + MINUTE);
    expect(await alerted()).toMatchObject([{ kind: 'retrying' }]);
    expect(hook.received.map(({ wire }) => wire.toString()).join()).toContain('down for repairs');
  }, soon);
  // In and out while it was down: nobody need know.
  await world.call('7', [100], {}, 'remove_members');
  await world.until('7', ({ pendingAdds, pendingRemoves }) => pendingAdds + pendingRemoves > 6);
  braze.faults.clear();
  await world.settled();
  await world.importState('idle');
  expect(world.inside()).toEqual(users(...upTo(30).slice(4), 120, 140, 160));
  await vi.waitFor(async () => {
    vi.setSystemTime(Date.now() + MINUTE);
    expect(await alerted()).toEqual([]);
  }, soon);
}, 90_000);

test.each([
  ['the wrong instance', { wrongInstance: true }],
  ['the wrong key', {}],
] as const)(
  '%s halts it in words, with one request however much comes; put right by its settings it goes on, nothing lost',
  async (_what, switches) => {
    await using world = await cohortWorld({
      spec: FREE,
      braze: { switches },
      destination: (braze) =>
        brazeDestination(braze, { apiKey: 'a-key-of-another-workspace', connections: 1 }),
    });
    await world.call('7', upTo(20));
    const { detail, hint } = await world.importState('halted');
    expect(detail).toContain('Wrong key or wrong instance');
    expect(hint).toContain('Nothing is lost');
    for (let n = 21; n <= 30; n++) expect(await world.call('7', [n], {}, 'add_members')).toBe(200);
    await world.call('7', [1], {}, 'remove_members');
    await world.until('7', ({ members }) => members === 29);
    expect(world.braze.stats().requests.total).toBe(1);
    expect(JSON.stringify(world.lines)).not.toContain('a-key-of-another-workspace');
    world.braze.setSwitches({ wrongInstance: false });
    await world.apply({ destination: brazeDestination(world.braze) });
    await world.settled();
    await world.importState('idle');
    expect(world.inside()).toEqual(users(...upTo(30).slice(1)));
    for (const user of users(...upTo(30).slice(1))) expect(world.written(user)).toEqual([true]);
  },
);

test('a change of the settings ends the wait of a delivery that fails, and what was under way is written by the new ones', async () => {
  await using world = await cohortWorld({ spec: FREE });
  const { braze } = world;
  await using other = disposable(await startBrazeSandbox({ existing: 'all' }));
  // So long a wait that only the change can end it.
  braze.faults.set([{ kind: 'status', status: 503, headers: { 'retry-after': '600' } }]);
  await world.call('7', upTo(25));
  await world.importState('retrying');
  await world.apply({ destination: brazeDestination(other) });
  await world.settled();
  await world.importState('idle');
  expect(world.inside('7', other)).toEqual(usersUpTo(25));
  expect(other.stats().attributeWrites).toBe(25);
  expect(braze.stats().attributeWrites).toBe(0);
});

test('paused, Mixpanel is answered and nothing is written; taken up, it writes where everything stands', async () => {
  await using world = await cohortWorld({ spec: FREE });
  await world.call('7', upTo(5));
  await world.settled();
  const { total } = world.braze.stats().requests;
  await world.apply({ paused: true });
  await world.importState('paused');
  expect(await world.call('7', [1, 2, 3, 4, 5, 6, 7])).toBe(200);
  expect(await world.call('7', [1, 6], {}, 'remove_members')).toBe(200);
  await world.until('7', ({ pendingAdds, pendingRemoves }) => pendingAdds + pendingRemoves === 2);
  expect(world.braze.stats().requests.total).toBe(total);
  await world.apply({ paused: false });
  await world.settled();
  expect(world.inside()).toEqual(users(2, 3, 4, 5, 7));
  expect(world.written('u6')).toEqual([]);
});

test('another instance: everybody is written anew there, once, and those who left are not; the old one stays as it is', async () => {
  await using world = await cohortWorld({ spec: FREE });
  await using other = disposable(await startBrazeSandbox({ existing: 'all' }));
  await world.call('7', upTo(40));
  await world.call('7', upTo(10), {}, 'remove_members');
  await world.settled();
  const writes = world.braze.stats().attributeWrites;
  await world.stop();
  await world.apply({ destination: brazeDestination(other) });
  await world.start();
  await world.call('7', [11], {}, 'remove_members');
  await world.until(
    '7',
    ({ inBraze, pendingAdds, pendingRemoves }) =>
      inBraze === 29 && pendingAdds + pendingRemoves === 0,
  );
  expect(world.inside('7', other)).toEqual(users(...upTo(40).slice(11)));
  // Only who left meanwhile may have been written for nothing.
  expect(other.stats().attributeWrites - 29).toBeLessThanOrEqual(2);
  expect(world.braze.stats().attributeWrites).toBe(writes);
});

test("another partner's workspace is told of the cohort before anybody is written", async () => {
  await using world = await cohortWorld({ spec: FREE, destination: partnerDestination });
  await using other = disposable(await startBrazeSandbox({ existing: 'all' }));
  for (let n = 1; n <= 5; n++) await world.call(String(n), upTo(n * 10));
  for (let n = 1; n <= 5; n++) await world.settled(String(n));
  world.braze.faults.set([{ kind: 'status', status: 503 }]);
  for (let n = 1; n <= 5; n++) await world.call(String(n), [99], {}, 'add_members');
  await world.importState('retrying');
  await world.apply({ destination: partnerDestination(other) });
  for (let n = 1; n <= 5; n++) await world.until(String(n), (each) => each.inBraze === n * 10 + 1);
  const { cohorts, requests, partnerIds } = other.stats();
  for (let n = 1; n <= 5; n++)
    expect(cohorts[n]).toMatchObject({ creations: 1, members: n * 10 + 1 });
  expect(requests.byStatus).toEqual({ 201: requests.total });
  expect(partnerIds).toBe(155);
});

test('an array attribute with more cohorts than it has room for: those that came last are not written, and say why', async () => {
  await using world = await cohortWorld({
    spec: FREE,
    destination: (braze) =>
      brazeDestination(braze, { attribute: { kind: 'array', name: 'cohorts', maxLength: 2 } }),
  });
  const inArray = (n: number) =>
    world.braze.attributes({ kind: 'external_id', id: `u${n}` })?.['cohorts'];
  for (const cohort of ['1', '2', '3']) await world.call(cohort, [1, 2]);
  await world.settled('1');
  await world.settled('2');
  const third = await world.until('3', ({ held }) => held !== null);
  expect(third).toMatchObject({ held: { why: 'full' }, pendingAdds: 2, inBraze: 0 });
  expect(inArray(1)).toEqual(['1', '2']);
  // Approval does not help.
  await world.ask('POST', `/cohorts/${third.id}/approve`);
  await world.call('3', [3], {}, 'add_members');
  await world.until('3', ({ held, pendingAdds }) => held?.why === 'full' && pendingAdds === 3);
  expect(world.braze.stats().droppedValues).toBe(0);
  const { id } = await world.cohort('1');
  await world.ask('DELETE', `/cohorts/${id}?clear=true`);
  expect(await world.settled('3')).toMatchObject({ held: null, inBraze: 3 });
  expect([inArray(1), inArray(3)]).toEqual([['2', '3'], ['3']]);
});
