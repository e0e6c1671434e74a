import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COHORT_FAULTS, type CohortFault, createCohortFaults } from './cohort-faults.ts';
import { planSync, type PlannedCall } from './cohort-plan.ts';

const SEEDS = Array.from({ length: 40 }, (_, n) => String(n));
const CALLS = planSync(new Set('abcdefgh'), new Set('xyz'), 'members', 2, 'by-sync');

function distorted(seed: string, ...faults: CohortFault[]): PlannedCall[] {
  return createCohortFaults({ seed }).distort(CALLS, new Set(faults));
}

const placeOf = (call: PlannedCall): string => `${call.action} ${call.page}`;
const own = CALLS[0]!.session;
const sorted = (calls: readonly PlannedCall[]): string[] => calls.map(placeOf).toSorted();

test('no fault leaves the calls as they are', () => {
  expect(distorted('1')).toEqual(CALLS);
});

test('shuffled: the same pages in another order', () => {
  const orders = SEEDS.map((seed) => distorted(seed, 'shuffled'));
  for (const calls of orders) expect(sorted(calls)).toEqual(sorted(CALLS));
  expect(new Set(orders.map((calls) => calls.map(placeOf).join())).size).toBeGreaterThan(20);
});

test('repeated: one page comes once more, after itself', () => {
  for (const seed of SEEDS) {
    const calls = distorted(seed, 'repeated');
    expect(calls).toHaveLength(CALLS.length + 1);
    expect(calls.filter((call, at) => calls.indexOf(call) === at)).toEqual(CALLS);
  }
});

test('abandoned: the begin of another export, then the whole', () => {
  const began = SEEDS.map((seed) => {
    const calls = distorted(seed, 'abandoned');
    const abandoned = calls.filter(({ session }) => session !== own);
    expect(calls.slice(abandoned.length)).toEqual(CALLS);
    expect(abandoned.map(placeOf)).toEqual(CALLS.slice(0, abandoned.length).map(placeOf));
    return abandoned.length;
  });
  expect(Math.max(...began)).toBe(CALLS.length - 1);
});

test('interleaved: two exports page by page', () => {
  const calls = distorted('1', 'interleaved');
  expect(calls.filter((_, at) => at % 2 === 0)).toEqual(CALLS);
  const others = calls.filter((_, at) => at % 2 === 1);
  expect(new Set(others.map(({ session }) => session)).size).toBe(1);
  expect(others.map((call) => ({ ...call, session: own }))).toEqual(CALLS);
});

test('listed twice: a page names a member again', () => {
  for (const seed of SEEDS) {
    const calls = distorted(seed, 'listed-twice');
    const ids = calls.flatMap((call) => call.ids);
    expect(ids).toHaveLength(CALLS.flatMap((call) => call.ids).length + 1);
    expect(new Set(ids)).toEqual(new Set('abcdefghxyz'));
  }
});

test('no fault changes who is added and who is removed', () => {
  const faults = fc.subarray([...COHORT_FAULTS]);
  fc.assert(
    fc.property(fc.string(), faults, (seed, struck) => {
      const calls = distorted(seed, ...struck);
      const idsOf = (action: string): Set<string> =>
        new Set(calls.filter((call) => call.action === action).flatMap(({ ids }) => ids));
      expect(idsOf('add_members')).toEqual(new Set('abcdefgh'));
      expect(idsOf('remove_members')).toEqual(new Set('xyz'));
      const whole = calls.filter(({ session }) => session === own);
      expect(new Set(sorted(whole))).toEqual(new Set(sorted(CALLS)));
    }),
  );
});

test('a seed draws the same faults, and only the kinds that are asked for', () => {
  const draws = (kinds?: CohortFault[]): string[] => {
    const script = createCohortFaults({ seed: 's', share: 0.5, ...(kinds && { kinds }) });
    return Array.from({ length: 50 }, () => [...script.draw()].join());
  };
  expect(draws()).toEqual(draws());
  expect(new Set(draws().flatMap((each) => each.split(',')))).toEqual(
    new Set(['', ...COHORT_FAULTS]),
  );
  const renamed = draws(['renamed']);
  expect(new Set(renamed)).toEqual(new Set(['', 'renamed']));
  expect(renamed.map((each) => each !== '')).toEqual(
    draws().map((each) => each.split(',').includes('renamed')),
  );
});
