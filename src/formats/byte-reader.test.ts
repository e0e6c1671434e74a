import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteReader } from './byte-reader.ts';

test('what is consumed is what came, however it is cut and asked for, from one buffer used again and again', () =>
  fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300, size: 'max' }),
      fc.integer({ min: 1, max: 10 }),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 20 }),
      async (bytes, size, asks) => {
        async function* chunks(): AsyncGenerator<Uint8Array> {
          const buffer = Buffer.allocUnsafeSlow(size);
          for (let p = 0; p < bytes.length; p += size) {
            const part = bytes.subarray(p, p + size);
            buffer.set(part);
            yield await Promise.resolve(buffer.subarray(0, part.length));
          }
        }
        const reader = byteReader(chunks(), 0);
        const got: number[] = [];
        for (let i = 0; await reader.has(1); i++) {
          const ask = asks[i % asks.length]!;
          const n = (await reader.has(ask)) ? ask : reader.available;
          got.push(...reader.peek(n));
          reader.skip(n);
          expect(reader.offset).toBe(got.length);
        }
        expect(got).toEqual([...bytes]);
      },
    ),
  ));
