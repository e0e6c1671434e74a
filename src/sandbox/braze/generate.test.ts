import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, inflateRawSync, zstdDecompressSync } from 'node:zlib';
import avro from 'avsc';
import { uncompressSync } from 'snappy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CODECS, type Codec } from './codec.ts';
import { generate, type GeneratedFile, writeGenerated } from './generate.ts';
import { records } from './records.ts';
import { ALL_TYPES, SCHEMAS, writerSchema } from './schemas.ts';

const DECOMPRESS: Readonly<Record<Codec, (stored: Buffer) => Buffer>> = {
  null: (stored) => stored,
  deflate: (stored) => inflateRawSync(stored),
  zstandard: (stored) => zstdDecompressSync(stored),
  snappy: (stored) => {
    const data = uncompressSync(stored.subarray(0, -4), { asBuffer: true });
    if (!Buffer.isBuffer(data)) throw new TypeError('snappy gave no buffer');
    expect(stored.readUInt32BE(stored.length - 4)).toBe(crc32(data));
    return data;
  },
};

interface Decoded {
  readonly type: avro.Type;
  readonly codec: string;
  readonly records: Record<string, unknown>[];
}

/** Decoded by avsc alone. */
async function decode({ bytes }: GeneratedFile): Promise<Decoded> {
  const codecs = Object.fromEntries(
    Object.entries(DECOMPRESS).map(([name, decompress]) => [
      name,
      (stored: Buffer, done: (error: Error | null, data?: Buffer) => void) =>
        done(null, decompress(stored)),
    ]),
  );
  const decoder = new avro.streams.BlockDecoder({ codecs });
  let header: Pick<Decoded, 'type' | 'codec'> | undefined;
  decoder.on('metadata', (type: avro.Type, codec: string) => {
    header = { type, codec };
  });
  decoder.end(Buffer.from(bytes));
  const found: Record<string, unknown>[] = [];
  for await (const record of decoder) found.push({ ...record });
  if (!header) throw new Error('no header was read');
  return { ...header, records: found };
}

/** As it is after a trip through Avro: floats rounded to 32 bits. */
function rounded(type: string, record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const floats = new Set(
    SCHEMAS.get(type)?.fields.flatMap(({ name, base }) => (base === 'float' ? [name] : [])),
  );
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name,
      floats.has(name) && typeof value === 'number' ? Math.fround(value) : value,
    ]),
  );
}

function totalOf(files: Iterable<GeneratedFile>): number {
  let total = 0;
  for (const { events } of files) total += events;
  return total;
}

function allOf(seed: string | number): string[] {
  return Array.from(
    generate({ events: 1500, seed, codec: 'deflate' }),
    (file) => `${file.path} ${Buffer.from(file.bytes).toString('latin1')}`,
  );
}

