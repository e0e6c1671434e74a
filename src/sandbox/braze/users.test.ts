import { expect, test } from 'vitest';
import { population } from './users.ts';

test.each([
  [20, 0.05, 1],
  [1000, 0.05, 50],
  [1000, 0.333, 333],
  [77, 0, 0],
  [77, 1, 77],
])('of %i users at share %d exactly %i are anonymous', (users, share, expected) => {
  const user = population('users', share, {});
  const anonymous = Array.from({ length: users }, (_, i) => user(i)).filter(
    ({ externalUserId }) => externalUserId === null,
  );
  expect(anonymous).toHaveLength(expected);
});

test('users have ids, addresses and devices of their own', () => {
  const user = population('users', 0, {});
  const all = Array.from({ length: 3000 }, (_, i) => user(i));
  for (const field of ['userId', 'externalUserId', 'email'] as const)
    expect(new Set(all.map((each) => each[field])).size).toBe(all.length);
  expect(new Set(all.map(({ device }) => device.id)).size).toBe(all.length);
});

test('a user is the same again after many others', () => {
  const user = population('users', 0.05, {});
  const before = JSON.stringify(user(3));
  for (let i = 0; i < 40_000; i++) user(i);
  expect(JSON.stringify(user(3))).toBe(before);
});
