import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createBudget, receive } from './receive.ts';

const request = (): IncomingMessage => {
  const made = new IncomingMessage(new Socket());
  made.on('error', () => undefined);
  return made;
};

test.each([false, true])(
  'a client that has left is gone, at once or later (gzip: %s)',
  async (isGzip) => {
    const budget = createBudget(100);
    const before = request();
    before.destroy();
    await new Promise(setImmediate);
    expect(await receive(before, isGzip, 100, budget)).toEqual({ failure: 'gone', bytes: 0 });

    const halfWay = request();
    const received = receive(halfWay, isGzip, 100, budget);
    halfWay.push(isGzip ? gzipSync('[1]').subarray(0, 5) : '[1');
    await new Promise(setImmediate);
    halfWay.destroy();
    expect(await received).toMatchObject({ failure: 'gone' });
    expect(budget.take(100)).toBe(true);
  },
);

test('what a body holds of the budget is given back when it is refused, and else kept', async () => {
  const budget = createBudget(100);
  const large = request();
  const received = receive(large, false, 50, budget);
  large.push(Buffer.alloc(40));
  large.push(Buffer.alloc(40));
  large.push(null);
  expect(await received).toEqual({ failure: 'too_large', bytes: 80 });
  const whole = request();
  const kept = receive(whole, false, 60, budget);
  whole.push(Buffer.alloc(60));
  whole.push(null);
  expect(await kept).toEqual({ body: Buffer.alloc(60) });
  expect(budget.take(41)).toBe(false);
  expect(budget.take(40)).toBe(true);
});
