import avro from 'avsc';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deflateRawSync, inflateRawSync, zstdCompressSync } from 'node:zlib';
import {
  avroFile,
  block,
  type Codec,
  compress,
  header,
  SYNC,
  zigzag,
} from '../../test/support/avro-file.ts';
import { SliceError } from '../core/errors.ts';
import { type ContainerBlock, type Damage, openContainer } from './avro-container.ts';
import { BlockError } from './codecs.ts';
import { eventTypeOf } from './event-type.ts';

const CODECS: Codec[] = ['null', 'deflate', 'snappy', 'zstandard'];
const schema = { type: 'record', name: 'R', fields: [{ name: 'a', type: 'string' }] };

const opener = (file: Uint8Array, chunk = 1 << 20) =>
  async function* (offset: number): AsyncGenerator<Uint8Array> {
    for (let p = offset; p < file.length; p += chunk) {
      const bytes = Buffer.from(file.subarray(p, p + chunk));
      yield bytes;
      // A chunk is promised only until the next is asked for.
      bytes.fill(0xee);
    }
  };

interface Read {
  blocks: { offset: number; next: number; count: number; data: Buffer }[];
  damages: Damage[];
  errors: BlockError[];
  ended: SliceError | undefined;
}

async function read(
  file: Uint8Array,
  { chunk = 1 << 20, from = 0, maxBlockBytes = 1 << 20 } = {},
): Promise<Read> {
  const result: Read = { blocks: [], damages: [], errors: [], ended: undefined };
  try {
    const container = await openContainer(opener(file, chunk), {
      slice: 'dir/f.avro',
      from,
      maxBlockBytes,
    });
    for await (const item of container.items) {
      if (item.kind === 'damage') result.damages.push(item);
      else keep(result, item);
    }
  } catch (error) {
    if (!(error instanceof SliceError)) throw error;
    result.ended = error;
  }
  return result;
}

function keep(result: Read, item: ContainerBlock): void {
  try {
    const { offset, next, count } = item;
    result.blocks.push({ offset, next, count, data: Buffer.from(item.data()) });
  } catch (error) {
    if (!(error instanceof BlockError)) throw error;
    result.errors.push(error);
  }
}

const blocksArbitrary = fc.array(
  fc.record({ count: fc.nat(1000), data: fc.uint8Array({ maxLength: 300 }) }),
  { maxLength: 6 },
);

