import { afterEach, expect, test, vi } from 'vitest';
import { upTo } from '../support/cohort-call.ts';
import { cohortWorld, partnerDestination, users } from '../support/cohort-world.ts';

afterEach(() => {
  vi.useRealTimers();
});

const FREE = { guard: { share: 1, empties: false } };

test('pages out of order and repeated count once all are in; a missing one keeps everything as it was', async () => {
  await using world = await cohortWorld({ spec: FREE });
  await world.call('7', [1, 2, 3]);
  await world.settled();
  await world.page('7', 'a', [3, 3], [5]);
  await world.page('7', 'a', [1, 3], [2]);
  await world.page('7', 'a', [3, 3], [5]);
  await world.page('7', 'a', [1, 3], [2]);
  await world.call('8', [1]);
  await world.settled('8');
  expect(world.inside()).toEqual(users(1, 2, 3));
  expect(await world.cohort()).toMatchObject({ members: 3, pendingAdds: 0, pendingRemoves: 0 });
  await world.page('7', 'a', [2, 3], [4]);
  await world.settled();
  expect(world.inside()).toEqual(users(2, 4, 5));
  for (const [session, page] of [
    ['a', 2],
    ['a', 1],
    ['a', 3],
  ] as const)
    await world.page('7', session, [page, 3], page === 1 ? [2] : page === 2 ? [4] : [5]);
  await world.call('7', [6], {}, 'add_members');
  await world.settled();
  expect(world.inside()).toEqual(users(2, 4, 5, 6));
  expect(users(1, 2, 3, 4, 5, 6).map((user) => world.written(user))).toEqual([
    [true, false],
    [true],
    [true, false],
    [true],
    [true],
    [true],
  ]);
});

test('two sessions interleaved: the one that began later counts, and the pages of the other are not waited for', async () => {
  await using world = await cohortWorld({ spec: { ...FREE, expire: 7200 } });
  await world.call('7', upTo(4));
  await world.settled();
  // A difference that was given up, and a view whose pages come between those of another.
  await world.page('7', 'given-up', [1, 2], [40], 'add_members');
  await world.page('7', 'old', [1, 3], [1, 2]);
  await world.page('7', 'new', [1, 2], [1, 5]);
  await world.page('7', 'old', [2, 3], [3]);
  await world.page('7', 'new', [2, 2], [6]);
  await world.settled();
  expect(world.inside()).toEqual(users(1, 5, 6));
  expect(await world.page('7', 'old', [3, 3], [4])).toBe(200);
  expect(await world.page('7', 'given-up', [2, 2], [41], 'add_members')).toBe(200);
  await world.call('7', [9], {}, 'add_members');
  await world.settled();
  expect(world.inside()).toEqual(users(1, 5, 6, 9));
  const { id } = await world.cohort();
  const states = (await world.state.cohorts.syncs(id, { limit: 10 })).map((each) => each.state);
  expect(states.toSorted()).toEqual(['done', 'done', 'done', 'outdated', 'outdated']);
});

test('removals wait for the rest of a view; when it expires they are written, and its late pages change nothing', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 5, 10) });
  await using world = await cohortWorld({ spec: FREE });
  await world.call('7', [1, 2, 3]);
  await world.settled();
  await world.page('7', 'broken-off', [1, 2], [1]);
  await world.call('7', [3], {}, 'remove_members');
  await world.call('7', [4], {}, 'add_members');
  await world.until('7', ({ inBraze, pendingRemoves }) => inBraze === 4 && pendingRemoves === 1);
  expect(world.inside()).toEqual(users(1, 2, 3, 4));
  vi.setSystemTime(Date.UTC(2026, 5, 10, 2, 1));
  await world.settled();
  expect(world.inside()).toEqual(users(1, 2, 4));
  await world.page('7', 'broken-off', [2, 2], [2]);
  vi.setSystemTime(Date.UTC(2026, 5, 10, 5));
  await world.settled();
  expect(world.inside()).toEqual(users(1, 2, 4));
});

test('a member listed twice, and two members that are one Braze user', async () => {
  await using world = await cohortWorld({ spec: FREE });
  const as = (id: string, user: string) => ({ mixpanel_distinct_id: id, $braze_external_id: user });
  await world.call('7', [1, 1, as('a', 'x'), as('b', 'x'), as('c', 'y'), as('c', 'z')]);
  expect(await world.settled()).toMatchObject({ members: 4, inBraze: 3 });
  expect(world.inside()).toEqual(['u1', 'x', 'z']);
  await world.call('7', [as('a', 'x'), as('a', 'x')], {}, 'remove_members');
  await world.call('7', [2], {}, 'add_members');
  await world.settled();
  expect(world.inside()).toEqual(['u1', 'u2', 'x', 'z']);
  await world.call('7', [as('b', 'x')], {}, 'remove_members');
  await world.settled();
  expect(world.inside()).toEqual(['u1', 'u2', 'z']);
  expect(world.written('x')).toEqual([true, false]);
  expect(world.written('y')).toEqual([]);
});

