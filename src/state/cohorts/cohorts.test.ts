import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type CohortAction,
  type BrazeUser,
  type CohortMember,
  type UnmatchedReason,
  type CohortNow,
  type CohortPage,
  keyOfUser,
} from '../../core/cohorts.ts';
import { cohortModel, type ModelCall } from '../../../test/support/cohort-model.ts';
import { openState, type State } from '../state.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function open(): State {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cohorts-'));
  folders.push(folder);
  return openState(folder, { keys: { key: Buffer.alloc(32, 7).toString('base64') } });
}

/** Two members each are one user; every seventh has no id. */
const identification = {
  fingerprint: 'halves',
  identify: ({ n }: Readonly<Record<string, unknown>>): BrazeUser | UnmatchedReason =>
    Number(n) % 7 === 6 ? 'no_id' : { kind: 'external_id', id: `u${Math.floor(Number(n) / 2)}` },
};
const now: CohortNow = { identification, destination: 'there', announces: false };

const member = (n: number): CohortMember => ({ id: `m${n}`, fields: { n } });

type Call = ModelCall & { readonly name?: string };

const pageOf = ({
  action,
  session,
  page = 1,
  pages = 1,
  members,
  name = 'Buyers',
}: Call): CohortPage => ({
  ...{ action, session, page, pages, name, description: '', cohortId: '42', projectId: '7' },
  members: members.map(member),
  digest: hash('sha256', JSON.stringify(members), 'buffer'),
});

/** A destination that a test looks into. */
function braze() {
  const inside = new Map<string, boolean>();
  const doubt = new Set<string>();
  return {
    inside,
    doubt,
    idle: 0,
    set(key: string, is: boolean) {
      if ((inside.get(key) ?? false) === is && !doubt.has(key)) this.idle++;
      inside.set(key, is);
    },
    members: () =>
      [...inside]
        .filter(([, is]) => is)
        .map(([key]) => key)
        .toSorted(),
  };
}

async function applyAll(state: State, id: number, at = 0): Promise<void> {
  while (await state.cohorts.apply(id, now, at));
}

async function writeAll(state: State, id: number, to: ReturnType<typeof braze>): Promise<void> {
  for (;;) {
    const changes = await state.cohorts.claim(id, { limit: 3, removes: true, writtenBefore: 1e15 });
    if (changes.length === 0) return;
    for (const { user, member: is } of changes) to.set(keyOfUser(user), is);
    await state.cohorts.settle(id, changes, 1);
    for (const { user } of changes) to.doubt.delete(keyOfUser(user));
  }
}

const usersOf = (members: Iterable<number>): string[] => {
  const keys = [...members]
    .map((n) => identification.identify({ n }))
    .filter((user) => typeof user !== 'string');
  return [...new Set(keys.map(keyOfUser))].toSorted();
};

const aCall: fc.Arbitrary<Call> = fc
  .record({
    action: fc.constantFrom<CohortAction>('members', 'members', 'add_members', 'remove_members'),
    session: fc.constantFrom('s1', 's2', 's3', 's4'),
    pages: fc.constantFrom(1, 1, 2, 3),
    page: fc.nat(2),
    members: fc.array(fc.nat(15), { maxLength: 6 }),
  })
  .map((each) => ({ ...each, page: (each.page % each.pages) + 1 }));
type Step = { call: Call } | { again: number } | 'apply' | 'write' | 'crash';
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: aCall.map((call) => ({ call })) },
  { weight: 2, arbitrary: fc.nat(30).map((again) => ({ again })) },
  { weight: 2, arbitrary: fc.constantFrom('apply' as const, 'write' as const, 'crash' as const) },
);

async function recount(state: State, id: number): Promise<void> {
  const { cohorts } = state;
  const { members, unmatched, inBraze, pendingAdds, pendingRemoves } = (await cohorts.get(id))!;
  const all = await cohorts.users(id, { limit: 1000 });
  expect(all).toHaveLength(members);
  expect(all.filter(({ state: is }) => is === 'unmatched')).toHaveLength(unmatched);
  const count = async (is: 'pending_add' | 'pending_remove'): Promise<number> =>
    (await cohorts.users(id, { state: is, limit: 1000 })).length;
  expect(await count('pending_add')).toBe(pendingAdds);
  expect(await count('pending_remove')).toBe(pendingRemoves);
  expect(inBraze).toBeGreaterThanOrEqual(0);
}

