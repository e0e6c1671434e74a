import avro from 'avsc';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ByteSink,
  compileRecordWriter,
  type Value,
  writeLong,
  writeString,
} from './avro-writer.ts';
import type { Field } from './schemas.ts';
import { writerSchema } from './schemas.ts';

const FIELDS: readonly Field[] = [
  { name: 'text', base: 'string', optional: false },
  { name: 'maybe_text', base: 'string', optional: true },
  { name: 'whole', base: 'int', optional: false },
  { name: 'long', base: 'long', optional: true },
  { name: 'flag', base: 'boolean', optional: true },
  { name: 'number', base: 'float', optional: true },
  { name: 'texts', base: 'list<string>', optional: true },
  { name: 'gaps', base: 'list<string?>', optional: true },
];

const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const orNull = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null });
const row: fc.Arbitrary<Value[]> = fc.tuple(
  text,
  orNull(text),
  fc.integer(),
  orNull(fc.integer({ min: -(2 ** 52), max: 2 ** 52 })),
  orNull(fc.boolean()),
  orNull(fc.float({ noNaN: true })),
  orNull(fc.array(text)),
  orNull(fc.array(orNull(text))),
);

test('what is written, avsc reads', () => {
  const type = avro.Type.forSchema(
    writerSchema({ type: 'test.Row', fields: FIELDS }, 'S3') as avro.Schema,
  );
  const write = compileRecordWriter(FIELDS);
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (rows) => {
      const sink = new ByteSink(1);
      for (const values of rows) write(sink, values);
      let offset = 0;
      for (const values of rows) {
        const { value, offset: next } = type.decode(sink.view(), offset);
        expect({ ...value }).toStrictEqual(
          Object.fromEntries(FIELDS.map(({ name }, i) => [name, values[i]])),
        );
        offset = next;
      }
      expect(offset).toBe(sink.length);
    }),
  );
});

test.each([0, -1, 1, 63, 64, -64, -65, 2 ** 31, -(2 ** 31), 2 ** 50])('the long %i', (n) => {
  const sink = new ByteSink(1);
  writeLong(sink, n);
  expect(avro.Type.forSchema('long').fromBuffer(sink.view())).toBe(n);
});

test.each([0, 1, 21, 22, 63, 64, 65])(
  'a text of %i letters, in one byte each and in three',
  (n) => {
    for (const letter of ['a', '東']) {
      const sink = new ByteSink(1);
      writeString(sink, letter.repeat(n));
      expect(avro.Type.forSchema('string').fromBuffer(sink.view())).toBe(letter.repeat(n));
    }
  },
);

test('null where there must be a value is refused, with the field named', () => {
  const write = compileRecordWriter(FIELDS);
  expect(() => write(new ByteSink(), [null, null, 1, null, null, null, null, null])).toThrow(
    "the field text can't be null",
  );
});
