import { expect, test, vi } from 'vitest';
import { upTo } from '../support/cohort-call.ts';
import {
  cohortWorld,
  type CohortWorld,
  partnerDestination,
  users,
} from '../support/cohort-world.ts';

const approve = async (world: CohortWorld, cohortId = '7'): Promise<void> => {
  const { id } = await world.cohort(cohortId);
  expect((await world.ask('POST', `/cohorts/${id}/approve`)).status).toBe(204);
};

test('removals of too large a share wait, additions do not; the share of what waits is told; a later view frees it', async () => {
  await using world = await cohortWorld();
  await world.call('7', upTo(40));
  await world.call('8', upTo(12));
  await world.settled('7');
  await world.settled('8');
  await world.call('7', [...upTo(20), 50]);
  await world.call('8', upTo(11));
  const { held } = await world.until('7', (each) => each.held !== null && each.inBraze === 41);
  expect(held).toMatchObject({ why: 'share', removes: 20 });
  expect((await world.settled('8')).inBraze).toBe(11);
  expect(world.inside('7')).toEqual(users(...upTo(40), 50));
  await world.call('7', [...upTo(39), 50]);
  await world.until('7', ({ held: hold, inBraze }) => hold === null && inBraze === 40);
  expect(world.written('u30')).toEqual([true]);
});

test('a view that empties a cohort waits, however few there are, also when the next difference says nothing', async () => {
  await using world = await cohortWorld();
  await world.call('7', [1, 2]);
  await world.settled();
  await world.call('7', []);
  await world.until('7', ({ held }) => held?.why === 'empties');
  for (let cycle = 0; cycle < 2; cycle++) {
    await world.call('7', [], {}, 'add_members');
    await world.call('7', [], {}, 'remove_members');
    await world.call('7', []);
    await world.call('8', [cycle], {}, 'add_members');
    await world.settled('8');
    await world.settled('7');
  }
  expect((await world.cohort()).held?.why).toBe('empties');
  expect(world.inside()).toEqual(users(1, 2));
  await approve(world);
  await world.until('7', ({ inBraze }) => inBraze === 0);
  expect(world.inside()).toEqual([]);
});

test('an approval covers what waits when it is given, not what a sync under way takes out afterwards', async () => {
  await using world = await cohortWorld();
  await world.call('7', upTo(40));
  await world.settled();
  await world.call('7', upTo(25));
  await world.until('7', ({ held }) => held?.removes === 15);
  // Another view has begun when the person looks.
  await world.page('7', 'later', [1, 2], [1, 2]);
  await world.call('8', [1]);
  await world.settled('8');
  await approve(world);
  await world.until('7', ({ inBraze }) => inBraze === 25);
  expect(world.inside()).toEqual(users(...upTo(25)));
  await world.page('7', 'later', [2, 2], [3, 4, 5, 60]);
  const { held } = await world.until('7', (each) => each.held !== null && each.inBraze === 26);
  expect(held).toMatchObject({ removes: 20, why: 'share' });
  expect(world.inside()).toEqual(users(...upTo(25), 60));
  // Whoever left and came back and leaves once more waits again.
  await approve(world);
  await world.until('7', ({ inBraze }) => inBraze === 6);
  expect(world.inside()).toEqual(users(1, 2, 3, 4, 5, 60));
});

test('what is approved is written while more waits already', async () => {
  await using world = await cohortWorld();
  await world.call('7', upTo(40));
  await world.settled();
  world.braze.faults.set([{ kind: 'status', status: 503 }]);
  await world.call('8', [1]);
  await world.importState('retrying');
  await world.call('7', upTo(25));
  await world.until('7', ({ pendingRemoves }) => pendingRemoves === 15);
  await approve(world);
  await world.call('7', upTo(5));
  await world.until('7', ({ pendingRemoves }) => pendingRemoves === 35);
  world.braze.faults.clear();
  const { held } = await world.until('7', (each) => each.inBraze === 25 && each.held !== null);
  expect(held).toMatchObject({ removes: 20 });
  expect(world.inside()).toEqual(users(...upTo(25)));
});