test('after any calls, repeats, crashes and unfinished views Braze holds what Mixpanel last said, and nobody is written in vain', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { maxLength: 40 }), async (steps) => {
      const state = open();
      try {
        const { cohorts } = state;
        await state.cohortImports.put('main', {}, 0);
        const said = cohortModel();
        const to = braze();
        const calls: Call[] = [];
        let id: number | undefined;
        const receive = async (call: Call): Promise<void> => {
          calls.push(call);
          said.call(call);
          id = (await cohorts.receive('main', pageOf(call), calls.length)).cohort;
        };
        for (const step of steps)
          if (typeof step === 'object' && 'call' in step) await receive(step.call);
          else if (typeof step === 'object') {
            if (calls.length > 0) await receive(calls[step.again % calls.length]!);
          } else if (id === undefined) continue;
          else if (step === 'apply') await cohorts.apply(id, now, 0);
          else if (step === 'write') await writeAll(state, id, to);
          else {
            // Some of it arrived, and nothing was settled.
            const lost = await cohorts.claim(id, { limit: 4, removes: true, writtenBefore: 1e15 });
            for (const { user } of lost) to.doubt.add(keyOfUser(user));
            for (const { user, member: is } of lost.slice(0, 2)) to.set(keyOfUser(user), is);
          }
        if (id === undefined) return;
        await cohorts.expire('main', 1e15, 1e15);
        await applyAll(state, id);
        await recount(state, id);
        expect((await cohorts.get(id))!.members).toBe(said.members().size);
        await writeAll(state, id, to);
        expect(to.members()).toEqual(usersOf(said.members()));
        expect(to.idle).toBe(0);
        const { inBraze, pendingAdds, pendingRemoves } = (await cohorts.get(id))!;
        expect({ inBraze, pendingAdds, pendingRemoves }).toEqual({
          ...{ inBraze: to.members().length, pendingAdds: 0, pendingRemoves: 0 },
        });
      } finally {
        state.close();
      }
    }),
    { numRuns: 300 },
  );
}, 120_000);

describe('a full view', () => {
  test('changes nothing until all its pages are in, in whatever order', async () => {
    const state = open();
    await state.cohortImports.put('main', {}, 0);
    const { cohorts } = state;
    const { cohort } = await cohorts.receive(
      'main',
      pageOf({ action: 'members', session: 'a', members: [0, 2] }),
      1,
    );
    await applyAll(state, cohort);
    const page = (n: number, members: number[]): CohortPage =>
      pageOf({ action: 'members', session: 'b', page: n, pages: 3, members });
    expect(await cohorts.receive('main', page(3, [8]), 2)).toMatchObject({ complete: false });
    expect(await cohorts.receive('main', page(1, [2]), 3)).toMatchObject({ complete: false });
    await applyAll(state, cohort);
    expect(await cohorts.get(cohort)).toMatchObject({ members: 2 });
    expect((await cohorts.pending(cohort)).isUnsettled).toBe(true);
    expect((await cohorts.syncs(cohort, { limit: 1 }))[0]).toMatchObject({
      ...{
        state: 'receiving',
        pages: 3,
        pagesIn: [
          [1, 1],
          [3, 3],
        ],
        members: 2,
      },
    });
    expect(await cohorts.receive('main', page(3, [8]), 4)).toMatchObject({ kind: 'repeated' });
    expect(await cohorts.receive('main', page(2, [4]), 5)).toMatchObject({ complete: true });
    await applyAll(state, cohort);
    const members = await cohorts.users(cohort, { limit: 10 });
    expect(members.map((each) => each.member)).toEqual(['m2', 'm4', 'm8']);
    expect((await cohorts.syncs(cohort, { limit: 1 }))[0]).toMatchObject({
      ...{ state: 'done', added: 2, removed: 1 },
    });
    state.close();
  });
});