test('in and out within a second: without spacing each at once, in their order; with it the second waits its time', async () => {
  {
    await using world = await cohortWorld({ spec: FREE });
    for (const action of ['add_members', 'remove_members', 'add_members', 'remove_members'])
      await world.call('7', [1], {}, action);
    await world.settled();
    expect(world.inside()).toEqual([]);
    const values = world.written('u1');
    expect(values.filter((value, i) => value !== (i % 2 === 0))).toEqual([]);
    expect(values.length % 2).toBe(0);
  }
  const start = Date.UTC(2026, 5, 10);
  vi.useFakeTimers({ toFake: ['Date'], now: start });
  await using world = await cohortWorld({ spec: { ...FREE, spacing: 300 } });
  await world.call('7', [1], {}, 'add_members');
  await world.settled();
  await world.call('7', [1], {}, 'remove_members');
  await world.call('7', [2], {}, 'add_members');
  await world.until('7', ({ inBraze }) => inBraze === 2);
  vi.setSystemTime(start + 299_000);
  await world.call('7', [3], {}, 'add_members');
  await world.until('7', ({ inBraze }) => inBraze === 3);
  expect(world.written('u1')).toEqual([true]);
  vi.setSystemTime(start + 301_000);
  await world.settled();
  expect(world.written('u1')).toEqual([true, false]);
  // Changed his mind before it was written: nothing is.
  await world.call('7', [3], {}, 'remove_members');
  await world.until('7', ({ pendingRemoves }) => pendingRemoves === 1);
  await world.call('7', [3], {}, 'add_members');
  await world.settled();
  expect(world.written('u3')).toEqual([true]);
});

test('a rename writes nobody; where Braze keeps the cohort itself it is announced again', async () => {
  {
    await using world = await cohortWorld({ spec: FREE });
    await world.call('7', [1, 2]);
    await world.settled();
    await world.call('7', [1, 2], { mixpanel_cohort_name: 'Another' });
    await world.until('7', ({ name }) => name === 'Another');
    await world.settled();
    expect(world.braze.stats().attributeWrites).toBe(2);
  }
  await using world = await cohortWorld({
    spec: FREE,
    destination: partnerDestination,
  });
  await world.call('7', [1, 2]);
  await world.settled();
  await world.call('7', [1, 2, 3], { mixpanel_cohort_name: 'Another' });
  await world.settled();
  expect(world.braze.stats()).toMatchObject({
    cohorts: { 7: { name: 'Another', creations: 2, members: 3 } },
    partnerIds: 3,
  });
  expect(world.braze.members('7')).toEqual(
    new Set(['external_id:u1', 'external_id:u2', 'external_id:u3']),
  );
});

test('deleted and cleared, everybody is taken out unasked; deleted without, Braze stays as it is; either is made anew under its id', async () => {
  await using world = await cohortWorld();
  await world.call('7', upTo(20));
  await world.call('8', upTo(3));
  const [seven, eight] = [await world.settled('7'), await world.settled('8')];
  expect((await world.ask('DELETE', `/cohorts/${seven.id}?clear=true`)).status).toBe(204);
  expect((await world.ask('DELETE', `/cohorts/${eight.id}`)).status).toBe(204);
  const gone = async () => (await world.state.cohorts.list({ limit: 10 })).length;
  await vi.waitFor(async () => expect(await gone()).toBe(0), { timeout: 20_000 });
  expect(world.inside('7')).toEqual([]);
  expect(world.inside('8')).toEqual(users(1, 2, 3));
  await world.call('7', [1, 30]);
  await world.call('8', [1, 4]);
  await world.settled('7');
  await world.settled('8');
  expect(world.inside('7')).toEqual(users(1, 30));
  expect(world.inside('8')).toEqual(users(1, 2, 3, 4));
  expect(world.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('a cohort that is being cleared and that Mixpanel then tells of lives on with whom it names', async () => {
  await using world = await cohortWorld();
  await world.call('7', upTo(20));
  const { id } = await world.settled();
  world.braze.faults.set([{ kind: 'status', status: 503 }]);
  await world.ask('DELETE', `/cohorts/${id}?clear=true`);
  await world.importState('retrying');
  // Nobody in it: that is what clearing is about.
  await world.call('7', [], {}, 'add_members');
  expect(await world.cohort()).toMatchObject({ clearing: true });
  await world.call('7', [1, 2]);
  expect(await world.cohort()).toMatchObject({ clearing: false });
  world.braze.faults.clear();
  const { held } = await world.settled();
  // What a person wanted out needs no approval, unless it was said anew since.
  if (held) await world.ask('POST', `/cohorts/${id}/approve`);
  await world.settled();
  expect(world.inside()).toEqual(users(1, 2));
});