/** How many blocks a file of 60 events has. */
function blocksOf(blockRecords: number): number {
  const types = ['users.messages.email.Send'];
  const [file] = generate({ events: 60, types, hours: 1, blockRecords });
  const bytes = Buffer.from(file!.bytes);
  const sync = bytes.subarray(-16);
  let count = 0;
  for (let at = bytes.indexOf(sync); at >= 0; at = bytes.indexOf(sync, at + 16)) count++;
  return count - 1;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

const PLACE =
  /^(dataexport\.prod-01\.S3\.integration\.[0-9a-f]{24})\/event_type=([\w.]+)\/date=(\d{4}-\d\d-\d\d-\d\d)\/version=10\/prod\/\1\+\d\+\d{10}\.avro$/;

describe('the files', () => {
  test.each([0, 1, 93, 94, 5000])('hold exactly the %i events asked for', (events) => {
    expect(totalOf(generate({ events }))).toBe(events);
  });

  test('are the same bytes for the same options, others for another seed', () => {
    expect(allOf(7)).toStrictEqual(allOf('7'));
    expect(allOf(7)).not.toStrictEqual(allOf(8));
  });

  test.each(CODECS)('are read by avsc, all records as generated, with codec %s', async (codec) => {
    const options = { events: 3000, seed: codec, codec, blockBytes: 2000, hours: 3 };
    const expected = new Map<unknown, Record<string, unknown>>(
      [...records(options)].map(({ type, record }) => [record['id'], rounded(type, record)]),
    );
    const types = new Set<string>();
    for (const file of generate(options)) {
      const decoded = await decode(file);
      expect(decoded.codec).toBe(codec);
      expect(decoded.records).toHaveLength(file.events);
      types.add(file.type);
      for (const record of decoded.records) {
        expect(record).toStrictEqual(expected.get(record['id']));
        expected.delete(record['id']);
      }
    }
    expect(expected.size).toBe(0);
    expect([...types].toSorted()).toStrictEqual([...ALL_TYPES].toSorted());
  });

  test('carry the writer schema, and name the codec only when there is one', () => {
    const [plain] = generate({ events: 1, types: ['users.messages.email.Click'] });
    const text = Buffer.from(plain!.bytes).toString('latin1');
    const schema = writerSchema(SCHEMAS.get('users.messages.email.Click')!, 'S3');
    expect(text).toContain(JSON.stringify(schema));
    expect(schema).toMatchObject({
      name: 'Click',
      namespace: 'dataexport.S3.inner.users.messages.email',
    });
    expect(text).not.toContain('avro.codec');
    const [packed] = generate({ events: 1, codec: 'snappy' });
    expect(Buffer.from(packed!.bytes).toString('latin1')).toContain('avro.codec');
  });

  test("lie in Braze's layout, by the hour in which their events were queued", async () => {
    const options = { events: 2500, seed: 'layout' };
    const hourOf = new Map<unknown, string>(
      [...records(options)].map(({ record, queuedAt }) => [
        record['id'],
        new Date(queuedAt * 1000).toISOString().slice(0, 13).replace('T', '-'),
      ]),
    );
    const paths = new Set<string>();
    for (const file of generate(options)) {
      const [, , type, date] = PLACE.exec(file.path) ?? [];
      expect(type).toBe(file.type);
      expect(paths).not.toContain(file.path);
      paths.add(file.path);
      for (const { id } of (await decode(file)).records) expect(hourOf.get(id)).toBe(date);
    }
  });

  test('close when they are full, and take up their count in the next name', () => {
    const type = 'users.messages.email.Send';
    const files = [...generate({ events: 700, types: [type], hours: 1, eventsPerFile: 300 })];
    expect(files.map(({ events }) => events)).toStrictEqual([300, 300, 100]);
    expect(files.map(({ path: place }) => place.slice(-15))).toStrictEqual([
      '0000000000.avro',
      '0000000300.avro',
      '0000000600.avro',
    ]);
  });

  test('close early when too much is held in memory', () => {
    const options = { events: 3000, hours: 1, types: ['users.messages.email.*'] };
    const ample = [...generate(options)];
    const scarce = [...generate({ ...options, openBytes: 100_000 })];
    expect(totalOf(scarce)).toBe(3000);
    expect(scarce.length).toBeGreaterThan(ample.length + 3);
    expect(new Set(scarce.map((file) => file.path)).size).toBe(scarce.length);
    const largest = Math.max(...ample.map(({ bytes }) => bytes.length));
    expect(largest).toBeGreaterThan(100_000);
    for (const { bytes } of scarce) expect(bytes.length).toBeLessThan(100_000 + 4096);
  });

  test('have blocks of the size asked for', () => {
    expect(blocksOf(60)).toBe(1);
    expect(blocksOf(7)).toBe(9);
  });
});

describe('writeGenerated', () => {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'sluice-generate-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test('writes what generate gives, and nothing else', async () => {
    const folder = path.join(dir, 'whole', 'deep');
    const options = { events: 400, seed: 'written', hours: 4 };
    const progress: number[] = [];
    const summary = await writeGenerated(folder, options, {
      onProgress: ({ events }) => progress.push(events),
    });
    const expected = [...generate(options)];
    expect(summary).toMatchObject({
      events: 400,
      files: expected.length,
      bytes: expected.reduce((sum, { bytes }) => sum + bytes.length, 0),
    });
    expect(Object.values(summary.types).reduce((sum, n) => sum + n, 0)).toBe(400);
    expect(progress).toHaveLength(expected.length);
    expect(progress.at(-1)).toBe(400);
    expect((await filesBelow(folder)).toSorted()).toStrictEqual(
      expected.map((file) => path.join(folder, file.path)).toSorted(),
    );
    for (const file of expected)
      expect(await readFile(path.join(folder, file.path))).toStrictEqual(Buffer.from(file.bytes));
  });

  test('stops between two files when it is told to', async () => {
    const folder = path.join(dir, 'stopped');
    const stop = new AbortController();
    const writing = writeGenerated(
      folder,
      { events: 400 },
      {
        signal: stop.signal,
        onProgress: ({ files }) => files === 3 && stop.abort(new Error('told to')),
      },
    );
    await expect(writing).rejects.toThrow('told to');
    const left = await filesBelow(folder);
    expect(left).toHaveLength(3);
    expect(left.every((name) => name.endsWith('.avro'))).toBe(true);
  });
});
