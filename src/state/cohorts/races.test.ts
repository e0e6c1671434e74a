import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type CohortAction,
  type CohortNow,
  type CohortPage,
  type Cohorts,
  keyOfUser,
} from '../../core/cohorts.ts';
import { openDatabase } from '../database.ts';
import { createCohorts } from './cohorts.ts';

const now: CohortNow = {
  identification: {
    fingerprint: 'n',
    identify: ({ n }) => ({ kind: 'external_id', id: `u${String(n)}` }),
  },
  destination: 'there',
  announces: true,
};

let folder: string;
let db: Database.Database;
let cohorts: Cohorts;
/** The next transaction is rolled back when its work is done. */
let failsNext: boolean;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-races-'));
  db = openDatabase(folder);
  db.prepare(`INSERT INTO cohort_imports (name, sealed) VALUES ('main', x'00')`).run();
  failsNext = false;
  cohorts = createCohorts(
    new Proxy(db, {
      get(target, name) {
        if (name !== 'transaction') {
          const value = Reflect.get(target, name) as unknown;
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        }
        return (work: (...args: unknown[]) => unknown) =>
          target.transaction((...args: unknown[]) => {
            const result = work(...args);
            if (!failsNext) return result;
            failsNext = false;
            throw new Error('the disk is full');
          });
      },
    }),
  );
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

function page(
  session: string,
  [number, pages]: readonly [number, number],
  members: readonly number[],
  action: CohortAction = 'members',
): CohortPage {
  return {
    ...{ action, session, page: number, pages, cohortId: '42', projectId: '7' },
    ...{ name: 'Buyers', description: '' },
    members: members.map((n) => ({ id: `m${n}`, fields: { n } })),
    digest: hash('sha256', JSON.stringify(members), 'buffer'),
  };
}

const receive = async (...args: Parameters<typeof page>): Promise<number> =>
  (await cohorts.receive('main', page(...args), 1)).cohort;

async function applyAll(id: number): Promise<void> {
  while (await cohorts.apply(id, now, 1));
}

async function claimed(id: number, removes: boolean | 'approved' = true): Promise<string[]> {
  const changes = await cohorts.claim(id, { limit: 100, removes, at: 1, spacingMs: 0 });
  return changes.map(({ user, member }) => `${member ? '+' : '-'}${keyOfUser(user)}`).toSorted();
}

async function writeAll(id: number): Promise<void> {
  const changes = await cohorts.claim(id, { limit: 100, removes: true, at: 1, spacingMs: 0 });
  await cohorts.settle(id, changes, 1);
}

test.each([0, 1, 2, 3])(
  'a piece that is rolled back, the %i. here, is done again: nobody is forgotten or kept',
  async (piece) => {
    const id = await receive('a', [1, 1], [1, 2, 3]);
    await applyAll(id);
    await receive('b', [1, 3], [3, 10]);
    await receive('b', [2, 3], [11, 12]);
    await receive('b', [3, 3], [13]);
    for (let i = 0; ; i++) {
      failsNext = i === piece;
      if (failsNext) await expect(cohorts.apply(id, now, 1)).rejects.toThrow('the disk is full');
      else if (!(await cohorts.apply(id, now, 1))) break;
    }
    const members = (await cohorts.users(id, { limit: 100 })).map(({ member }) => member);
    expect(members).toEqual(['m10', 'm11', 'm12', 'm13', 'm3']);
    expect(await cohorts.get(id)).toMatchObject({ members: 5, pendingAdds: 5, pendingRemoves: 0 });
    expect((await cohorts.syncs(id, { limit: 1 }))[0]).toMatchObject({
      ...{ state: 'done', added: 4, removed: 2 },
    });
  },
);

test('a cohort that is forgotten while users of it are written: nothing is claimed any more, and what comes back does no harm', async () => {
  const id = await receive('a', [1, 1], [1, 2, 3]);
  await applyAll(id);
  const changes = await cohorts.claim(id, { limit: 2, removes: true, at: 1, spacingMs: 0 });
  await cohorts.remove(id, false, 1);
  const nothing = { adds: 0, removes: 0, unapproved: 0, inBraze: 0 };
  expect(await cohorts.pending(id)).toMatchObject({ ...nothing, isUnsettled: false });
  expect(await claimed(id)).toEqual([]);
  await cohorts.apply(id, now, 1);
  await cohorts.settle(id, changes, 1);
  await applyAll(id);
  expect(await cohorts.pending(id)).toMatchObject(nothing);
  expect(await claimed(id)).toEqual([]);
  await cohorts.settle(id, changes, 1);
  await cohorts.hold(id, null);
  await cohorts.announced(id, 'Buyers');
  await cohorts.prune(0);
  for (const table of ['cohorts', 'cohort_users', 'cohort_members', 'cohort_sizes', 'cohort_syncs'])
    expect(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()).toBe(0);
});

test('removals that came after they were weighed are not claimed before their sync is applied', async () => {
  const id = await receive('a', [1, 1], [1, 2]);
  await applyAll(id);
  await writeAll(id);
  expect(await cohorts.pending(id)).toMatchObject({ removes: 0, isUnsettled: false });
  await receive('b', [1, 1], [1], 'remove_members');
  await cohorts.apply(id, now, 1);
  expect(await claimed(id)).toEqual([]);
  await applyAll(id);
  expect(await claimed(id)).toEqual(['-external_id:u1']);
});

