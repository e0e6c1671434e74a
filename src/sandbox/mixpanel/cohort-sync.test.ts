import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { COHORT_FAULTS, type CohortFault } from './cohort-faults.ts';
import type { WebhookBody } from './cohort-plan.ts';
import { type CohortSync, type CohortSyncOptions, createCohortSync } from './cohort-sync.ts';
import type { CohortView } from './cohorts.ts';
import { switchesSchema } from './switches.ts';
import {
  type CohortReceiver,
  cohortReceiver,
  type Refusal,
} from '../../../test/support/cohort-receiver.ts';

const DAY_MS = 86_400_000;
let receiver: CohortReceiver;
beforeAll(async () => {
  receiver = await cohortReceiver();
});
afterAll(async () => receiver[Symbol.asyncDispose]());
beforeEach(() => receiver.forget());

const down = (n: number, status = 503): Refusal[] => Array.from({ length: n }, () => ({ status }));

function cohort(...members: string[]): CohortView {
  return { id: '7', name: 'Seven', description: 'd', members: new Set(members) };
}

interface Fixture {
  sync: CohortSync;
  views: CohortView[];
  now: number;
}

function fixture(
  options: Partial<CohortSyncOptions> & { switchTo?: Record<string, string> } = {},
): Fixture {
  const { switchTo = {}, ...rest } = options;
  const made: Omit<Fixture, 'sync'> & { sync?: CohortSync } = { views: [], now: 1_000_000 };
  made.sync = createCohortSync({
    webhook: { url: receiver.url },
    projectId: '42',
    switches: switchesSchema.parse(switchTo),
    read: () => made.views,
    timeScale: 0,
    clock: () => made.now,
    ...rest,
  });
  return made as Fixture;
}

/** `action page/pages ids`, for each call. */
function said(calls: readonly { readonly body: WebhookBody }[] = receiver.calls): string[] {
  return calls.map(({ body: { action, parameters } }) => {
    const { page_count: page, total_pages: pages } = parameters.page_info;
    const ids = parameters.members.map((each) => String(each['mixpanel_distinct_id']));
    return `${action} ${page}/${pages} ${ids.join(',')}`;
  });
}

