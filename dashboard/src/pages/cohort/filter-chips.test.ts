import { expect, test } from 'vitest';
import { chipsOf, cut } from './filter-chips.ts';

const PARTS = ['Custom Attributes', 'mp_cohort_4242', 'is', 'true'].map((text) => ({
  label: 'Label',
  text,
}));

test('chips stand in a row where there is room, and below each other where there is none', () => {
  const wide = chipsOf(PARTS, 800).chips;
  expect(new Set(wide.map(({ y }) => y))).toEqual(new Set([0]));
  for (const [i, chip] of wide.slice(1).entries())
    expect(chip.x).toBeGreaterThan(wide[i]!.x + wide[i]!.width);
  expect(wide.at(-1)!.x + wide.at(-1)!.width).toBeLessThanOrEqual(800);
  const narrow = chipsOf(PARTS, 300);
  expect(narrow.chips.map(({ width }) => width)).toEqual([300, 300, 300, 300]);
  expect(narrow.height).toBeGreaterThan(narrow.chips.at(-1)!.y);
});

test('a long text keeps its beginning and its end', () => {
  expect(cut('mp_cohort_4242', 400)).toBe('mp_cohort_4242');
  const short = cut(`mp_${'x'.repeat(200)}_4242`, 100);
  expect(short.length).toBeLessThan(15);
  expect(short).toMatch(/^mp_.*….*4242$/);
  expect(cut('😀'.repeat(50), 60)).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
});
