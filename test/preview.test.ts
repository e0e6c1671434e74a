import { join } from 'node:path';
import avro from 'avsc';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sourceFields } from '../src/mapping/avro-encoder.ts';
import { mapRecord } from '../src/mapping/mapper.ts';
import { compilePlan, type PlanContext } from '../src/mapping/plan.ts';
import { type MappingInput, parseMappingSettings } from '../src/mapping/settings.ts';
import { recordFields } from '../src/mapping/transcoder/shape.ts';
import { SCHEMAS, writerSchema } from '../src/sandbox/braze/schemas.ts';
import type { Codec } from './support/avro-file.ts';
import { clicks, type CurrentsSchema, currentsFile, put } from './support/currents-file.ts';
import { openScene, type Scene } from './support/scene.ts';
import { schemaFields } from './support/writer-schemas.ts';

const CODECS: readonly Codec[] = ['null', 'deflate', 'snappy', 'zstandard'];
const RECORDS = 25;
const SEED = 20_260_601;

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\u0000', '\u001f', 'é', '漢', '😀', 'a') }),
  fc.constantFrom('', 'x'.repeat(300), 'é'.repeat(200), '\u2028', 'null'),
);
const BY_TYPE: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: text,
  int: fc.integer(),
  long: fc.maxSafeInteger(),
  float: fc.float(),
  double: fc.double(),
  boolean: fc.boolean(),
};

function valueOf(name: string, type: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(type)) {
    const own = type.filter((each) => each !== 'null');
    return fc.option(fc.oneof(...own.map((each) => valueOf(name, each))));
  }
  if (name === 'id') return fc.oneof({ weight: 9, arbitrary: fc.uuid() }, text);
  if (name === 'external_user_id') return fc.oneof(fc.uuid(), text);
  if (name === 'time') return fc.oneof(fc.integer({ min: 1_700_000_000 }), fc.integer());
  if (name === 'properties') return fc.oneof(fc.json({ maxDepth: 2 }), text);
  if (typeof type === 'object' && type !== null) {
    const { type: kind, items } = type as { type: string; items: unknown };
    if (kind !== 'array') return valueOf(name, kind);
    return fc.array(valueOf(`${name}[]`, items), { maxLength: 4 });
  }
  return BY_TYPE[type as string]!;
}

/** What the independent way gives: avsc decodes, the object mapper maps. */
function expectedLines(
  type: string,
  schema: CurrentsSchema,
  records: readonly Record<string, unknown>[],
  settings: MappingInput,
): string[] {
  const context: PlanContext = {
    settings: parseMappingSettings(settings),
    token: '<token>',
    salt: 'pepper',
  };
  const avroType = avro.Type.forSchema(schema as avro.Schema, { wrapUnions: false });
  const plan = compilePlan(type, sourceFields(recordFields(schema)), context);
  return records.map((record) => {
    const read = avroType.fromBuffer(avroType.toBuffer(record)) as Record<string, unknown>;
    const outcome = mapRecord(plan, read, context);
    switch (outcome.kind) {
      case 'event':
        return `{"type":${JSON.stringify(type)},"outcome":"event","event":${outcome.json}}`;
      case 'skip':
        return JSON.stringify({ type, outcome: 'skip', reason: outcome.reason });
      case 'dead-letter': {
        const { cause, detail } = outcome;
        return JSON.stringify({ type, outcome: 'dead-letter', cause, detail });
      }
    }
  });
}

async function previewOf(
  scene: Scene,
  files: readonly string[],
  settings: MappingInput,
): Promise<string[]> {
  const file = await put(scene.root, 'settings.json', JSON.stringify(settings));
  const { code, stdout, stderr } = await scene.run(['preview', ...files, '--settings', file], {
    env: { SLUICE_SALT: 'pepper' },
  });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout.split('\n').slice(0, -1);
}

const types = [...SCHEMAS.keys()];