describe('what is sent', () => {
  test('everybody first, then who entered and who left, then nobody', async () => {
    const world = fixture();
    world.views = [cohort('a', 'b')];
    await world.sync.syncNow();
    world.views = [cohort('b', 'c')];
    expect(await world.sync.syncNow()).toEqual([
      {
        id: '7',
        name: 'Seven',
        members: 2,
        lastSync: { at: 1_000_000, result: 'done', isFull: false, added: 1, removed: 1, pages: 2 },
        syncedAt: 1_000_000,
        paused: false,
        why: null,
      },
    ]);
    await world.sync.syncNow();
    expect(said()).toEqual([
      'members 1/1 a,b',
      'add_members 1/1 c',
      'remove_members 1/1 a',
      'add_members 1/1 ',
      'remove_members 1/1 ',
    ]);
    expect(receiver.members()).toEqual(['b', 'c']);
    await world.sync.close();
  });

  test('the documented body, with one session a sync', async () => {
    const world = fixture({ webhook: { url: receiver.url, username: 'u', password: 'p' } });
    world.views = [cohort('a')];
    await world.sync.syncNow();
    await world.sync.syncNow();
    const [first, second, third] = receiver.calls;
    expect(first).toEqual({
      authorization: `Basic ${btoa('u:p')}`,
      body: {
        action: 'members',
        parameters: {
          mixpanel_project_id: '42',
          mixpanel_cohort_id: '7',
          mixpanel_cohort_name: 'Seven',
          mixpanel_cohort_description: 'd',
          mixpanel_session_id: expect.stringMatching(/^[\da-f-]{36}$/),
          page_info: { total_pages: 1, page_count: 1 },
          members: [expect.objectContaining({ mixpanel_distinct_id: 'a' })],
        },
      },
    });
    const session = (call: typeof first): string | undefined =>
      call?.body.parameters.mixpanel_session_id;
    expect(session(second)).toBe(session(third));
    expect(session(second)).not.toBe(session(first));
    await world.sync.close();
  });

  test('pages of the size that is set, and never none', async () => {
    const world = fixture({ pageSize: 2 });
    world.views = [cohort()];
    await world.sync.syncNow();
    world.views = [cohort('a', 'b', 'c')];
    await world.sync.syncNow();
    expect(said()).toEqual([
      'members 1/1 ',
      'add_members 1/2 a,b',
      'add_members 2/2 c',
      'remove_members 1/1 ',
    ]);
    await world.sync.close();
  });

  test('1,000 members a page unless told', async () => {
    const world = fixture();
    world.views = [cohort(...Array.from({ length: 1001 }, (_, n) => `u${n}`))];
    await world.sync.syncNow();
    expect(receiver.calls.map(({ body }) => body.parameters.members.length)).toEqual([1000, 1]);
    await world.sync.close();
  });

  test('what switches change: the first action, the type of ids, what shares a session', async () => {
    const numbers = fixture({ switchTo: { cohortFirstSync: 'add_members', cohortIds: 'numbers' } });
    numbers.views = [cohort('a')];
    await numbers.sync.syncNow();
    expect(said()).toEqual(['add_members 1/1 a', 'remove_members 1/1 ']);
    expect(receiver.calls[0]!.body.parameters).toMatchObject({
      mixpanel_project_id: 42,
      mixpanel_cohort_id: 7,
    });
    for (const [cohortSessions, pages, distinct] of [
      ['by-action', '1/1 1/1', 2],
      ['through', '1/2 2/2', 1],
    ] as const) {
      receiver.forget();
      const world = fixture({ switchTo: { cohortSessions } });
      world.views = [cohort('a')];
      await world.sync.syncNow();
      await world.sync.syncNow();
      const calls = receiver.calls.slice(1);
      expect(
        said(calls)
          .map((each) => each.split(' ')[1])
          .join(' '),
      ).toBe(pages);
      const ids = calls.map(({ body }) => body.parameters.mixpanel_session_id);
      expect(new Set(ids).size).toBe(distinct);
      await world.sync.close();
    }
    await numbers.sync.close();
  });

  test('several cohorts, one after the other; one that was deleted and comes back is new', async () => {
    const world = fixture();
    const eight = { ...cohort('x'), id: '8' };
    world.views = [cohort('a'), eight];
    await world.sync.syncNow();
    world.views = [eight];
    await world.sync.syncNow();
    world.views = [cohort('b'), eight];
    await world.sync.syncNow();
    expect(said().filter((each) => each.startsWith('members'))).toEqual([
      'members 1/1 a',
      'members 1/1 x',
      'members 1/1 b',
    ]);
    expect(receiver.members('7')).toEqual(['b']);
    await world.sync.close();
  });
});

describe('when a call does not succeed', () => {
  test('a refusal pauses until it is taken up', async () => {
    const world = fixture();
    world.views = [cohort('a')];
    receiver.refusals.push({ status: 401, body: { action: 'members', status: 'failure' } });
    const [paused] = await world.sync.syncNow();
    expect(paused).toMatchObject({ paused: true, why: 'HTTP 401', syncedAt: null });
    expect(paused!.lastSync).toMatchObject({ result: 'refused', pages: 0 });
    await world.sync.syncNow();
    expect(receiver.calls).toHaveLength(1);
    world.sync.resume('8');
    await world.sync.syncNow();
    expect(receiver.calls).toHaveLength(1);
    world.sync.resume('7');
    await world.sync.syncNow();
    expect(receiver.members()).toEqual(['a']);
    expect(world.sync.cohorts()[0]).toMatchObject({ paused: false, why: null });
    await world.sync.close();
  });

  test('the next cycle begins from page 1 of a new difference to the same snapshot', async () => {
    const world = fixture({ pageSize: 1 });
    world.views = [cohort('a')];
    await world.sync.syncNow();
    world.views = [cohort('a', 'b', 'c')];
    receiver.refusals.push(undefined, ...down(6));
    expect(await world.sync.syncNow()).toMatchObject([
      { paused: false, why: 'HTTP 503', lastSync: { result: 'failed', pages: 1 } },
    ]);
    const before = receiver.calls.length;
    expect(before).toBe(1 + 1 + 6);
    world.views = [cohort('b', 'c', 'd')];
    await world.sync.syncNow();
    expect(said(receiver.calls.slice(before))).toEqual([
      'add_members 1/3 b',
      'add_members 2/3 c',
      'add_members 3/3 d',
      'remove_members 1/1 a',
    ]);
    await world.sync.close();
  });

  test('who entered in a sync that failed and left before the next is in no difference', async () => {
    const world = fixture();
    world.views = [cohort('a')];
    await world.sync.syncNow();
    world.views = [cohort('a', 'b')];
    receiver.refusals.push(undefined, ...down(6));
    await world.sync.syncNow();
    const before = receiver.calls.length;
    world.views = [cohort('a')];
    await world.sync.syncNow();
    expect(said(receiver.calls.slice(before))).toEqual(['add_members 1/1 ', 'remove_members 1/1 ']);
    await world.sync.close();
  });

  test('after three days without success everybody is sent again', async () => {
    const world = fixture();
    world.views = [cohort('a')];
    await world.sync.syncNow();
    world.now += 3 * DAY_MS;
    receiver.refusals.push(...down(6, 429));
    await world.sync.syncNow();
    world.now += 1;
    await world.sync.syncNow();
    expect(said()).toEqual([
      'members 1/1 a',
      ...Array.from({ length: 6 }, () => 'add_members 1/1 '),
      'members 1/1 a',
    ]);
    await world.sync.close();
  });
});

