import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createGzip } from './gzip.ts';

const gzip = createGzip();

function expectWhole(bytes: Uint8Array): void {
  expect(gunzipSync(gzip(bytes)).equals(bytes)).toBe(true);
}

/** Mulberry32: bytes that a seed repeats. */
function noise(length: number, seed = 1): Buffer {
  let state = seed;
  return Buffer.from(
    Uint8Array.from({ length }, () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return t >>> 24;
    }),
  );
}

test.each([
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['one byte a million times', Buffer.alloc(1_000_000, 'x')],
  ['every byte once', Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i))],
  ['noise', noise(700_000)],
  ['a segment to the byte', noise(256 * 1024)],
  ['a segment and one byte', noise(256 * 1024 + 1)],
  ['a repeat at the edge of the window', Buffer.concat([noise(32_768), noise(32_768)])],
  ['a repeat just out of it', Buffer.concat([noise(32_769), noise(32_769)])],
  ['two letters', noise(300_000).map((byte) => 97 + (byte & 1))],
  ['counts like Fibonacci, which make the deepest codes', fibonacci()],
])('%s comes back', (_name, bytes) => {
  expectWhole(bytes);
});

function fibonacci(): Buffer {
  const parts: Buffer[] = [];
  let [a, b] = [1, 1];
  for (let letter = 0; letter < 24; letter++) {
    parts.push(Buffer.alloc(a, letter));
    [a, b] = [b, a + b];
  }
  const all = Buffer.concat(parts);
  const order = noise(all.length * 4, 7);
  return Buffer.from(
    Array.from(all, (byte, i) => ({ byte, key: order.readUInt32LE(i * 4) }))
      .toSorted((x, y) => x.key - y.key)
      .map(({ byte }) => byte),
  );
}

test('any bytes come back, whatever was compressed before', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }),
    fc.string({ unit: 'grapheme', maxLength: 500 }).map((text) => Buffer.from(text)),
    fc.nat(255).map((byte) => new Uint8Array(500).fill(byte)),
    fc.integer({ min: 1, max: 1000 }).map((seed) => noise(5000, seed)),
  );
  const repeated = fc.tuple(piece, fc.integer({ min: 1, max: 40 }));
  fc.assert(
    fc.property(fc.array(repeated, { maxLength: 12 }), (all) => {
      expectWhole(
        Buffer.concat(all.flatMap(([bytes, times]) => Array<Uint8Array>(times).fill(bytes))),
      );
    }),
    { numRuns: 300 },
  );
});

test('lines of JSON come back, and far smaller', () => {
  const lines = Array.from({ length: 20_000 }, (_, i) =>
    JSON.stringify({
      event: 'Email Click',
      properties: {
        distinct_id: `user-${(i * 7919) % 997}`,
        time: 1_780_000_000 + i,
        url: `https://example.com/${i}`,
      },
    }),
  );
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  expectWhole(bytes);
  expect(gzip(bytes).length * 6).toBeLessThan(bytes.length);
});

test('a result stays as it is when the next is made', () => {
  const first = gzip(Buffer.from('the first text, the first text'));
  gzip(noise(100_000));
  expect(gunzipSync(first).toString()).toBe('the first text, the first text');
});
