import { expect, test } from 'vitest';
import type { CohortSync } from '../../api.ts';
import { countPages, standingOf } from './standing.ts';

const CALM = { clearing: false, held: null, pendingAdds: 0, pendingRemoves: 0 };
const HELD = { since: '2026-11-24T00:00:00Z', removes: 5, inBraze: 6, why: 'share' } as const;
const sync = (state: CohortSync['state'], pagesIn: [number, number][]): CohortSync => ({
  ...{ id: 1, action: 'members', session: 's', state, pages: 10, pagesIn },
  ...{ members: 0, added: 0, removed: 0, beganAt: '', receivedAt: '', endedAt: null },
});

test('pages are counted over all ranges', () => {
  expect(countPages({ pagesIn: [] })).toBe(0);
  expect(
    countPages({
      pagesIn: [
        [1, 4],
        [6, 6],
        [9, 10],
      ],
    }),
  ).toBe(7);
});

test('what waits for a person is said before everything else', () => {
  const halted = { kind: 'halted', detail: 'HTTP 401' } as const;
  expect(standingOf({ ...CALM, held: HELD, clearing: true }, halted, null)).toEqual({
    kind: 'held',
  });
  expect(standingOf({ ...CALM, clearing: true }, halted, null)).toEqual({
    kind: 'halted',
    why: 'HTTP 401',
  });
  expect(standingOf({ ...CALM, clearing: true }, { kind: 'active' }, null).kind).toBe('clearing');
});

test('what has no room is told from what waits for approval', () => {
  const full = { ...HELD, why: 'full', removes: 0 } as const;
  expect(standingOf({ ...CALM, held: full }, { kind: 'active' }, null)).toEqual({ kind: 'full' });
});

test('a sync that is coming in says how far it is, even while its import rests', () => {
  const expected = { kind: 'receiving', pages: 3, of: 10 };
  const coming = sync('receiving', [
    [1, 2],
    [4, 4],
  ]);
  expect(standingOf(CALM, { kind: 'paused' }, coming)).toEqual(expected);
  expect(standingOf({ ...CALM, pendingAdds: 4 }, { kind: 'active' }, coming)).toEqual(expected);
});

test('else it is being written, or is', () => {
  expect(standingOf({ ...CALM, pendingRemoves: 1 }, { kind: 'active' }, null).kind).toBe('writing');
  expect(standingOf(CALM, { kind: 'idle' }, sync('done', [[1, 10]])).kind).toBe('written');
  expect(standingOf(CALM, undefined, sync('applying', [[1, 10]])).kind).toBe('applying');
  expect(standingOf({ ...CALM, pendingAdds: 2 }, { kind: 'paused' }, null).kind).toBe('paused');
});
