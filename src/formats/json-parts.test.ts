import fc from 'fast-check';
import { expect, test } from 'vitest';
import { depthOf, partsOf } from './json-parts.ts';

const spaced = fc.tuple(fc.json({ maxDepth: 4 }), fc.constantFrom(undefined, 1, '\t'));

test('the parts of valid JSON are what a parser finds', () =>
  fc.assert(
    fc.property(spaced, ([compact, indent]) => {
      const value = JSON.parse(compact) as unknown;
      const json = Buffer.from(JSON.stringify(value, null, indent));
      const whole = { start: 0, end: json.length };
      const kind = Array.isArray(value) ? 'array' : 'object';
      const parts = partsOf(json, whole, kind);
      if (typeof value !== 'object' || value === null) {
        expect(parts).toBeUndefined();
        return;
      }
      expect(partsOf(json, whole, kind === 'array' ? 'object' : 'array')).toBeUndefined();
      const found = parts!.map(({ key, part }): [string | undefined, unknown] => [
        key,
        JSON.parse(json.toString('utf8', part.start, part.end)),
      ]);
      if (Array.isArray(value)) expect(found.map(([, each]) => each)).toEqual(value);
      else expect(Object.fromEntries(found)).toEqual(value);
    }),
  ));

test.each([
  [0, '"[[["'],
  [1, '["\\"[["]'],
  [2, '{"a":[{}],"b":"]"}'.replace('{}', '1')],
  [100_000, '['.repeat(100_000) + ']'.repeat(100_000)],
])('brackets nest %i deep', (depth, json) => {
  expect(depthOf(Buffer.from(json))).toBe(depth);
});
