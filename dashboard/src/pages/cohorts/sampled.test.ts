import { expect, test } from 'vitest';
import { sampled } from './sampled.ts';

const size = (at: number, members: number) => ({
  ...{ at: new Date(at).toISOString(), members, inBraze: 0 },
});

test('a size stands until the next one', () => {
  expect(sampled([size(15, 4), size(35, 9)], 5, 0, 50)).toEqual([0, 4, 4, 9, 9]);
});

test('of several within a step, the last counts', () => {
  expect(sampled([size(1, 4), size(2, 5), size(9, 6)], 2, 0, 20)).toEqual([6, 6]);
});

test('what was never seen has no size', () => {
  expect(sampled([], 3, 0, 30)).toEqual([0, 0, 0]);
});
