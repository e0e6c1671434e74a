import { expect, test } from 'vitest';
import { rowsOf } from './pages-of.ts';

interface Row {
  readonly id: number;
  readonly n: number;
}

const page = (...items: Row[]) => ({ items, next: null });
const keyOf = ({ id }: Row) => id;

test('pages become one list, in their order', () => {
  expect(rowsOf([page({ id: 1, n: 1 }, { id: 2, n: 2 }), page({ id: 3, n: 3 })], keyOf)).toEqual([
    { id: 1, n: 1 },
    { id: 2, n: 2 },
    { id: 3, n: 3 },
  ]);
});

test('a row that moved between two requests is shown once, as it was seen last', () => {
  const rows = rowsOf([page({ id: 1, n: 1 }, { id: 2, n: 2 }), page({ id: 2, n: 9 })], keyOf);
  expect(rows).toEqual([
    { id: 1, n: 1 },
    { id: 2, n: 9 },
  ]);
});

test('nothing was loaded yet', () => {
  expect(rowsOf(undefined, keyOf)).toEqual([]);
});
