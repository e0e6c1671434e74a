import avro from 'avsc';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { zigzag } from '../../../test/support/avro-file.ts';
import { allEvents } from '../../catalogue/catalogue.ts';
import { Batch } from '../../core/batch.ts';
import { skippedOf } from '../../core/counts.ts';
import type { Slice } from '../../core/source.ts';
import { createAvroEncoder, sourceFields } from '../avro-encoder.ts';
import { mapRecord, newFieldsIn } from '../mapper.ts';
import { compilePlan, type PlanContext } from '../plan.ts';
import { type MappingInput, parseMappingSettings } from '../settings.ts';
import { recordFields } from './shape.ts';

const slice: Slice = { id: 'file.avro', version: '1', format: 'avro' };

/** Longs as Sluice gives them: a number where it is exact, else a bigint. */
const longType = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => {
    const wide = bytes.readBigInt64LE();
    return Number.isSafeInteger(Number(wide)) ? Number(wide) : wide;
  },
  toBuffer: (value: number | bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: Number,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isInteger(value),
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

function typeOf(schema: unknown): avro.Type {
  return avro.Type.forSchema(
    schema as avro.Schema,
    {
      registry: { long: longType },
      wrapUnions: 'never',
    } as unknown as Parameters<typeof avro.Type.forSchema>[1],
  );
}

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '\n', '\u0000', '\u001f', '\u007f', 'é', '漢', '😀', 'a'),
  }),
  fc.constantFrom('', '0', 'null', 'anonymous', 'x'.repeat(300), 'é'.repeat(200), '\u2028'),
);

const valueOf: Record<string, fc.Arbitrary<unknown>> = {
  string: text,
  int: fc.integer(),
  long: fc
    .oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
    .map((n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n)),
  float: fc.float(),
  double: fc.double(),
  boolean: fc.boolean(),
  texts: fc.array(text, { maxLength: 4 }),
  optionalTexts: fc.array(fc.option(text), { maxLength: 4 }),
  bytes: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
  map: fc.dictionary(fc.constantFrom('a', 'b', '1'), fc.integer()),
  enum: fc.constantFrom('ONE', 'TWO'),
  nested: fc.record({ x: fc.integer(), y: text }),
};

const avroOf = (kind: string, name: string): unknown =>
  ({
    texts: { type: 'array', items: 'string' },
    optionalTexts: { type: 'array', items: ['null', 'string'] },
    map: { type: 'map', values: 'int' },
    enum: { type: 'enum', name: `${name}Enum`, symbols: ['ONE', 'TWO'] },
    nested: {
      type: 'record',
      name: `${name}Record`,
      fields: [
        { name: 'x', type: 'int' },
        { name: 'y', type: 'string' },
      ],
    },
  })[kind] ?? kind;

const plainKey = fc.string({
  minLength: 1,
  maxLength: 6,
  unit: fc.constantFrom('a', 'b', '_', 'c'),
});
const plainBag = fc.dictionary(
  plainKey,
  fc.oneof(
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ maxLength: 8 }),
    fc.array(fc.oneof(fc.integer(), fc.string({ maxLength: 3 })), { maxLength: 3 }),
    fc.integer({ min: -99_999, max: 99_999 }).map((n) => n / 1000),
    fc.constantFrom(0.000001, 0.0000012, 1e21, -0, 0.1, 123456789012345.6),
  ),
);

const jsonText = fc.oneof(
  plainBag.map((bag) => JSON.stringify(bag)),
  plainBag.map((bag) => JSON.stringify(bag, null, 1)),
  fc
    .tuple(plainBag, plainBag)
    .map(([a, b]) => JSON.stringify(a).slice(0, -1) + ',' + JSON.stringify(b).slice(1)),
  fc.constantFrom(
    '{"a":1,"a":null}',
    '{"a":null,"a":2}',
    '{"a":01}',
    '{"a":1.50}',
    '{"a":-0}',
    '{"a":1e3}',
    '{"a":tru}',
    '{"a":1',
    '{"a":1}x',
    '{"a":1,}',
    '{"a":"b}',
    '{"a":[1,]}',
    '{"a":[[1]]}',
    '{"a":{"b":1}}',
  ),
  fc.json({ maxDepth: 2 }),
  fc.dictionary(text, fc.jsonValue({ maxDepth: 2 })).map((bag) => JSON.stringify(bag)),
  fc.constantFrom(
    '',
    'null',
    '[]',
    '{',
    '{"a":12345678901234567890}',
    '{"__proto__":1,"2":2,"1":"\\ud800"}',
  ),
);

interface Case {
  type: string;
  schema: {
    name: string;
    namespace: string;
    type: 'record';
    fields: { name: string; type: unknown }[];
  };
  records: Record<string, unknown>[];
}

