import avro from 'avsc';
import { expect, test } from 'vitest';
import { compileFill } from './fields.ts';
import { drive, JOURNEYS } from './journeys.ts';
import { Random, seedOf } from './random.ts';
import { ALL_TYPES, type EventSchema, SCHEMAS, writerSchema } from './schemas.ts';
import { population } from './users.ts';
import { workspaceOf } from './workspace.ts';

test('there are 94 writer schemas, and avsc takes them all', () => {
  expect(ALL_TYPES).toHaveLength(94);
  for (const [type, schema] of SCHEMAS) {
    const taken = avro.Type.forSchema(writerSchema(schema, 'GCS') as avro.Schema);
    expect(taken.name).toBe(`dataexport.GCS.inner.${type}`);
  }
});

test('an optional field is a union with null, null by default; lists are arrays', () => {
  const schema = SCHEMAS.get('users.messages.rcs.InboundReceive');
  expect(writerSchema(schema!, 'S3')).toMatchObject({
    fields: expect.arrayContaining([
      { name: 'id', type: 'string' },
      { name: 'time', type: 'int' },
      { name: 'user_id', type: ['null', 'string'], pii: true, default: null },
      {
        name: 'media_urls',
        type: ['null', { type: 'array', items: ['null', 'string'] }],
        default: null,
      },
    ]),
  });
});

test('personal data are marked as Braze marks them', () => {
  const marked = (type: string): string[] =>
    (writerSchema(SCHEMAS.get(type)!, 'S3') as { fields: { name: string; pii?: boolean }[] }).fields
      .filter(({ pii }) => pii)
      .map(({ name }) => name);
  expect(marked('users.messages.email.Bounce')).toStrictEqual([
    'user_id',
    'external_user_id',
    'email_address',
    'bounce_reason',
  ]);
  expect(marked('users.behaviors.Location')).toStrictEqual([
    'user_id',
    'external_user_id',
    'latitude',
    'longitude',
    'altitude',
    'ad_id',
  ]);
  expect(ALL_TYPES.flatMap(marked)).toHaveLength(310);
});

test('fields of a later release get plain values of their types', () => {
  const schema: EventSchema = {
    type: 'users.messages.fax.Send',
    fields: [
      { name: 'brand_new_text', base: 'string', optional: false },
      { name: 'brand_new_number', base: 'long', optional: true },
      { name: 'brand_new_list', base: 'list<string>', optional: true },
    ],
  };
  const random = new Random(seedOf('later'));
  const workspace = workspaceOf('later');
  const user = population('later', 0, workspace.apps);
  const [step] = drive({ random, workspace, users: 5, user }, JOURNEYS[0]!, 0, 1);
  const values = compileFill(schema)(step!, random);
  const type = avro.Type.forSchema(writerSchema(schema, 'S3') as avro.Schema);
  expect(
    type.isValid(Object.fromEntries(schema.fields.map(({ name }, i) => [name, values[i]]))),
  ).toBe(true);
});
