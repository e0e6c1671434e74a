import { expect, test } from 'vitest';
import { rangesOf } from './page-bar.tsx';

test('ranges of pages are said shortly', () => {
  expect(rangesOf([])).toBe('–');
  expect(
    rangesOf([
      [1, 4],
      [6, 6],
    ]),
  ).toBe('1–4, 6');
  expect(rangesOf([1, 3, 5, 7, 9, 11].map((n) => [n, n]))).toBe('1, 3, 5, 7, 9, …');
});
