import { expect, test } from 'vitest';
import { startBrazeSandbox } from '../sandbox/braze-rest/server.ts';
import { hasBrazeId } from '../sandbox/mixpanel/cohorts.ts';
import { cohortReceiver } from '../../test/support/cohort-receiver.ts';
import { anEvent, importTo, testSandbox } from '../../test/support/sandbox-client.ts';
import { cohortLine, DEMO_ATTRIBUTE, membersInBraze, startDemoCohort } from './demo-cohorts.ts';

const PEOPLE = Array.from({ length: 200 }, (_, n) => `cus-${n}`);

function did(who: string, event: string): ReturnType<typeof anEvent> {
  return anEvent({ distinct_id: who, $insert_id: `${event.replace(' ', '-')}-${who}` }, event);
}

test('the cohort is synced, and equal once Braze holds its members that have an id', async () => {
  await using sandbox = await testSandbox();
  await using receiver = await cohortReceiver();
  await importTo(
    sandbox,
    PEOPLE.map((who) => did(who, 'Email Click')),
  );
  const withId = PEOPLE.filter(hasBrazeId);
  const inBraze = (): Set<string> => new Set(receiver.members('4242001').filter(hasBrazeId));
  const cohort = await startDemoCohort({
    cohorts: sandbox.cohorts,
    webhook: receiver.url,
    inBraze,
  });
  expect(await cohort.untilEqual(new AbortController().signal)).toBe(true);
  expect(inBraze()).toEqual(new Set(withId));
  await importTo(
    sandbox,
    PEOPLE.slice(0, 5).map((who) => did(who, 'Purchase')),
  );
  await cohort.untilEqual(new AbortController().signal);
  expect(cohort.figures()).toMatchObject({
    inMixpanel: 195,
    inBraze: withId.filter((who) => !PEOPLE.slice(0, 5).includes(who)).length,
    withoutId: PEOPLE.slice(5).filter((who) => !hasBrazeId(who)).length,
    why: null,
  });
});

test('who waits for a Braze that is behind can give up', async () => {
  await using sandbox = await testSandbox();
  await using receiver = await cohortReceiver();
  await importTo(sandbox, [did('cus-1', 'Email Click')]);
  const cohort = await startDemoCohort({
    cohorts: sandbox.cohorts,
    webhook: receiver.url,
    inBraze: () => new Set(['cus-2']),
  });
  const aborter = new AbortController();
  const waiting = cohort.untilEqual(aborter.signal);
  await expect.poll(() => receiver.members('4242001')).toEqual(['cus-1']);
  aborter.abort();
  expect(await waiting).toBe(false);
});

test('who gives up waits for no sync, and a cohort whose sync failed is not equal though both are empty', async () => {
  await using sandbox = await testSandbox();
  await using receiver = await cohortReceiver();
  receiver.refusals.push(...Array.from({ length: 100 }, () => ({ status: 503 })));
  const cohort = await startDemoCohort({
    ...{ cohorts: sandbox.cohorts, webhook: receiver.url },
    inBraze: () => new Set(),
  });
  const aborter = new AbortController();
  const waiting = cohort.untilEqual(aborter.signal);
  await expect.poll(() => receiver.calls.length).toBeGreaterThan(0);
  aborter.abort();
  expect(await waiting).toBe(false);
});

test('only whose attribute is true is a member in Braze', async () => {
  const braze = await startBrazeSandbox({ existing: 'all' });
  try {
    const values = [true, false, undefined, true];
    await fetch(`${braze.url}/users/track`, {
      method: 'POST',
      headers: { authorization: 'Bearer sandbox-braze-key' },
      body: JSON.stringify({
        attributes: values.map((value, n) => ({
          ...{ external_id: `u${n}`, other: true },
          ...(value !== undefined && { [DEMO_ATTRIBUTE]: value }),
        })),
      }),
    });
    expect(membersInBraze(braze)).toEqual(new Set(['u0', 'u3']));
  } finally {
    await braze.close();
  }
});

test('a line tells sizes and the last round, or why there was none', () => {
  const figures = {
    name: 'Clicked',
    inMixpanel: 1412,
    inBraze: 1405,
    withoutId: 7,
    added: 12,
    removed: 5,
    why: null,
  };
  expect(cohortLine(figures)).toBe(
    'cohort "Clicked": 1,412 in Mixpanel, 1,405 in Braze, 7 without an id; +12 −5 in the last round',
  );
  expect(cohortLine({ ...figures, why: 'HTTP 503' })).toMatch(/7 without an id; HTTP 503$/);
});
