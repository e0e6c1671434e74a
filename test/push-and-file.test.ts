import avro from 'avsc';
import { describe, expect, test } from 'vitest';
import { allEvents } from '../src/catalogue/catalogue.ts';
import { Batch } from '../src/core/batch.ts';
import { addCounts, type Counts, skippedOf, totalOf } from '../src/core/counts.ts';
import { type Slice, type Source, START } from '../src/core/source.ts';
import { frameHead } from '../src/formats/push-log.ts';
import { createMapping, type Mapping } from '../src/mapping/mapping.ts';
import { type MappingInput, parseMappingSettings } from '../src/mapping/settings.ts';
import { createUnpack } from '../src/mapping/unpack.ts';
import { customHttpBatch } from '../src/sandbox/braze/custom-http.ts';
import { generate } from '../src/sandbox/braze/generate.ts';
import { type GeneratedRecord, records } from '../src/sandbox/braze/records.ts';
import { fieldsOf, readGolden } from './golden/cases.ts';
import { avroFile } from './support/avro-file.ts';
import { schemaOf } from './support/writer-schemas.ts';

interface Sent {
  readonly event: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What is sent of a slice, by `$insert_id`, and the counts. */
async function sentOf(
  bytes: Uint8Array,
  slice: Slice,
  mapping: Mapping,
  counts: Counts,
): Promise<Map<string, Sent>> {
  const source: Source = {
    name: 'memory',
    async *list() {},
    async *open(_slice, from) {
      yield await Promise.resolve(bytes.subarray(from));
    },
    close: () => Promise.resolve(),
  };
  const sent = new Map<string, Sent>();
  let batch = new Batch({ events: 2000, bytes: 9_500_000 }, Buffer.alloc(1024));
  batch.enter(slice, START);
  const flush = (): void => {
    for (const line of Buffer.from(batch.lines).toString().split('\n').filter(Boolean)) {
      const event = JSON.parse(line) as Sent;
      sent.set(String(event.properties['$insert_id']), event);
    }
    addCounts(counts, batch.advances[0]!.counts);
    batch = new Batch(batch.limits, batch.buffer);
    batch.enter(slice, START);
  };
  const { signal } = new AbortController();
  for await (const piece of createUnpack(source, mapping)(slice, START, signal))
    for (let done = 0; done < piece.records; flush()) done = piece.encode(done, 0, batch);
  flush();
  return sent;
}

function pushLogOf(generated: readonly GeneratedRecord[]): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < generated.length; i += 100) {
    const body = Buffer.from(JSON.stringify(customHttpBatch(generated.slice(i, i + 100))));
    parts.push(frameHead(body, Date.now()), body);
  }
  return Buffer.concat(parts);
}

const PUSH_LOG: Slice = { id: 'pushes', version: '1', format: 'push-log' };

/** Properties that only one of the two carries, by event type. */
type OnlyOne = Record<string, { file: Set<string>; push: Set<string> }>;

function compare(type: string, file: Sent, push: Sent, onlyOne: OnlyOne): void {
  expect(push.event).toBe(file.event);
  const found = (onlyOne[type] ??= { file: new Set(), push: new Set() });
  const both: Record<string, unknown> = {};
  for (const name of Object.keys(file.properties))
    if (name in push.properties) both[name] = push.properties[name];
    else found.file.add(name);
  expect(file.properties).toMatchObject(both);
  expect(Object.keys(both)).toEqual(
    expect.arrayContaining(['distinct_id', 'time', '$insert_id', 'token']),
  );
  for (const name of Object.keys(push.properties))
    if (!(name in file.properties)) found.push.add(name);
}

/** A push may know the device where storage does not. Nothing else differs. */
function expectKnown(onlyOne: OnlyOne): void {
  for (const [type, { file, push }] of Object.entries(onlyOne)) {
    expect([type, ...file]).toEqual([type]);
    expect([type, ...push].filter((name) => name !== 'device_id')).toEqual([type]);
  }
}

const SETTINGS: [string, MappingInput][] = [
  ['as the native connector', {}],
  [
    'with ids hashed, texts cut and users without an id',
    {
      usersWithoutExternalId: 'anonymous',
      longStrings: 'truncate',
      privacy: { identity: 'hash', fields: { email_address: 'hash', url: 'remove' } },
    },
  ],
];

describe.each(SETTINGS)('%s, a record gives the same event by push and by file', (_, input) => {
  const mapping = createMapping(parseMappingSettings(input), { token: 'project', salt: 'pepper' });

  test('for everything that the generator makes', async () => {
    const options = { events: 12_000, seed: 'both ways', anonymousShare: 0.1 };
    const [fileCounts, pushCounts]: Counts[] = [new Map(), new Map()];
    const fromFiles = new Map<string, Sent>();
    for (const { path, bytes } of generate(options)) {
      const slice: Slice = { id: path, version: '1', format: 'avro' };
      for (const [id, event] of await sentOf(bytes, slice, mapping, fileCounts!))
        fromFiles.set(id, event);
    }
    const made = [...records(options)];
    const fromPushes = await sentOf(pushLogOf(made), PUSH_LOG, mapping, pushCounts!);

    const ids = [...fromFiles.keys()].toSorted();
    expect([...fromPushes.keys()].toSorted()).toEqual(ids);
    const [file, push] = [totalOf(fileCounts!), totalOf(pushCounts!)];
    expect(file.read).toBe(options.events);
    expect([push.read, skippedOf(push), push.deadLetters]).toEqual([
      ...[file.read, skippedOf(file), file.deadLetters],
    ]);
    expect(push.skipped).toEqual(file.skipped);

    const typeOf = new Map(made.map(({ type, record }) => [String(record['id']), type]));
    const onlyOne: OnlyOne = {};
    for (const id of ids)
      compare(typeOf.get(id)!, fromFiles.get(id)!, fromPushes.get(id)!, onlyOne);
    expectKnown(onlyOne);
    const withDevice = Object.keys(onlyOne).filter((type) => onlyOne[type]!.push.has('device_id'));
    // The catalogue names 21 types whose storage records lack it.
    expect(withDevice).toHaveLength(21);
  });

  test.each(allEvents().map((event) => [event.type, event] as const))(
    'for %s with every field filled',
    async (type, event) => {
      const { record } = readGolden(type);
      const schema = schemaOf(type, fieldsOf(event));
      const data = avro.Type.forSchema(schema as avro.Schema).toBuffer(record);
      const slice: Slice = { id: 'f.avro', version: '1', format: 'avro' };
      const bytes = avroFile(schema, [{ count: 1, data }]);
      const made = [{ type, record, user: {} }] as unknown as GeneratedRecord[];
      // Braze writes decimals as they are; the record has them as a reader widens them.
      const body = pushLogOf(
        made.map((each) => ({ ...each, record: asPushed(record) }) as GeneratedRecord),
      );
      const [file] = (await sentOf(bytes, slice, mapping, new Map())).values();
      const [push] = (await sentOf(body, PUSH_LOG, mapping, new Map())).values();
      expect(file).toBeDefined();
      const onlyOne: OnlyOne = {};
      compare(type, file!, push!, onlyOne);
      expectKnown(onlyOne);
    },
  );
});

function asPushed(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries: [string, unknown][] = Object.entries({ device_id: 'd', ...record });
  return Object.fromEntries(
    // With a device of its own, so that the generator adds none.
    entries.map(([name, value]) => [name, value === 3.140000104904175 ? 3.14 : value]),
  );
}