const field = (
  name: string,
): fc.Arbitrary<{ name: string; type: unknown; value: fc.Arbitrary<unknown> }> =>
  fc
    .record({
      kind: fc.constantFrom(...Object.keys(valueOf)),
      optional: fc.constantFrom('no', 'first', 'last'),
    })
    .map(({ kind, optional }) => {
      const type = avroOf(kind, name);
      const value = valueOf[kind]!;
      if (optional === 'no') return { name, type, value };
      return {
        name,
        type: optional === 'first' ? ['null', type] : [type, 'null'],
        value: fc.option(value),
      };
    });

const fixedField = (name: string, type: unknown, value: fc.Arbitrary<unknown>) =>
  fc.constant({ name, type, value });

const cases: fc.Arbitrary<Case> = fc
  .constantFrom(
    ...allEvents().map((event) => event.type),
    'users.behaviors.CustomEvent',
    'users.behaviors.Purchase',
    'users.messages.carousel.Swipe',
  )
  .chain((type) => {
    const event = allEvents().find((each) => each.type === type);
    const identity = [
      fixedField('id', 'string', fc.oneof(fc.uuid(), text)),
      fixedField('time', 'int', fc.oneof(fc.integer({ min: 31_536_000 }), fc.integer())),
      fixedField('external_user_id', ['null', 'string'], fc.option(fc.oneof(text, fc.uuid()))),
      fixedField('user_id', 'string', fc.oneof(fc.uuid(), text, fc.constant('x'.repeat(250)))),
    ];
    const own = (event?.properties ?? [])
      .filter(
        (p) => p.field !== null && !['id', 'time', 'external_user_id', 'user_id'].includes(p.field),
      )
      .map((p) =>
        p.type === 'string'
          ? fixedField(p.field!, ['null', 'string'], fc.option(text))
          : field(p.field!),
      );
    const bag = event?.dynamic ? [fixedField('properties', 'string', jsonText)] : [];
    const name = event?.nameFrom === undefined ? [] : [fixedField('name', 'string', text)];
    const taken = new Set(event?.properties.map((p) => p.field));
    const extra = ['brand_new', 'timezone', 'another_new']
      .filter((each) => !taken.has(each))
      .map(field);
    return fc
      .tuple(...identity, ...own, ...bag, ...name, ...extra)
      .chain((all) => fc.shuffledSubarray(all, { minLength: Math.ceil(all.length * 0.7) }))
      .chain((fields) => {
        const record = fc.record(Object.fromEntries(fields.map((each) => [each.name, each.value])));
        return fc.record({
          type: fc.constant(type),
          schema: fc.constant({
            type: 'record' as const,
            name: type.split('.').at(-1)!,
            namespace: `dataexport.S3.inner.${type.split('.').slice(0, -1).join('.')}`,
            fields: fields.map((each) => ({ name: each.name, type: each.type })),
          }),
          records: fc.array(record as fc.Arbitrary<Record<string, unknown>>, {
            minLength: 1,
            maxLength: 4,
          }),
        });
      });
  });

const settings: fc.Arbitrary<MappingInput> = fc.record({
  usersWithoutExternalId: fc.constantFrom('skip', 'anonymous'),
  shape: fc.constantFrom('native', 'full'),
  uncatalogued: fc.constantFrom('skip', 'send'),
  newFields: fc.constantFrom('skip', 'send'),
  joiner: fc.constantFrom(' ', '', '_'),
  longStrings: fc.constantFrom('truncate', 'keep'),
  refusedIds: fc.constantFrom('exact', 'any-case'),
  privacy: fc.record({
    pii: fc.constantFrom('keep', 'remove', 'hash'),
    identity: fc.constantFrom('keep', 'hash'),
    fields: fc.constantFrom(
      {},
      { campaign_name: 'hash' },
      { properties: 'remove' },
      { 'properties.a': 'hash' },
    ),
  }),
  static: fc.constantFrom({}, { $source: 'sluice', zone: 7, on: true }),
} as const) as fc.Arbitrary<MappingInput>;

/** Renders records the slow, independent way: avsc decodes, the object mapper maps. */
function expected(input: Case, context: PlanContext) {
  const avroType = typeOf(input.schema);
  const fields = sourceFields(recordFields(input.schema));
  const plan = compilePlan(input.type, fields, context);
  return input.records.map((record) => {
    const read = avroType.fromBuffer(avroType.toBuffer(record)) as Record<string, unknown>;
    const outcome = mapRecord(plan, read, context);
    const news = outcome.kind === 'event' ? newFieldsIn(plan, read) : [];
    return { outcome, news };
  });
}