describe('a sound file', () => {
  test('gives its blocks back, whatever the codec and the size of the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        blocksArbitrary,
        fc.constantFrom(...CODECS),
        fc.integer({ min: 1, max: 400 }),
        async (blocks, codec, chunk) => {
          const file = avroFile(schema, blocks, codec);
          const got = await read(file, { chunk });
          expect(got.ended).toBeUndefined();
          expect(got.damages).toEqual([]);
          expect(
            got.blocks.map(({ count, data }) => ({ count, data: data.toString('hex') })),
          ).toEqual(
            blocks.map(({ count, data }) => ({ count, data: Buffer.from(data).toString('hex') })),
          );
          expect(got.blocks.at(-1)?.next ?? file.length).toBe(file.length);
          for (const [i, { offset }] of got.blocks.entries()) {
            const rest = await read(file, { chunk, from: offset });
            expect(rest.blocks).toEqual(got.blocks.slice(i));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('does not read what lies before the block it resumes at', async () => {
    const data = Buffer.alloc(50_000, 7);
    const file = avroFile(
      schema,
      Array.from({ length: 20 }, () => ({ count: 1, data })),
    );
    const all = await read(file);
    let bytes = 0;
    const container = await openContainer(
      async function* (offset) {
        for await (const chunk of opener(file, 4096)(offset)) {
          bytes += chunk.length;
          yield chunk;
        }
      },
      { slice: 's', from: all.blocks[18]!.offset },
    );
    const offsets: number[] = [];
    for await (const item of container.items) offsets.push(item.offset);
    expect(offsets).toEqual([all.blocks[18]!.offset, all.blocks[19]!.offset]);
    expect(bytes).toBeLessThan(3 * 50_000);
  });

  test('is read as avsc writes it', async () => {
    const type = avro.Type.forSchema(schema as avro.Schema);
    for (const codec of ['null', 'deflate'] as const) {
      const encoder = new avro.streams.BlockEncoder(type, { codec, blockSize: 200 });
      const parts: Buffer[] = [];
      encoder.on('data', (part: Buffer) => parts.push(part));
      for (let i = 0; i < 100; i++) encoder.write({ a: `value ${i}` });
      await new Promise((resolve) => encoder.on('end', resolve).end());
      const got = await read(Buffer.concat(parts));
      expect(got.blocks.reduce((n, each) => n + each.count, 0)).toBe(100);
      expect(Buffer.concat(got.blocks.map((each) => each.data)).includes('value 99')).toBe(true);
      expect(inflateRawSync(deflateRawSync('x')).toString()).toBe('x');
    }
  });
});

describe('a file that is not whole', () => {
  test('says so after the last whole block, wherever it breaks off', async () => {
    await fc.assert(
      fc.asyncProperty(
        blocksArbitrary,
        fc.constantFrom(...CODECS),
        fc.nat(),
        async (blocks, codec, place) => {
          const file = avroFile(schema, blocks, codec);
          const whole = await read(file);
          const at = place % file.length;
          const got = await read(file.subarray(0, at), { chunk: 37 });
          const before = whole.blocks.filter(({ next }) => next <= at);
          expect(got.blocks).toEqual(before);
          const clean =
            at ===
            (before.at(-1)?.next ?? header(schema, codec === 'null' ? undefined : codec).length);
          if (clean) expect(got.ended).toBeUndefined();
          else expect(got.ended?.code).toBe(at === 0 ? 'empty_file' : 'truncated');
          if (got.ended) expect(got.ended.slice).toBe('dir/f.avro');
        },
      ),
      { numRuns: 150 },
    );
  });

  test.each([
    ['empty_file', Buffer.alloc(0)],
    ['not_avro', Buffer.from('{"events":[]}')],
    ['not_avro', Buffer.from('Obk')],
    ['truncated', Buffer.from('Ob')],
    ['bad_header', header('{not json')],
    ['unknown_codec', header(schema, 'lzma')],
    ['bad_header', Buffer.concat([Buffer.from('Obj\u0001'), zigzag(1), zigzag(1 << 30)])],
    ['bad_header', Buffer.concat([Buffer.from('Obj\u0001'), zigzag(0), SYNC])],
    ['truncated', Buffer.concat([header(schema), zigzag(1), zigzag(9)])],
    ['bad_header', Buffer.concat([Buffer.from('Obj\u0001'), Buffer.alloc(11, 0xff)])],
  ])('%s', async (code, file) => {
    const { ended } = await read(file);
    expect(ended?.code).toBe(code);
    expect(ended?.message).toContain('dir/f.avro');
    expect(ended?.message).toMatch(/byte \d+/);
    expect(ended?.hint).toBeTruthy();
  });

  test('a header of endless entries is refused before they are read', async () => {
    const start = Buffer.concat([Buffer.from('Obj\u0001'), zigzag(1 << 30)]);
    const whole = Buffer.concat([start, Buffer.alloc(4_000_000)]);
    const { ended } = await read(whole, { chunk: 1000 });
    expect(ended).toMatchObject({ code: 'bad_header', offset: start.length });
  });
});

describe('damage', () => {
  const good = (text: string) => block(1, Buffer.from(text));
  const file = (...parts: Uint8Array[]) =>
    Buffer.concat([header(schema), good('first'), ...parts, good('last')]);
  const texts = (got: Read) => got.blocks.map(({ data }) => data.toString());

  test.each([
    ['a negative record count', Buffer.concat([zigzag(-1), zigzag(3), Buffer.from('abc'), SYNC])],
    ['a negative size', Buffer.concat([zigzag(1), zigzag(-3), Buffer.from('abc'), SYNC])],
    [
      'a size over the bound',
      Buffer.concat([zigzag(1), zigzag(1 << 30), Buffer.from('abc'), SYNC]),
    ],
    [
      'a count over the bound',
      Buffer.concat([zigzag(2 ** 40), zigzag(3), Buffer.from('abc'), SYNC]),
    ],
    [
      'a size that reaches past the end',
      Buffer.concat([zigzag(1), zigzag(100_000), Buffer.from('abc'), SYNC]),
    ],
    ['a number without end', Buffer.concat([Buffer.alloc(12, 0xff), SYNC])],
  ])('%s is reported and the next sync marker resumes the file', async (_name, part) => {
    const whole = file(part);
    for (const chunk of [1, 7, 1 << 20]) {
      const got = await read(whole, { chunk });
      expect(got.ended).toBeUndefined();
      expect(texts(got)).toEqual(['first', 'last']);
      expect(got.damages).toHaveLength(1);
      const [damage] = got.damages;
      expect(damage).toMatchObject({
        code: 'bad_block_header',
        next: damage!.offset + part.length,
      });
      expect(damage!.message).toContain(`byte ${damage!.offset}`);
      expect(Buffer.from(damage!.bytes).equals(part)).toBe(true);
    }
  });

  test('a wrong sync marker costs the stretch up to the next right one, and no byte of it is lost', async () => {
    const bad = block(1, Buffer.from('bad'), Buffer.alloc(16, 1));
    const whole = Buffer.concat([
      header(schema),
      good('first'),
      bad,
      good('swallowed'),
      good('last'),
    ]);
    const got = await read(whole, { chunk: 5 });
    expect(texts(got)).toEqual(['first', 'last']);
    expect(got.damages.map(({ code }) => code)).toEqual(['bad_sync_marker']);
    expect(Buffer.from(got.damages[0]!.bytes).includes('swallowed')).toBe(true);
  });

  test('damage upon damage is read through without keeping what was passed', async () => {
    const bad = Buffer.concat([zigzag(1), zigzag(5), SYNC]);
    const whole = Buffer.concat([header(schema), ...Array<Buffer>(2000).fill(bad)]);
    let given = 0;
    const container = await openContainer(
      async function* () {
        for await (const chunk of opener(whole, 512)(0)) {
          given += chunk.length;
          yield chunk;
        }
      },
      { slice: 's', from: 0 },
    );
    for await (const { next } of container.items) expect(given - next).toBeLessThan(1024);
  });

  test('a file of nothing but sizes past its end is read through in linear time', async () => {
    const bad = Buffer.concat([zigzag(1), zigzag(40_000_000), SYNC]);
    const whole = Buffer.concat([header(schema), ...Array<Buffer>(100_000).fill(bad)]);
    const got = await read(whole, { maxBlockBytes: 64_000_000 });
    expect(got.damages).toHaveLength(100_000);
  });

  test('damage without a later marker reaches to the end', async () => {
    const whole = Buffer.concat([header(schema), good('first'), zigzag(-1), Buffer.from('noise')]);
    const got = await read(whole);
    expect(texts(got)).toEqual(['first']);
    expect(got.damages[0]).toMatchObject({ next: whole.length });
  });

  test.each(CODECS.slice(1))('a corrupt %s block is refused, the others are not', async (codec) => {
    const stored = compress(Buffer.from('some text that compresses, some text'), codec);
    stored.fill(0xff, 0, 3);
    const whole = Buffer.concat([
      header(schema, codec),
      block(1, stored),
      block(1, compress(Buffer.from('last'), codec)),
    ]);
    const got = await read(whole);
    expect(got.errors).toHaveLength(1);
    expect(texts(got)).toEqual(['last']);
  });

  test('a snappy block with a wrong checksum is refused', async () => {
    const stored = compress(Buffer.from('text'), 'snappy');
    stored[stored.length - 1]! ^= 1;
    const got = await read(Buffer.concat([header(schema, 'snappy'), block(1, stored)]));
    expect(got.errors.map(({ code }) => code)).toEqual(['bad_checksum']);
  });

  test.each([
    ['deflate', deflateRawSync(Buffer.alloc(50_000_000))],
    ['zstandard', zstdCompressSync(Buffer.alloc(50_000_000))],
    ['snappy', Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(40)])],
  ])('a bomb in %s stops at the bound', async (codec, stored) => {
    const before = process.memoryUsage().rss;
    const got = await read(Buffer.concat([header(schema, codec), block(1, stored)]));
    expect(got.errors.map(({ code }) => code)).toEqual(['block_too_large']);
    expect(process.memoryUsage().rss - before).toBeLessThan(40_000_000);
  });

  test('any byte may be wrong: what stands before it is intact, and reading ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        blocksArbitrary,
        fc.constantFrom(...CODECS),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (blocks, codec, place, change) => {
          const whole = avroFile(schema, blocks, codec);
          const sound = await read(whole);
          const at = place % whole.length;
          whole[at]! ^= change;
          const got = await read(whole, { chunk: 64 });
          const before = sound.blocks.filter(({ next }) => next <= at);
          if (at >= header(schema, codec === 'null' ? undefined : codec).length)
            expect(got.blocks.slice(0, before.length)).toEqual(before);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('an error of the source passes through', async () => {
  const cause = new SliceError('vanished', 'gone', { slice: 's', offset: 3 });
  const opening = openContainer(
    async function* () {
      yield await Promise.reject<Uint8Array>(cause);
    },
    { slice: 's', from: 0 },
  );
  await expect(opening).rejects.toBe(cause);
});

test('the event type comes from the writer schema, else from the path', () => {
  const of = (namespace: string | undefined, name: string, path = '') =>
    eventTypeOf({ namespace, name }, path);
  expect(of('dataexport.S3.inner.users.messages.email', 'Click')).toBe(
    'users.messages.email.Click',
  );
  expect(of('dataexport.prod-01.GCS.inner.users.behaviors', 'Purchase')).toBe(
    'users.behaviors.Purchase',
  );
  expect(of(undefined, 'dataexport.S3.inner.users.canvas.Entry')).toBe('users.canvas.Entry');
  expect(
    of('other', 'Click', 'x/event_type=users.messages.sms.Send/date=2026-01-01-00/f.avro'),
  ).toBe('users.messages.sms.Send');
  expect(of('other', 'Click', 'f.avro')).toBeUndefined();
  expect(of('dataexport.S3.inner', 'users_campaigns_abort')).toBe('users_campaigns_abort');
  expect(of('dataexport.S3.inner', 'Click', 'event_type=users.messages.sms.Send/f.avro')).toBe(
    'users.messages.sms.Send',
  );
});
