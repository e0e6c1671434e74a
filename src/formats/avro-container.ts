import { SliceError } from '../core/errors.ts';
import { type ByteReader, byteReader } from './byte-reader.ts';
import { CODEC_NAMES, type Decompress, decompressorOf, release } from './codecs.ts';

/** What stands at the front of a container file. */
export interface ContainerHeader {
  readonly schemaText: string;
  readonly schema: unknown;
  readonly codec: string;
  readonly sync: Uint8Array;
  /** Offset of the first block. */
  readonly end: number;
}

/** One block, still compressed. `stored` is valid until the next item is asked for. */
export interface ContainerBlock {
  readonly kind: 'block';
  readonly offset: number;
  /** Offset behind its sync marker. */
  readonly next: number;
  /** Records it declares. */
  readonly count: number;
  readonly stored: Uint8Array;
  /** Decompresses it. Throws BlockError. Valid until the next item is asked for. */
  data(): Uint8Array;
}

/** A stretch that is no block. Reading went on behind the next sync marker, or at the end of the file. */
export interface Damage {
  readonly kind: 'damage';
  readonly code: 'bad_block_header' | 'bad_sync_marker';
  readonly message: string;
  readonly offset: number;
  readonly next: number;
  /** The bytes of the stretch, at most the first 8 MiB of them. */
  readonly bytes: Uint8Array;
}

export interface ContainerOptions {
  /** Slice id, for errors. */
  readonly slice: string;
  /** Offset of a block to go on with; what lies before it is not read. 0: the first. */
  readonly from: number;
  /** Bound on the stored and on the inflated size of a block. */
  readonly maxBlockBytes?: number;
}

export interface Container {
  readonly header: ContainerHeader;
  /** Blocks and damages in file order. Throws SliceError `truncated` where the file breaks off. */
  readonly items: AsyncGenerator<ContainerBlock | Damage>;
  /** Lets go of the bytes. Needed only where `items` are never asked for. */
  close(): Promise<void>;
}

const MAGIC = Buffer.from('Obj\u0001', 'latin1');
const SYNC_BYTES = 16;
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;
const MAX_HEADER_BYTES = 16 * 1024 * 1024;
const MAX_HEADER_ENTRIES = 1000;
const MAX_DAMAGE_BYTES = 8 * 1024 * 1024;
/** Two varints of at most ten bytes. */
const MAX_BLOCK_HEAD = 20;

/**
 * Opens an Avro object container file. `open(offset)` gives its bytes from an offset on.
 * Throws SliceError `empty_file`, `not_avro`, `bad_header`, `unknown_codec` or `truncated`.
 */