/** The same by the product's own way: one block, generated code, batches of `events`. */
function actual(input: Case, context: PlanContext, events = 2000) {
  const avroType = typeOf(input.schema);
  const block = Buffer.concat(input.records.map((record) => avroType.toBuffer(record)));
  const encoder = createAvroEncoder(
    input.schema,
    (fields) => compilePlan(input.type, fields, context),
    context,
  );
  expect(encoder.holds(block, input.records.length)).toBe(true);
  const encode = encoder.open(block, input.records.length, slice);
  const batches: Batch[] = [];
  let done = 0;
  while (done < input.records.length) {
    const batch = new Batch({ events, bytes: 9_500_000, records: events }, Buffer.alloc(64));
    batch.enter(slice, { offset: 0, index: done, record: done });
    done = encode(done, 0, batch);
    batches.push(batch);
  }
  return { batches, encoder };
}

describe('the transcoder and the object mapper', () => {
  test('give the same bytes, skips and dead letters for random schemas, records and settings', () => {
    let transcoded = 0;
    fc.assert(
      fc.property(cases, settings, (input, wanted) => {
        const context: PlanContext = {
          settings: parseMappingSettings(wanted),
          token: 'T',
          salt: 's',
        };
        const want = expected(input, context);
        const { batches, encoder } = actual(input, context);
        const batch = batches[0]!;
        if (encoder.transcodes) transcoded++;
        const lines = Buffer.from(batch.lines).toString('utf8').split('\n').slice(0, -1);
        expect(lines).toEqual(
          want.flatMap(({ outcome }) => (outcome.kind === 'event' ? [outcome.json] : [])),
        );
        const counts = batch.tally(encoder.plan.eventType);
        expect(counts.read).toBe(input.records.length);
        expect(skippedOf(counts)).toBe(
          want.filter(({ outcome }) => outcome.kind === 'skip').length,
        );
        expect(
          batch.deadLetters.map(({ cause, detail, record }) => ({ cause, detail, record })),
        ).toEqual(
          want.flatMap(({ outcome }, record) =>
            outcome.kind === 'dead-letter'
              ? [{ cause: outcome.cause, detail: outcome.detail, record }]
              : [],
          ),
        );
        const news = want.flatMap((each) => each.news);
        expect(Object.values(counts.newFields).reduce((a, b) => a + b, 0)).toBe(news.length);
      }),
      { numRuns: 600 },
    );
    expect(transcoded).toBeGreaterThan(100);
  });

  test('give the same events whatever the size of the batches', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 3 }), (input, events) => {
        const context: PlanContext = { settings: parseMappingSettings({}), salt: '' };
        const whole = Buffer.from(actual(input, context).batches[0]!.lines).toString();
        const parts = actual(input, context, events).batches.map((batch) =>
          Buffer.from(batch.lines).toString(),
        );
        expect(parts.join('')).toBe(whole);
      }),
      { numRuns: 100 },
    );
  });
});

const CLICK = 'users.messages.email.Click';
const ID_FIELDS = [
  { name: 'id', type: 'string' },
  { name: 'time', type: 'int' },
  { name: 'external_user_id', type: 'string' },
];
const ID_VALUES = { id: 'id-1', time: 1_780_000_000, external_user_id: 'ana' };

function clickCase(
  fields: { name: string; type: unknown }[],
  records: Record<string, unknown>[],
): Case {
  return {
    type: CLICK,
    schema: {
      type: 'record',
      name: 'Click',
      namespace: 'dataexport.S3.inner.users.messages.email',
      fields: [...ID_FIELDS, ...fields],
    },
    records: records.map((record) => ({ ...ID_VALUES, ...record })),
  };
}

function outcomes(input: Case, wanted: MappingInput) {
  const context: PlanContext = { settings: parseMappingSettings(wanted), token: 'T', salt: 's' };
  const want = expected(input, context).map(({ outcome }) => outcome);
  const { batches, encoder } = actual(input, context);
  const lines = Buffer.from(batches[0]!.lines).toString().split('\n').slice(0, -1);
  expect(lines).toEqual(want.flatMap((each) => (each.kind === 'event' ? [each.json] : [])));
  return { want, lines, letters: batches[0]!.deadLetters, batch: batches[0]!, encoder };
}

test('a schema of more fields than an event may have properties: only the present ones count', () => {
  const names = Array.from({ length: 300 }, (_, i) => `field_${i}`);
  const all = Object.fromEntries(names.map((name) => [name, 'x']));
  const none = Object.fromEntries(names.map((name) => [name, null]));
  const { want, letters } = outcomes(
    clickCase(
      names.map((name) => ({ name, type: ['null', 'string'] })),
      [all, none],
    ),
    { newFields: 'send' },
  );
  expect(want.map(({ kind }) => kind)).toEqual(['dead-letter', 'event']);
  expect(letters.map(({ cause }) => cause)).toEqual(['too_many_properties']);
});

