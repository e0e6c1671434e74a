import { crc32, deflateRawSync, zstdCompressSync } from 'node:zlib';
import { compressSync } from 'snappy';

export type Codec = 'null' | 'deflate' | 'snappy' | 'zstandard';

export const SYNC = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

export function zigzag(value: number): Buffer {
  const bytes: number[] = [];
  let n = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  do {
    const byte = Number(n & 0x7fn);
    n >>= 7n;
    bytes.push(n === 0n ? byte : byte | 0x80);
  } while (n !== 0n);
  return Buffer.from(bytes);
}

export function avroText(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([zigzag(bytes.length), bytes]);
}

export function header(schema: unknown, codec?: string): Buffer {
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema);
  const meta = [['avro.schema', text], ...(codec === undefined ? [] : [['avro.codec', codec]])];
  return Buffer.concat([
    Buffer.from('Obj\u0001', 'latin1'),
    zigzag(meta.length),
    ...meta.flatMap(([key, value]) => [avroText(key!), avroText(value!)]),
    zigzag(0),
    SYNC,
  ]);
}

export function compress(data: Uint8Array, codec: Codec): Buffer {
  switch (codec) {
    case 'null':
      return Buffer.from(data);
    case 'deflate':
      return deflateRawSync(data);
    case 'zstandard':
      return zstdCompressSync(data);
    case 'snappy': {
      const check = Buffer.alloc(4);
      check.writeUInt32BE(crc32(data));
      return Buffer.concat([compressSync(Buffer.from(data)), check]);
    }
  }
}

export function block(count: number, stored: Uint8Array, sync: Uint8Array = SYNC): Buffer {
  return Buffer.concat([zigzag(count), zigzag(stored.length), stored, sync]);
}

/** A container file of blocks given by record count and record bytes. */
export function avroFile(
  schema: unknown,
  blocks: readonly { count: number; data: Uint8Array }[],
  codec: Codec = 'null',
): Buffer {
  const parts = blocks.map(({ count, data }) => block(count, compress(data, codec)));
  return Buffer.concat([header(schema, codec === 'null' ? undefined : codec), ...parts]);
}