export async function openContainer(
  open: (offset: number) => AsyncIterable<Uint8Array>,
  options: ContainerOptions,
): Promise<Container> {
  const chunks = open(0)[Symbol.asyncIterator]();
  const close = async (): Promise<void> => {
    await chunks.return?.();
  };
  const reader = byteReader(chunks, 0);
  try {
    const header = await readHeader(reader, options.slice);
    const decompress = decompressorOf(header.codec);
    if (!decompress)
      throw fail(
        'unknown_codec',
        `the codec ${JSON.stringify(header.codec)} can't be read`,
        options.slice,
        0,
        {
          hint: `Sluice reads ${CODEC_NAMES.join(', ')}.`,
        },
      );
    const items = readItems(open, { chunks, reader }, header, decompress, options);
    return { header, items, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* readItems(
  open: (offset: number) => AsyncIterable<Uint8Array>,
  opened: { chunks: AsyncIterator<Uint8Array>; reader: ByteReader },
  header: ContainerHeader,
  decompress: Decompress,
  options: ContainerOptions,
): AsyncGenerator<ContainerBlock | Damage> {
  let { chunks, reader } = opened;
  const limit = options.maxBlockBytes ?? MAX_BLOCK_BYTES;
  const sync = Buffer.from(header.sync);
  let inflated: Uint8Array | undefined;
  try {
    const ahead = options.from - reader.offset;
    if (ahead > reader.available) {
      await chunks.return?.();
      chunks = open(options.from)[Symbol.asyncIterator]();
      reader = byteReader(chunks, options.from);
    } else if (ahead > 0) reader.skip(ahead);

    while (await reader.has(1)) {
      const offset = reader.offset;
      const head = await readBlockHead(reader, limit);
      if (head === 'truncated') throw broken(offset, options.slice);
      if (typeof head === 'string') {
        yield await resync(reader, sync, 0, 'bad_block_header', `${head}, at byte ${offset}`);
        continue;
      }
      const size = head.bytes + head.stored + SYNC_BYTES;
      if (!(await reader.has(size))) {
        // Either the file breaks off, or the size is wrong: a sync marker in what is left tells.
        if (indexOfSync(reader, sync) >= 0) {
          const message = `a block of ${head.stored} bytes reaches past the end of the file, at byte ${offset}`;
          yield await resync(reader, sync, 0, 'bad_block_header', message);
          continue;
        }
        throw broken(offset, options.slice);
      }
      const all = reader.peek(size);
      const stored = all.subarray(head.bytes, size - SYNC_BYTES);
      if (!sync.equals(all.subarray(size - SYNC_BYTES))) {
        const message = `a block does not end with the file's sync marker, at byte ${offset}`;
        yield await resync(reader, sync, 1, 'bad_sync_marker', message);
        continue;
      }
      yield {
        kind: 'block',
        offset,
        next: offset + size,
        count: head.count,
        stored,
        data: () => (inflated = decompress(stored, limit)),
      };
      if (inflated) release(inflated, header.codec);
      inflated = undefined;
      reader.skip(size);
    }
  } finally {
    await chunks.return?.();
  }
}

/** Record count and stored size in front of a block; in words what is wrong with them. */
async function readBlockHead(
  reader: ByteReader,
  limit: number,
): Promise<{ count: number; stored: number; bytes: number } | string> {
  await reader.has(MAX_BLOCK_HEAD);
  const bytes = reader.peek(Math.min(MAX_BLOCK_HEAD, reader.available));
  const count = readVarint(bytes, 0);
  if (typeof count === 'string') return count;
  const stored = readVarint(bytes, count.end);
  if (typeof stored === 'string') return stored;
  if (count.value < 0) return 'a block declares a negative number of records';
  if (stored.value < 0) return 'a block declares a negative size';
  if (stored.value > limit)
    return `a block declares ${stored.value} bytes, more than the bound of ${limit}`;
  if (count.value > limit) return `a block declares ${count.value} records, more than it can hold`;
  return { count: count.value, stored: stored.value, bytes: stored.end };
}

function readVarint(bytes: Uint8Array, from: number): { value: number; end: number } | string {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[from + i];
    if (byte === undefined) return 'truncated';
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value: Number((value >> 1n) ^ -(value & 1n)), end: from + i + 1 };
  }
  return 'a number in front of a block is longer than 10 bytes';
}

/** Consumes everything up to and with the next sync marker, looking from `skip` bytes on. */
async function resync(
  reader: ByteReader,
  sync: Buffer,
  skip: number,
  code: Damage['code'],
  message: string,
): Promise<Damage> {
  const offset = reader.offset;
  const kept: Buffer[] = [];
  let keptBytes = 0;
  const consume = (n: number): void => {
    const room = Math.min(n, MAX_DAMAGE_BYTES - keptBytes);
    if (room > 0) kept.push(Buffer.from(reader.peek(room)));
    keptBytes += Math.max(room, 0);
    reader.skip(n);
  };
  consume(Math.min(skip, reader.available));
  for (;;) {
    const found = indexOfSync(reader, sync);
    if (found >= 0) {
      consume(found + SYNC_BYTES);
      break;
    }
    consume(Math.max(0, reader.available - SYNC_BYTES + 1));
    // Reads on only where the marker is not at hand yet: else every damage would add a chunk to what is kept.
    if (!(await reader.has(reader.available + 1))) {
      consume(reader.available);
      break;
    }
  }
  return { kind: 'damage', code, message, offset, next: reader.offset, bytes: Buffer.concat(kept) };
}

/** Place of the marker in the bytes at hand, which are not copied: a broken file asks for it again and again. */
function indexOfSync(reader: ByteReader, sync: Buffer): number {
  const bytes = reader.peek(reader.available);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(sync);
}

async function readHeader(reader: ByteReader, slice: string): Promise<ContainerHeader> {
  if (!(await reader.has(1)))
    throw fail('empty_file', 'the file is empty', slice, 0, {
      hint: 'Braze writes no empty files: the copy was perhaps cut short.',
    });
  const whole = await reader.has(4);
  if (
    !MAGIC.subarray(0, reader.available).equals(
      Buffer.from(reader.peek(Math.min(4, reader.available))),
    )
  )
    throw fail('not_avro', 'this is no Avro file', slice, 0, {
      hint: 'Only files that Currents wrote belong here: move it away, or fetch it again if it is one.',
    });
  if (!whole) throw broken(reader.available, slice);
  reader.skip(4);

  const meta = new Map<string, Uint8Array>();
  let entries = 0;
  for (;;) {
    let count = await headerLong(reader, slice);
    if (count === 0) break;
    if (count < 0) {
      count = -count;
      await headerLong(reader, slice);
    }
    entries += count;
    if (entries > MAX_HEADER_ENTRIES)
      throw badHeader(
        `the header holds more than ${MAX_HEADER_ENTRIES} entries`,
        slice,
        reader.offset,
      );
    for (let i = 0; i < count; i++) {
      const key = Buffer.from(await headerBytes(reader, slice)).toString('utf8');
      meta.set(key, Buffer.from(await headerBytes(reader, slice)));
    }
  }
  if (!(await reader.has(SYNC_BYTES))) throw broken(reader.offset, slice);
  const sync = Buffer.from(reader.peek(SYNC_BYTES));
  reader.skip(SYNC_BYTES);

  const schemaBytes = meta.get('avro.schema');
  if (!schemaBytes) throw badHeader('the header holds no schema', slice, reader.offset);
  const schemaText = Buffer.from(schemaBytes).toString('utf8');
  let schema: unknown;
  try {
    schema = JSON.parse(schemaText);
  } catch (error) {
    throw badHeader('the schema in the header is not JSON', slice, reader.offset, error);
  }
  const codec = Buffer.from(meta.get('avro.codec') ?? Buffer.from('null')).toString('utf8');
  return { schemaText, schema, codec, sync, end: reader.offset };
}

async function headerLong(reader: ByteReader, slice: string): Promise<number> {
  await reader.has(10);
  const read = readVarint(reader.peek(Math.min(10, reader.available)), 0);
  if (read === 'truncated') throw broken(reader.offset, slice);
  if (typeof read === 'string' || !Number.isSafeInteger(read.value))
    throw badHeader('the header holds an impossible number', slice, reader.offset);
  reader.skip(read.end);
  return read.value;
}

async function headerBytes(reader: ByteReader, slice: string): Promise<Uint8Array> {
  const length = await headerLong(reader, slice);
  if (length < 0 || reader.offset + length > MAX_HEADER_BYTES)
    throw badHeader(`the header is larger than ${MAX_HEADER_BYTES} bytes`, slice, reader.offset);
  if (!(await reader.has(length))) throw broken(reader.offset, slice);
  const bytes = new Uint8Array(reader.peek(length));
  reader.skip(length);
  return bytes;
}

function broken(offset: number, slice: string): SliceError {
  return fail('truncated', 'the file breaks off', slice, offset, {
    hint: 'It is still being written, or was copied in part. What stands before is delivered; the rest follows when the file is whole.',
  });
}

function badHeader(what: string, slice: string, offset: number, cause?: unknown): SliceError {
  return fail('bad_header', what, slice, offset, {
    hint: 'The file is damaged: fetch it again from where Currents wrote it.',
    cause,
  });
}

function fail(
  code: string,
  what: string,
  slice: string,
  offset: number,
  options: { hint?: string; cause?: unknown } = {},
): SliceError {
  return new SliceError(code, `${what} (${slice}, byte ${offset})`, { slice, offset }, options);
}
