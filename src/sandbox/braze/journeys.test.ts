import { expect, test } from 'vitest';
import { drive, JOURNEYS, WEIGHTS, type World } from './journeys.ts';
import { Random, seedOf } from './random.ts';
import { population } from './users.ts';
import { workspaceOf } from './workspace.ts';

function world(): World {
  const workspace = workspaceOf('journeys');
  return {
    random: new Random(seedOf('journeys')),
    workspace,
    users: 200,
    user: population('journeys', 0.05, workspace.apps),
  };
}

test.each(JOURNEYS.map((kind) => [kind.name, kind] as const))(
  'the journey %s gives all of its types and no others, from its start on',
  (_, kind) => {
    const found = new Set<string>();
    const its = world();
    for (let i = 0; i < 8000; i++) {
      const steps = drive(its, kind, 1000, 1);
      expect(steps[0]?.time).toBeGreaterThanOrEqual(1000);
      for (const { type } of steps) found.add(type);
    }
    expect([...found].toSorted()).toStrictEqual([...kind.types].toSorted());
  },
);

test('a journey for one platform finds users on it', () => {
  const kind = JOURNEYS.find(({ name }) => name === 'Live Activity');
  const its = world();
  for (let i = 0; i < 50; i++) {
    const [step] = drive(its, kind!, 0, 1);
    expect(step?.journey.user.device.platform).toBe('ios');
  }
});

test('a smaller pace shortens the waits', () => {
  const kind = JOURNEYS.find(({ name }) => name === 'email campaign');
  const longest = (pace: number): number => {
    const its = world();
    return Math.max(
      ...Array.from({ length: 300 }, () => drive(its, kind!, 0, pace).at(-1)?.time ?? 0),
    );
  };
  expect(longest(1)).toBeGreaterThan(24_000);
  expect(longest(1 / 24)).toBeLessThan(6000);
});

test('weights are given by name', () => {
  expect(WEIGHTS['email campaign']).toBeGreaterThan(WEIGHTS['push'] ?? Infinity);
  expect(Object.keys(WEIGHTS)).toHaveLength(JOURNEYS.length);
});
