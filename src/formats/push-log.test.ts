import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  FRAME_HEAD_BYTES,
  type Frame,
  type FrameDamage,
  frameHead,
  readPushLog,
} from './push-log.ts';

const logOf = (bodies: readonly Uint8Array[]): Buffer =>
  Buffer.concat(bodies.flatMap((body, i) => [frameHead(body, 1000 + i), body]));

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(size);
  for (let p = 0; p < bytes.length; p += size) {
    // One buffer for all, as a source is allowed to.
    const part = bytes.subarray(p, p + size);
    buffer.set(part);
    yield await Promise.resolve(buffer.subarray(0, part.length));
  }
}

type Item = Frame | FrameDamage;

async function itemsOf(bytes: Uint8Array, size = 7, from = 0): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of readPushLog(inChunks(bytes.subarray(from), size), from))
    items.push(item.kind === 'frame' ? { ...item, body: Buffer.from(item.body) } : item);
  return items;
}

const bodiesArbitrary = fc.array(fc.uint8Array({ maxLength: 60, size: 'max' }), { maxLength: 8 });

test('what is written is read, however the bytes are cut, and from any frame on', () =>
  fc.assert(
    fc.asyncProperty(bodiesArbitrary, fc.integer({ min: 1, max: 50 }), async (bodies, size) => {
      const items = await itemsOf(logOf(bodies), size);
      expect(items.map((item) => item.kind === 'frame' && [...item.body])).toEqual(
        bodies.map((body) => [...body]),
      );
      expect(items.map((item) => item.kind === 'frame' && item.receivedAt)).toEqual(
        bodies.map((_, i) => 1000 + i),
      );
      for (const [i, { offset }] of items.entries())
        expect(await itemsOf(logOf(bodies), size, offset)).toEqual(items.slice(i));
    }),
  ));

test('damage anywhere costs the frames it lies in and no other, and is kept byte for byte', () =>
  fc.assert(
    fc.asyncProperty(
      // A body that holds whole frames itself would be told apart only by its own frame.
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 60, max: 0xf4, size: 'max' }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.integer({ min: 1, max: 50 }),
      async (bodies, flips, size) => {
        const whole = logOf(bodies);
        const sound = await itemsOf(whole);
        const broken = Buffer.from(whole);
        const places = new Map(flips.map(([at, bits]) => [at % whole.length, bits]));
        for (const [at, bits] of places) broken[at]! ^= bits;
        const hit = (item: Item): boolean =>
          [...places.keys()].some((at) => at >= item.offset && at < item.next);

        const items = await itemsOf(broken, size);
        expect(items.filter(({ kind }) => kind === 'frame')).toEqual(
          sound.filter((item) => !hit(item)),
        );
        let end = 0;
        for (const item of items) {
          expect(item.offset).toBe(end);
          end = item.next;
          if (item.kind === 'damage')
            expect(Buffer.from(item.bytes)).toEqual(broken.subarray(item.offset, item.next));
        }
        expect(end).toBe(broken.length);
      },
    ),
  ));

test('two damaged bodies that follow each other are two damages', async () => {
  const log = logOf(['one', 'two', 'three', 'four'].map((text) => Buffer.from(text)));
  const starts = (await itemsOf(log)).map(({ offset }) => offset);
  log[starts[1]! + FRAME_HEAD_BYTES]! ^= 1;
  log[starts[2]! + FRAME_HEAD_BYTES]! ^= 1;
  const items = await itemsOf(log);
  expect(items.map(({ kind }) => kind)).toEqual(['frame', 'damage', 'damage', 'frame']);
  expect(items.map(({ offset }) => offset)).toEqual(starts);
});

test('a log that breaks off gives what is whole, then the rest as damage', async () => {
  const log = logOf([Buffer.from('one'), Buffer.from('two')]);
  const [, second] = await itemsOf(log);
  for (let length = second!.offset + 1; length < log.length; length++) {
    const items = await itemsOf(log.subarray(0, length));
    expect(items.map(({ kind, next }) => [kind, next])).toEqual([
      ['frame', second!.offset],
      ['damage', length],
    ]);
  }
});
