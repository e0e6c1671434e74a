import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createThrottle } from './throttle.ts';

function clocked(mostKeys?: number) {
  const clock = { ms: 0 };
  const throttle = createThrottle(() => clock.ms, mostKeys);
  return {
    clock,
    /** Milliseconds to wait; 0 when it was let in, and counted as failed. */
    fail(name: string, address: string): number {
      const attempt = throttle.attempt(name, address);
      return 'waitMs' in attempt ? attempt.waitMs : 0;
    },
    succeed(name: string, address: string): boolean {
      const attempt = throttle.attempt(name, address);
      if ('waitMs' in attempt) return false;
      attempt.succeeded();
      return true;
    },
  };
}

test('waits grow up to a bound, and are forgotten', () => {
  const { clock, fail } = clocked();
  const waits: number[] = [];
  let tries = 0;
  while (waits.length < 14) {
    const wait = fail(`name${tries++}`, '203.0.113.1');
    if (wait === 0) continue;
    waits.push(wait);
    clock.ms += wait;
  }
  expect(waits.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
  expect(Math.max(...waits)).toBe(15 * 60_000);
  clock.ms += 3_600_000 + 15 * 60_000;
  for (let i = 0; i < 10; i++) expect(fail('other', '203.0.113.1')).toBe(0);
});

test('signing in with one name gives no free guesses at others', () => {
  const { fail, succeed } = clocked();
  let guesses = 0;
  for (let i = 0; i < 100; i++) {
    succeed('mallory', '203.0.113.1');
    if (fail('admin', '203.0.113.1') === 0) guesses++;
  }
  expect(guesses).toBeLessThanOrEqual(10);
});

test('guesses from everywhere do not touch where a name has signed in before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('admin', 'ADMIN', 'other'), fc.ipV4()), {
        minLength: 50,
        maxLength: 300,
      }),
      (guesses) => {
        const home = '192.0.2.77';
        const { fail, succeed } = clocked();
        expect(succeed('admin', home)).toBe(true);
        for (const [name, address] of guesses) if (address !== home) fail(name, address);
        expect(succeed('Admin', home)).toBe(true);
      },
    ),
    { numRuns: 50 },
  );
});

test('whoever changes the last half of an IPv6 address is the same', () => {
  const { fail } = clocked();
  for (let i = 0; i < 10; i++) fail(`n${i}`, `2001:db8:0:1::${i.toString(16)}`);
  expect(fail('n', '2001:0DB8::1:ffff:0:0:1')).toBeGreaterThan(0);
  expect(fail('n', '2001:db8:0:2::1')).toBe(0);
  for (let i = 0; i < 10; i++) fail(`m${i}`, '::ffff:203.0.113.5');
  expect(fail('m', '203.0.113.5')).toBeGreaterThan(0);
});

test('memory is bounded, and what is in use stays', () => {
  const { fail } = clocked(100);
  let slowed = 0;
  for (let i = 0; i < 5000; i++) if (fail(`name${i}`, '203.0.113.1') > 0) slowed++;
  // Names that nobody has come and go; the address that tries them is not pushed out by them.
  expect(slowed).toBe(5000 - 10);
});
