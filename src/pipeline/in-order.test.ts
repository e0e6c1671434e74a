import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mapInOrder } from './in-order.ts';

async function* from<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

test('results come in the order of the items, with never more at once than allowed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(3), { maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      async (waits, concurrency) => {
        let now = 0;
        let most = 0;
        const work = async (wait: number): Promise<number> => {
          most = Math.max(most, ++now);
          await delay(wait);
          now--;
          return wait;
        };
        const results: number[] = [];
        for await (const each of mapInOrder(from(waits), concurrency, work)) results.push(each);
        expect(results).toEqual(waits);
        expect(most).toBeLessThanOrEqual(concurrency);
      },
    ),
    { numRuns: 30 },
  );
});

test('a result does not wait for an item that has not come yet', async () => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* slow(): AsyncGenerator<number> {
    yield 1;
    await gate;
    yield 2;
  }
  const results = mapInOrder(slow(), 4, (n) => Promise.resolve(n));
  expect((await results.next()).value).toBe(1);
  release();
  expect((await results.next()).value).toBe(2);
});

test('a failure surfaces in its turn and stops the rest', async () => {
  const pulled: number[] = [];
  async function* items(): AsyncGenerator<number> {
    for (let i = 0; i < 100; i++) {
      pulled.push(i);
      yield await Promise.resolve(i);
    }
  }
  const seen: number[] = [];
  const run = async (): Promise<void> => {
    for await (const each of mapInOrder(items(), 3, (n) =>
      n >= 5 ? Promise.reject(new Error(`no ${n}`)) : Promise.resolve(n),
    ))
      seen.push(each);
  };
  await expect(run()).rejects.toThrow('no 5');
  expect(seen).toEqual([0, 1, 2, 3, 4]);
  expect(pulled.length).toBeLessThan(12);
});

test('leaving early closes the source', async () => {
  let closed = false;
  async function* items(): AsyncGenerator<number> {
    try {
      for (let i = 0; ; i++) yield await Promise.resolve(i);
    } finally {
      closed = true;
    }
  }
  for await (const each of mapInOrder(items(), 2, (n) => Promise.resolve(n))) if (each === 3) break;
  expect(closed).toBe(true);
});

test('a failure of the items waits until all that came before it is yielded', async () => {
  async function* items(): AsyncGenerator<number> {
    yield await Promise.resolve(1);
    yield await Promise.resolve(2);
    throw new Error('no third');
  }
  const seen: number[] = [];
  const run = async (): Promise<void> => {
    const results = mapInOrder(items(), 4, async (n) => {
      await delay(30 / n);
      return n;
    });
    for await (const each of results) seen.push(each);
  };
  await expect(run()).rejects.toThrow('no third');
  expect(seen).toEqual([1, 2]);
});
