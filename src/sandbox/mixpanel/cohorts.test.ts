import { expect, test } from 'vitest';
import { cohortDefinitionSchema, hasBrazeId, memberFields } from './cohorts.ts';
import { anEvent, importTo, NOW, testSandbox } from '../../../test/support/sandbox-client.ts';

const DAY = 86_400;
const NOW_SECONDS = NOW / 1000;
const DEFINITION = {
  id: '7',
  name: 'Clicked, not bought',
  did: { event: 'Click', withinDays: 7 },
  didNot: { event: 'Purchase', withinDays: 7 },
};

let serial = 0;
function did(who: string, event: string, secondsAgo: number): ReturnType<typeof anEvent> {
  const time = NOW_SECONDS - secondsAgo;
  return anEvent({ distinct_id: who, time, $insert_id: `n-${serial++}` }, event);
}

async function membersOf(
  definition: Parameters<Awaited<ReturnType<typeof testSandbox>>['cohorts']['define']>[0],
  events: readonly ReturnType<typeof anEvent>[],
  cohortWindow: 'newest-event' | 'now' = 'now',
): Promise<string[]> {
  await using sandbox = await testSandbox({ switches: { cohortWindow } });
  expect((await importTo(sandbox, [...events])).status).toBe(200);
  const id = await sandbox.cohorts.define(definition);
  return [...sandbox.cohorts.view(id)!.members].toSorted();
}

test('members did the one and not the other, each in its days', async () => {
  const members = await membersOf(DEFINITION, [
    did('clicked', 'Click', 60),
    did('bought', 'Click', 60),
    did('bought', 'Purchase', 120),
    did('bought-long-ago', 'Click', 60),
    did('bought-long-ago', 'Purchase', 7 * DAY + 1),
    did('bought-at-the-edge', 'Click', 60),
    did('bought-at-the-edge', 'Purchase', 7 * DAY - 1),
    did('clicked-long-ago', 'Click', 7 * DAY + 1),
    did('opened', 'Open', 60),
    did('$device:phone', 'Click', 0),
  ]);
  expect(members).toEqual(['$device:phone', 'bought-long-ago', 'clicked']);
});

test('how often counts distinct events', async () => {
  const repeated = did('repeated', 'Click', 60);
  const twice = { ...DEFINITION, did: { event: 'Click', withinDays: 7, atLeast: 2 } };
  const members = await membersOf(twice, [
    repeated,
    repeated,
    did('once', 'Click', 60),
    did('twice', 'Click', 60),
    did('twice', 'Click', 61),
  ]);
  expect(members).toEqual(['twice']);
});

test('days are counted back from the newest event, or from now', async () => {
  const events = [did('a', 'Click', 30 * DAY), did('b', 'Open', 25 * DAY)];
  expect(await membersOf(DEFINITION, events, 'newest-event')).toEqual(['a']);
  expect(await membersOf(DEFINITION, events, 'now')).toEqual([]);
});

test('names of events that JSON writes in several ways are found', async () => {
  const long = `é${'x'.repeat(300)}`;
  const named = { id: '7', name: 'n', did: { event: long.slice(0, 254), withinDays: 1 } };
  const event = did('a', long, 60);
  expect(await membersOf(named, [event])).toEqual(['a']);
  await using sandbox = await testSandbox();
  const escaped = JSON.stringify(did('b', 'Click', 60)).replace('Click', 'Cl\\u0069ck');
  expect((await importTo(sandbox, Buffer.from(escaped))).status).toBe(200);
  await sandbox.cohorts.define(DEFINITION);
  expect([...sandbox.cohorts.view('7')!.members]).toEqual(['b']);
});

test('a member is made up from its id; some and all devices have no Braze id', () => {
  const ids = Array.from({ length: 5000 }, (_, n) => `user-${n}`);
  const without = ids.filter((id) => !hasBrazeId(id));
  expect(without.length).toBeGreaterThan(50);
  expect(without.length).toBeLessThan(150);
  expect(memberFields(ids.find(hasBrazeId)!)).toStrictEqual({
    mixpanel_distinct_id: ids.find(hasBrazeId),
    $braze_external_id: ids.find(hasBrazeId),
    email: expect.stringMatching(/^member-\w+@example\.com$/),
    first_name: expect.any(String),
    last_name: expect.any(String),
  });
  expect(memberFields(without[0]!)).not.toHaveProperty('$braze_external_id');
  expect(memberFields('$device:1')).not.toHaveProperty('$braze_external_id');
  expect(new Set(ids.map((id) => memberFields(id)['email'])).size).toBe(ids.length);
});

test.each([
  { ...DEFINITION, id: 'x' },
  { ...DEFINITION, id: 0 },
  { ...DEFINITION, did: { event: 'Click', withinDays: 0 } },
  { ...DEFINITION, did: { event: 'Click', withinDays: 7, atLeast: 0 } },
  { ...DEFINITION, did: undefined },
  { ...DEFINITION, more: 1 },
])('%j is no definition', (definition) => {
  expect(cohortDefinitionSchema.safeParse(definition).success).toBe(false);
});
