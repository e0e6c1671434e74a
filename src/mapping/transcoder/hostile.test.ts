import avro from 'avsc';
import { expect, test } from 'vitest';
import { avroText, zigzag } from '../../../test/support/avro-file.ts';
import { createAvroEncoder } from '../avro-encoder.ts';
import { compilePlan, type PlanContext } from '../plan.ts';
import { parseMappingSettings } from '../settings.ts';
import { decodeRecord } from './decode.ts';
import { recordFields } from './shape.ts';

const context: PlanContext = { settings: parseMappingSettings({}), salt: '' };

function encoderOf(...types: unknown[]) {
  const fields = types.map((type, i) => ({ name: `f${i}`, type }));
  return createAvroEncoder(
    { type: 'record', name: 'Click', fields },
    (all) => compilePlan('users.messages.email.Click', all, context),
    context,
  );
}

test('a schema nested without end is refused in words', () => {
  let type: unknown = 'int';
  for (let i = 0; i < 50_000; i++) type = { type: 'array', items: type };
  expect(() => encoderOf(type)).toThrow(/nest more than 200 levels/);
});

test('few bytes that claim endless values are refused at once', () => {
  const nulls = { type: 'array', items: { type: 'array', items: 'null' } };
  const claim = Buffer.concat([zigzag(900_000), zigzag(0)]);
  const list = Buffer.concat([zigzag(1000), ...Array<Buffer>(1000).fill(claim), zigzag(0)]);
  expect(encoderOf(nulls).holds(list, 1)).toBe(false);

  let doubled: unknown = { type: 'record', name: 'R0', fields: [] };
  for (let i = 1; i <= 60; i++)
    doubled = {
      type: 'record',
      name: `R${i}`,
      fields: [
        { name: 'a', type: doubled },
        { name: 'b', type: `R${i - 1}` },
      ],
    };
  expect(encoderOf(doubled).holds(Buffer.alloc(0), 1)).toBe(false);

  expect(encoderOf('null').holds(Buffer.alloc(0), 60_000_000)).toBe(false);
  expect(encoderOf('string', 'null').holds(Buffer.alloc(50_000), 50_000)).toBe(true);
});

test('types of the same short name are told apart by their namespaces', () => {
  const inner = (namespace: string, type: string) => ({
    type: 'record',
    name: 'Inner',
    namespace,
    fields: [{ name: 'v', type }],
  });
  const schema = {
    type: 'record',
    name: 'a.Outer',
    fields: [
      { name: 'first', type: inner('a', 'string') },
      { name: 'second', type: inner('b', 'int') },
      { name: 'third', type: 'Inner' },
    ],
  };
  const bytes = Buffer.concat([avroText('x'), zigzag(7), avroText('y')]);
  const record = decodeRecord(recordFields(schema), {
    bytes,
    at: 0,
    invalidTexts: 0,
    empties: Infinity,
  });
  const read: unknown = avro.Type.forSchema(schema as avro.Schema).fromBuffer(bytes);
  expect(JSON.stringify(record)).toBe(JSON.stringify(read));
});