test('a timer syncs again and again, and closing breaks off', async () => {
  const world = fixture();
  world.views = [cohort('a')];
  world.sync.start(1);
  await expect.poll(() => receiver.calls.length).toBeGreaterThan(4);
  receiver.refusals.push(...down(1));
  await world.sync.close();
  const { length } = receiver.calls;
  expect(await world.sync.syncNow()).toMatchObject([{ id: '7' }]);
  expect(receiver.calls).toHaveLength(length);
});

describe('a receiver that follows the documents ends with the members', () => {
  const USERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const step = fc.record({
    members: fc.subarray(USERS),
    refusals: fc.array(
      fc.constantFrom<(Refusal | undefined)[]>(
        [undefined],
        [undefined, undefined],
        ['reset'],
        [{ status: 500 }],
        down(7),
      ),
      { maxLength: 4 },
    ),
  });

  async function holds(
    to: CohortReceiver,
    cohortSessions: string,
    steps: readonly { members: string[]; refusals: (Refusal | undefined)[][] }[],
    faults: { seed: string; share: number; kinds: readonly CohortFault[] },
  ): Promise<void> {
    to.forget();
    const options = { webhook: { url: to.url }, pageSize: 2, faults, switchTo: { cohortSessions } };
    const world = fixture(options);
    for (const { members, refusals } of steps) {
      world.views = [cohort(...members)];
      to.refusals.push(...refusals.flat());
      await world.sync.syncNow();
    }
    to.refusals.length = 0;
    const [state] = await world.sync.syncNow();
    expect(to.members()).toEqual([...world.views[0]!.members].toSorted());
    expect(to.nameOf()).toBe(state!.name);
    await world.sync.close();
  }

  /** Those that end a second export of a sync may make one succeed that Mixpanel takes for failed. */
  const unending = COHORT_FAULTS.filter((kind) => kind !== 'interleaved' && kind !== 'repeated');

  test.each(['by-sync', 'through'] as const)('through outages, sessions %s', async (sessions) => {
    await using to = await cohortReceiver(sessions);
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 6 }),
        fc.string(),
        async (steps, seed) => holds(to, sessions, steps, { seed, share: 0.4, kinds: unending }),
      ),
      { numRuns: 60 },
    );
  });

  test.each(['by-sync', 'by-action', 'through'] as const)(
    'through every fault, sessions %s',
    async (sessions) => {
      await using to = await cohortReceiver(sessions);
      const members = fc.subarray(USERS).map((members) => ({ members, refusals: [] }));
      await fc.assert(
        fc.asyncProperty(
          fc.array(members, { minLength: 1, maxLength: 6 }),
          fc.string(),
          async (steps, seed) =>
            holds(to, sessions, steps, { seed, share: 0.5, kinds: COHORT_FAULTS }),
        ),
        { numRuns: 60 },
      );
    },
  );
});