test.each<[string, MappingInput]>([
  ['by default', {}],
  [
    'with everything sent and hashed',
    {
      usersWithoutExternalId: 'anonymous',
      shape: 'full',
      uncatalogued: 'send',
      newFields: 'send',
      eventNames: 'channel',
      longStrings: 'keep',
      privacy: { pii: 'hash', identity: 'hash' },
      static: { $source: 'sluice' },
    },
  ],
])(
  'preview of all 94 writer schemas is what avsc and the object mapper give, %s',
  async (_name, settings) => {
    expect(types).toHaveLength(94);
    await using scene = await openScene();
    const files: string[] = [];
    const expected: string[] = [];
    for (const [i, type] of types.entries()) {
      const schema = writerSchema(SCHEMAS.get(type)!, 'S3') as CurrentsSchema;
      const record = fc.record(
        Object.fromEntries(
          schemaFields(type).map(({ name, type: of }) => [name, valueOf(name, of)]),
        ),
      );
      const records = fc.sample(record, { seed: SEED + i, numRuns: RECORDS });
      const bytes = currentsFile(records, { schema, codec: CODECS[i % 4]!, perBlock: 10 });
      files.push(await put(scene.currents, `${type}.avro`, bytes));
      expected.push(...expectedLines(type, schema, records, settings));
    }
    const lines = await previewOf(scene, files, settings);
    expect(lines).toHaveLength(94 * RECORDS);
    expect(lines).toEqual(expected);
    const outcomes = new Set(
      lines.map((line) => (JSON.parse(line) as { outcome: string }).outcome),
    );
    expect(outcomes).toContain('event');
    expect(outcomes).toContain('dead-letter');
  },
);

test('preview takes a pushed body, a list and a single event', async () => {
  await using scene = await openScene();
  const event = {
    event_type: 'users.messages.email.Open',
    id: '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
    time: 1_780_000_000,
    user: { external_user_id: 'ana', device_id: 'D1' },
    properties: { campaign_name: 'Spring' },
  };
  const mapped = {
    type: 'users.messages.email.Open',
    outcome: 'event',
    event: {
      event: 'Email Open',
      properties: {
        $partner_id: 'braze',
        distinct_id: 'ana',
        $insert_id: event.id,
        time: event.time,
        token: '<token>',
        campaign_name: 'Spring',
        device_id: 'D1',
      },
    },
  };
  for (const body of [{ events: [event] }, [event], event]) {
    const file = await put(scene.root, 'body.json', JSON.stringify(body));
    const lines = await previewOf(scene, [file], {});
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([mapped]);
  }
});

test('preview goes on behind a file that cannot be read, says so, and ends with 5', async () => {
  await using scene = await openScene();
  const bad = await put(scene.root, 'bad.avro', 'nonsense');
  const good = await put(
    scene.root,
    'good.avro',
    currentsFile([{ id: 'a', user_id: 'b', external_user_id: 'ana', time: 1_780_000_000 }]),
  );
  const { code, stdout, stderr } = await scene.run(['preview', bad, good]);
  expect(code).toBe(5);
  expect(stdout.split('\n').slice(0, -1)).toHaveLength(1);
  expect(stderr).toContain('bad.avro');
  expect(stderr).toContain('no Avro file');
});

test('preview stops at its limit, and refuses settings that make no sense', async () => {
  await using scene = await openScene();
  const file = await put(scene.root, 'many.avro', currentsFile(clicks('many', 50)));
  const few = await scene.run(['preview', file, '--limit', '7']);
  expect(few.stdout.split('\n').slice(0, -1)).toHaveLength(7);
  const wrong = await put(scene.root, 'wrong.yaml', 'privacy:\n  pii: shred\n');
  const refused = await scene.run(['preview', file, '--settings', wrong]);
  expect(refused.code).toBe(2);
  expect(refused.stdout).toBe('');
  expect(refused.stderr).toContain('privacy.pii');
  expect(await scene.run(['preview', join(scene.root, 'none.avro')])).toMatchObject({ code: 5 });
});
