import { expect, test } from 'vitest';
import { addTypeCounts, bump, emptyCounts } from './counts.ts';

test('a field named like a part of every object is counted like any other', () => {
  const counts = emptyCounts();
  for (const name of ['constructor', '__proto__', 'constructor']) bump(counts.newFields, name);
  const sum = emptyCounts();
  addTypeCounts(sum, counts);
  expect(Object.entries(sum.newFields)).toEqual([
    ['constructor', 2],
    ['__proto__', 1],
  ]);
});
