import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CohortPending } from '../core/cohorts.ts';
import { judge } from './guard.ts';

const settings = { share: 0.3, atLeast: 10, empties: true };
const pending = (more: Partial<CohortPending>): CohortPending => ({
  ...{ adds: 0, removes: 0, unapproved: 0, inBraze: 100, empties: false, isUnsettled: false },
  ...more,
});
const removing = (n: number, more: Partial<CohortPending> = {}): CohortPending =>
  pending({ removes: n, unapproved: n, ...more });

describe('removals', () => {
  test('up to the share are written, beyond it they wait', () => {
    expect(judge(removing(30), settings, null, 5)).toEqual({
      adds: true,
      removes: true,
      hold: null,
    });
    expect(judge(removing(31), settings, null, 5)).toEqual({
      ...{ adds: true, removes: 'approved' },
      hold: { since: 5, removes: 31, inBraze: 100, why: 'share' },
    });
  });

  test('below the least number never wait for their share', () => {
    expect(judge(removing(9, { inBraze: 10 }), settings, null, 5).removes).toBe(true);
    expect(judge(removing(10, { inBraze: 10 }), settings, null, 5).hold?.why).toBe('share');
  });

  test('of a full view that empties a cohort wait, however few', () => {
    const emptied = removing(2, { inBraze: 2, empties: true });
    expect(judge(emptied, settings, null, 5).hold?.why).toBe('empties');
    expect(judge(emptied, { ...settings, empties: false }, null, 5).removes).toBe(true);
  });

  test('wait until every page is in, and what is held stays so', () => {
    expect(judge(removing(1, { isUnsettled: true }), settings, null, 5)).toEqual({
      ...{ adds: true, removes: 'approved', hold: null },
    });
    const hold = { since: 1, removes: 50, inBraze: 100, why: 'share' as const };
    expect(judge(removing(60, { isUnsettled: true }), settings, hold, 5).hold).toEqual(hold);
    expect(judge(removing(60), settings, hold, 5).hold).toEqual({ ...hold, removes: 60 });
  });

  test('that a person approved are written', () => {
    const approved = pending({ removes: 90, unapproved: 0, empties: true });
    expect(judge(approved, settings, null, 5)).toEqual({ adds: true, removes: true, hold: null });
  });

  test('once free stay free while they are being written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.nat(1000), fc.nat(1000), (size, n, k) => {
        const removes = Math.min(n, size);
        const written = Math.min(k, removes);
        const { removes: free } = judge(removing(removes, { inBraze: size }), settings, null, 0);
        if (free !== true) return;
        const left = removing(removes - written, { inBraze: size - written });
        expect(judge(left, settings, null, 0).removes).toBe(true);
      }),
    );
  });
});
