import { expect, test } from 'vitest';
import { partsOf } from './diff-parts.ts';

test('of lists only the entries that differ are shown', () => {
  expect(
    partsOf({ path: 'settings.events', before: ['a', 'b', 'c'], after: ['b', 'c', 'd'] }),
  ).toEqual({ gone: ['a'], come: ['d'] });
});

test('other values are shown whole, texts without quotes', () => {
  expect(partsOf({ path: 'poll', before: 60, after: 5 })).toEqual({ gone: ['60'], come: ['5'] });
  expect(partsOf({ path: 'contact', after: 'a@b.c' })).toEqual({ gone: [], come: ['a@b.c'] });
  expect(partsOf({ path: 'paused', before: true })).toEqual({ gone: ['true'], come: [] });
});

test('a secret that differs shows neither side', () => {
  expect(partsOf({ path: 'salt', before: '***', after: '***' })).toEqual({ gone: [], come: [] });
});