test('a new field of any plain type is counted without leaving the fast path', () => {
  const kinds = ['float', 'double', 'texts', 'map', 'nested', 'string', 'enum'];
  const values: Record<string, unknown> = {
    float: 0.5,
    double: 0.5,
    texts: ['a'],
    map: {},
    nested: { x: 1, y: '' },
    string: '',
    enum: 'ONE',
  };
  const names = kinds.map((kind) => `new_${kind}`);
  const { batch, encoder } = outcomes(
    clickCase(
      kinds.map((kind, i) => ({ name: names[i]!, type: ['null', avroOf(kind, names[i]!)] })),
      [
        Object.fromEntries(kinds.map((kind, i) => [names[i]!, values[kind]])),
        { ...Object.fromEntries(names.map((name) => [name, null])), new_float: NaN },
      ],
    ),
    {},
  );
  expect(encoder.transcodes).toBe(true);
  expect(batch.tally(CLICK).newFields).toEqual(Object.fromEntries(names.map((name) => [name, 1])));
});

test('new fields named like parts of every object are counted too', () => {
  const names = ['__proto__', 'constructor'];
  const { encoder, batch } = outcomes(
    clickCase(
      names.map((name) => ({ name, type: 'string' })),
      [Object.fromEntries(names.map((name) => [name, 'x']))],
    ),
    {},
  );
  expect(encoder.transcodes).toBe(true);
  expect(Object.entries(batch.tally(CLICK).newFields)).toEqual(names.map((name) => [name, 1]));
});

test('lengths and indexes written in more bytes than they need are read as what they are', () => {
  const fields = [
    ...ID_FIELDS,
    { name: 'url', type: 'string' },
    { name: 'user_list', type: { type: 'array', items: ['null', 'string'] } },
  ];
  const long = (value: number) => [(value << 1) | 0x80, 0x80, 0];
  const text = (value: string) => [...long(value.length), ...Buffer.from(value)];
  const record = (who: string) =>
    Buffer.from([
      ...[...text('id-1'), ...zigzag(1_780_000_000), ...text(who), ...text('u')],
      ...[...long(2), ...long(0), ...long(1), ...text('v'), ...long(0)],
    ]);
  const block = Buffer.concat([record('ana'), record('')]);
  for (const privacy of [{}, { identity: 'hash', fields: { url: 'hash' } }] as const) {
    const context: PlanContext = {
      settings: parseMappingSettings({ newFields: 'send', privacy }),
      salt: 's',
    };
    const encoder = createAvroEncoder(
      { type: 'record', name: 'Click', fields },
      (all) => compilePlan(CLICK, all, context),
      context,
    );
    expect(encoder.transcodes).toBe(true);
    expect(encoder.holds(block, 2)).toBe(true);
    const batch = new Batch({ events: 10, bytes: 9_500_000 }, Buffer.alloc(64));
    batch.enter(slice, { offset: 0, index: 0, record: 0 });
    encoder.open(block, 2, slice)(0, 0, batch);
    const want = mapRecord(
      encoder.plan,
      { ...ID_VALUES, url: 'u', user_list: [null, 'v'] },
      context,
    );
    expect(want.kind === 'event' && `${want.json}\n`).toBe(Buffer.from(batch.lines).toString());
    expect(batch.tally(CLICK).skipped).toEqual({ no_external_user_id: 1 });
  }
});

test('a block whose bytes do not add up to its records is refused whole', () => {
  fc.assert(
    fc.property(cases, fc.nat(), fc.integer({ min: 1, max: 255 }), (input, place, change) => {
      const avroType = typeOf(input.schema);
      const block = Buffer.concat(input.records.map((record) => avroType.toBuffer(record)));
      const context: PlanContext = { settings: parseMappingSettings({}), salt: '' };
      const encoder = createAvroEncoder(
        input.schema,
        (fields) => compilePlan(input.type, fields, context),
        context,
      );
      expect(encoder.holds(block.subarray(0, -1), input.records.length)).toBe(false);
      expect(encoder.holds(Buffer.concat([block, Buffer.alloc(1)]), input.records.length)).toBe(
        false,
      );
      block[place % block.length]! ^= change;
      if (encoder.holds(block, input.records.length)) {
        const batch = new Batch({ events: 2000, bytes: 9_500_000 }, Buffer.alloc(64));
        batch.enter(slice, { offset: 0, index: 0, record: 0 });
        expect(encoder.open(block, input.records.length, slice)(0, 0, batch)).toBe(
          input.records.length,
        );
        for (const line of Buffer.from(batch.lines).toString().split('\n').slice(0, -1))
          JSON.parse(line);
      }
    }),
    { numRuns: 300 },
  );
});
