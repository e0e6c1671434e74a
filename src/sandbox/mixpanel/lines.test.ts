import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitArray, splitLines } from './lines.ts';

test('an array splits into the very elements that JSON has', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 1, 2), (values, indent) => {
      const parts = splitArray(Buffer.from(JSON.stringify(values, null, indent)));
      expect(parts?.map((part) => JSON.parse(part.toString()) as unknown)).toEqual(
        JSON.parse(JSON.stringify(values)),
      );
    }),
  );
});

test.each(['', ' ', '{}', '[', ']', '[1', '[1]]', '[[1]', '7', 'null'])('no array: %j', (text) => {
  expect(splitArray(Buffer.from(text))).toBeUndefined();
});

test('both stop once there are more than asked for', () => {
  expect(splitArray(Buffer.from('[1,2,3,4,5]'), 2)).toHaveLength(3);
  expect(splitArray(Buffer.from('[1,2]'), 2)).toHaveLength(2);
  expect(splitLines(Buffer.from('1\n2\n3\n4\n'), 2)).toHaveLength(3);
  expect(splitLines(Buffer.from('1\n2\n'), 2)).toHaveLength(2);
});

test('lines split at newlines, and blank ones do not count', () => {
  const lines = splitLines(Buffer.from('\n{"a":1}\r\n \t\n{"b":2}'));
  expect(lines.map(String)).toEqual(['{"a":1}\r', '{"b":2}']);
});