test('a mass removal that comes while a new name is announced is not overlooked', async () => {
  await using world = await cohortWorld({ destination: partnerDestination });
  await world.call('7', upTo(40));
  await world.settled();
  world.braze.faults.set([{ kind: 'slow', delayMs: 500, match: { path: '/partners/cohorts' } }]);
  const { total } = world.braze.stats().requests;
  await world.call('7', upTo(40), { mixpanel_cohort_name: 'Another' });
  await vi.waitFor(() => expect(world.braze.stats().requests.total).toBe(total + 1));
  await world.call('7', [1], { mixpanel_cohort_name: 'Another' });
  const { held } = await world.until('7', (each) => each.held !== null || each.inBraze < 40);
  expect(held).toMatchObject({ removes: 39 });
  expect(world.braze.members('7')!.size).toBe(40);
});

test('members known by another property from now on: in under the new id at once, out under the old one when a person says so', async () => {
  await using world = await cohortWorld();
  const members = upTo(20).map((n) => ({ mixpanel_distinct_id: `u${n}`, crm_id: `c${n}` }));
  await world.call('7', members);
  await world.settled();
  await world.apply({ identity: { properties: ['crm_id'] } });
  const { held } = await world.until('7', (each) => each.held !== null && each.inBraze === 40);
  expect(held).toMatchObject({ removes: 20, why: 'share' });
  await approve(world);
  await world.until('7', ({ inBraze }) => inBraze === 20);
  expect(world.inside()).toEqual(
    upTo(20)
      .map((n) => `c${n}`)
      .toSorted(),
  );
  // Back again before it was written: nobody is in or out wrongly.
  await world.apply({ identity: { properties: ['mixpanel_distinct_id'] } });
  await world.until('7', (each) => each.held !== null);
  await world.apply({ identity: { properties: ['crm_id'] } });
  const { id } = await world.cohort();
  await vi.waitFor(async () => {
    const leaving = await world.state.cohorts.users(id, { state: 'pending_remove', limit: 100 });
    const kinds = new Set(leaving.map(({ user }) => (user as { id: string }).id[0]));
    expect([leaving.length, ...kinds]).toEqual([20, 'u']);
  });
  await approve(world);
  await world.until('7', ({ inBraze }) => inBraze === 20);
  expect(world.inside()).toEqual(
    upTo(20)
      .map((n) => `c${n}`)
      .toSorted(),
  );
});

test('suppressed, a user is out of every cohort, whatever waits there; taken off the list, he is where Mixpanel says', async () => {
  await using world = await cohortWorld();
  for (const cohort of ['7', '8', '9']) await world.call(cohort, upTo(20));
  for (const cohort of ['7', '8', '9']) await world.settled(cohort);
  await world.call('8', upTo(3));
  await world.until('8', ({ held }) => held !== null);
  await world.page('9', 'under-way', [1, 2], upTo(10));
  const path = '/cohort-imports/crm/suppressions';
  expect(await world.ask('POST', path, { users: ['u1', 'u5', 'u99'] })).toMatchObject({
    status: 200,
    body: { added: 3 },
  });
  for (const cohort of ['7', '8', '9']) await world.until(cohort, ({ inBraze }) => inBraze === 18);
  for (const cohort of ['7', '8', '9']) {
    expect(world.inside(cohort)).not.toContain('u1');
    expect(world.inside(cohort)).toHaveLength(18);
  }
  await world.call('7', [1, 5, 98, 99], {}, 'add_members');
  await world.settled('7');
  expect(world.inside('7')).toEqual(users(2, 3, 4, ...upTo(20).slice(5), 98));
  await world.call('7', [5], {}, 'remove_members');
  const one = ['u1', 'u5', 'u99'].map((id) => ({ kind: 'external_id', id }));
  expect((await world.ask('DELETE', path, { users: one })).status).toBe(200);
  await world.until('7', ({ inBraze }) => inBraze === 21);
  expect(world.inside('7')).toEqual(users(...upTo(4), ...upTo(20).slice(5), 98, 99));
  await world.until('8', ({ inBraze }) => inBraze === 19);
  // It waited for a person when he was suppressed, and he is out.
  expect(world.inside('8')).not.toContain('u5');
});
