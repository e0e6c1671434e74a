import { createRequire } from 'node:module';
import { crc32, inflateRawSync, zstdDecompressSync } from 'node:zlib';

/** A block that can't be turned into records. `code` is the cause of the dead letter. */
export class BlockError extends Error {
  readonly code: 'corrupt_block' | 'block_too_large' | 'bad_checksum';

  constructor(code: BlockError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'BlockError';
    this.code = code;
  }
}

/** Turns the stored bytes of a block into records. Throws BlockError; never makes more than `limit` bytes. */
export type Decompress = (stored: Uint8Array, limit: number) => Uint8Array;

/** Most blocks fit whole, so that zlib need not join pieces. */
const CHUNK_BYTES = 128 * 1024;

const CODECS: Readonly<Record<string, Decompress>> = {
  null: (stored) => stored,
  deflate: (stored, limit) =>
    guarded(limit, () =>
      inflateRawSync(stored, { maxOutputLength: limit, chunkSize: CHUNK_BYTES }),
    ),
  zstandard: (stored, limit) =>
    guarded(limit, () =>
      zstdDecompressSync(stored, { maxOutputLength: limit, chunkSize: CHUNK_BYTES }),
    ),
  snappy: uncompressSnappy,
};

/** Names of the codecs that can be read, as they stand in `avro.codec`. */
export const CODEC_NAMES: readonly string[] = Object.keys(CODECS);

export function decompressorOf(codec: string): Decompress | undefined {
  return Object.hasOwn(CODECS, codec) ? CODECS[codec] : undefined;
}

/** Their results lie in memory of their own: zlib allocates a chunk at a time, larger than what Node pools. */
const FREEABLE: readonly string[] = ['deflate', 'zstandard'];

/**
 * Gives the memory of a decompressed block back at once; it must not be used any more. Left to the garbage collector,
 * blocks pile up outside its heap until it collects everything.
 */
export function release(data: Uint8Array, codec: string): void {
  if (FREEABLE.includes(codec) && data.buffer instanceof ArrayBuffer && !data.buffer.detached)
    data.buffer.transfer(0);
}

type Snappy = Pick<typeof import('snappy'), 'uncompressSync'>;
let loaded: Snappy | undefined;

/** Native code that most folders never need, loaded with the first block that does. */
function snappy(): Snappy {
  loaded ??= createRequire(import.meta.url)('snappy') as Snappy;
  return loaded;
}

/** Avro's snappy blocks end with the CRC-32 of the uncompressed data, big-endian. */
function uncompressSnappy(stored: Uint8Array, limit: number): Uint8Array {
  if (stored.length < 5)
    throw new BlockError('corrupt_block', 'a snappy block too short for its checksum');
  const body = Buffer.from(stored.buffer, stored.byteOffset, stored.length - 4);
  const declared = snappyLength(body);
  if (declared > limit) throw tooLarge(limit);
  const { uncompressSync } = snappy();
  const data = guarded(limit, () => uncompressSync(body, { asBuffer: true }) as Buffer);
  const wanted = new DataView(stored.buffer, stored.byteOffset + stored.length - 4, 4).getUint32(0);
  if (crc32(data) !== wanted)
    throw new BlockError('bad_checksum', 'the checksum of a snappy block does not match its data');
  return data;
}

/** The uncompressed length that a snappy block declares at its front, checked before anything is allocated. */
function snappyLength(body: Uint8Array): number {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = body[i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length;
  }
  throw new BlockError('corrupt_block', 'a snappy block without a length');
}

function guarded(limit: number, work: () => Uint8Array): Uint8Array {
  try {
    return work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit);
    throw new BlockError(
      'corrupt_block',
      `a block can't be decompressed: ${(error as Error).message}`,
      error,
    );
  }
}

function tooLarge(limit: number): BlockError {
  return new BlockError('block_too_large', `a block inflates past the bound of ${limit} bytes`);
}