test('an approval reaches what is pending, not what is applied later though it was said before', async () => {
  const id = await receive('a', [1, 1], [1, 2, 3, 4]);
  await applyAll(id);
  await writeAll(id);
  await receive('b', [1, 1], [1, 2, 3]);
  await applyAll(id);
  await receive('c', [1, 1], [1, 2]);
  await cohorts.approve(id, 1);
  expect(await claimed(id, 'approved')).toEqual(['-external_id:u4']);
  await applyAll(id);
  expect(await cohorts.pending(id)).toMatchObject({ removes: 2, unapproved: 1 });
  expect(await claimed(id, 'approved')).toEqual(['-external_id:u4']);
});

test('everybody again while some are under way: each is written, and whoever answers late counts', async () => {
  const id = await receive('a', [1, 1], [1, 2, 3]);
  await applyAll(id);
  await writeAll(id);
  await receive('b', [1, 1], [4, 5], 'add_members');
  await receive('c', [1, 1], [1], 'remove_members');
  await applyAll(id);
  const changes = await cohorts.claim(id, { limit: 2, removes: false, at: 1, spacingMs: 0 });
  await cohorts.resync(id, 1);
  await applyAll(id);
  await cohorts.settle(id, changes, 1);
  expect(await claimed(id)).toEqual(['+external_id:u2', '+external_id:u3', '-external_id:u1']);
  expect(await cohorts.get(id)).toMatchObject({ inBraze: 5, members: 4 });
});

test('what goes to another place is not written before all of it is noted so', async () => {
  const id = await receive('a', [1, 1], [1, 2]);
  const isMoving = async (settings: CohortNow) =>
    (await cohorts.open('main', settings, 1)).map((each) => each.isMoving);
  expect(await isMoving(now)).toEqual([true]);
  await applyAll(id);
  await writeAll(id);
  await cohorts.announced(id, 'Buyers');
  const there = { ...now, destination: 'elsewhere' };
  expect(await isMoving(there)).toEqual([true]);
  await cohorts.apply(id, there, 1);
  expect(await isMoving(there)).toEqual([true]);
  while (await cohorts.apply(id, there, 1));
  expect(await cohorts.open('main', there, 1)).toMatchObject([
    { isMoving: false, toAnnounce: true },
  ]);
  expect(await claimed(id)).toEqual(['+external_id:u1', '+external_id:u2']);
  const others = { ...there, identification: { ...now.identification, fingerprint: 'other' } };
  expect(await isMoving(others)).toEqual([true]);
});

test('a whole view outdates what was given up before it, and the rest of that counts for nothing', async () => {
  const id = await receive('given up', [1, 2], [8], 'add_members');
  await receive('old', [1, 3], [1]);
  await receive('new', [1, 1], [2]);
  await applyAll(id);
  expect((await cohorts.pending(id)).isUnsettled).toBe(false);
  const late = [
    await cohorts.receive('main', page('given up', [2, 2], [9], 'add_members'), 1),
    await cohorts.receive('main', page('old', [3, 3], [3]), 1),
    await cohorts.receive('main', page('old', [1, 3], [1]), 1),
  ];
  expect(late.map(({ kind }) => kind)).toEqual(['outdated', 'outdated', 'repeated']);
  await applyAll(id);
  expect((await cohorts.pending(id)).isUnsettled).toBe(false);
  // From the top once more, and otherwise: that is said anew.
  await receive('old', [1, 3], [1, 5]);
  await receive('old', [2, 3], [6]);
  await receive('old', [3, 3], [7]);
  await applyAll(id);
  const members = (await cohorts.users(id, { limit: 100 })).map(({ member }) => member);
  expect(members).toEqual(['m1', 'm5', 'm6', 'm7']);
});

test('a write that is in doubt is made again at once; its contrary waits as long as if it had been taken', async () => {
  const spacingMs = 300_000;
  const claimAt = async (at: number): Promise<string[]> => {
    const what = { limit: 100, removes: true, at, spacingMs };
    return (await cohorts.claim(id, what)).map(
      ({ user, member }) => `${member ? '+' : '-'}${keyOfUser(user)}`,
    );
  };
  const id = await receive('a', [1, 1], [1, 2]);
  await applyAll(id);
  const start = 1e12;
  expect(await claimAt(start)).toHaveLength(2);
  // The process is gone before it is told.
  await receive('b', [1, 1], [1], 'remove_members');
  await applyAll(id);
  expect(await claimAt(start + 1000)).toEqual(['+external_id:u2']);
  expect(await claimAt(start + spacingMs)).toEqual(['+external_id:u2', '-external_id:u1']);
  await cohorts.settle(
    id,
    [{ user: { kind: 'external_id', id: 'u2' }, member: true }],
    start + spacingMs + 5,
  );
  await receive('c', [1, 1], [1], 'add_members');
  await applyAll(id);
  expect(await claimAt(start + spacingMs + 10)).toEqual([]);
  expect(await claimAt(start + 2 * spacingMs)).toEqual(['+external_id:u1']);
});
