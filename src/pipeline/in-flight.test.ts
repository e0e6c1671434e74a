import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createInFlight } from './in-flight.ts';

const { signal } = new AbortController();

test('a connection that holds nothing gets in at once, whoever else is full or waits', async () => {
  const inFlight = createInFlight(100);
  await inFlight.enter('stuck', 90, signal);
  let second = false;
  void inFlight.enter('stuck', 50, signal).then(() => (second = true));
  await turn();
  expect(second).toBe(false);
  const release = await inFlight.enter('other', 80, signal);
  expect(inFlight.bytes).toBe(170);
  release();
  release();
  expect(inFlight.bytes).toBe(90);
});

test('an aborted wait rejects with the reason and leaves the queue', async () => {
  const inFlight = createInFlight(10);
  const release = await inFlight.enter('a', 10, signal);
  const stop = new AbortController();
  const waiting = inFlight.enter('a', 10, stop.signal);
  const reason = new Error('stop');
  stop.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  release();
  expect(inFlight.bytes).toBe(0);
  await inFlight.enter('a', 10, signal);
});

test('any sequence of entering and leaving keeps the bound, but for first bodies, and everyone gets in in the end', async () => {
  const step = fc.record({
    connection: fc.constantFrom('a', 'b', 'c'),
    bytes: fc.integer({ min: 1, max: 60 }),
    leave: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const inFlight = createInFlight(100);
      const releases: (() => void)[] = [];
      let entered = 0;
      for (const { connection, bytes, leave } of steps) {
        const enter = async (): Promise<void> => {
          releases.push(await inFlight.enter(connection, bytes, signal));
          entered++;
        };
        void enter();
        await turn();
        // At most one body a connection may pass the bound.
        expect(inFlight.bytes).toBeLessThanOrEqual(100 + 3 * 60);
        if (leave) releases.shift()?.();
        await turn();
      }
      while (releases.length > 0) {
        releases.shift()!();
        await turn();
      }
      expect(entered).toBe(steps.length);
      expect(inFlight.bytes).toBe(0);
    }),
  );
});
