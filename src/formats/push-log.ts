import { crc32 } from 'node:zlib';
import { byteReader, type ByteReader } from './byte-reader.ts';

/**
 * A push log is a row of frames and nothing else. A frame is a head of 24 bytes and a body, numbers little-endian:
 *
 * | bytes | what                                                  |
 * | ----: | ----------------------------------------------------- |
 * |     4 | magic: F5 53 4C 31; F5 occurs in no valid UTF-8       |
 * |     4 | length of the body                                    |
 * |     4 | CRC-32 of the body                                    |
 * |     8 | when it came, milliseconds since the epoch (a double) |
 * |     4 | CRC-32 of the 20 bytes before                         |
 *
 * Two sums, so that a damaged body does not cost the length, and with it the place of the next frame.
 */
const MAGIC = Buffer.from([0xf5, 0x53, 0x4c, 0x31]);
const CHECKED_BYTES = 20;
export const FRAME_HEAD_BYTES = CHECKED_BYTES + 4;

/** Of a damaged stretch, this much is kept. */
const MAX_DAMAGE_BYTES = 32 * 1024 * 1024;

/** One pushed body. `body` is valid until the next frame is asked for. */
export interface Frame {
  readonly kind: 'frame';
  /** Byte offset in the log. */
  readonly offset: number;
  readonly next: number;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  readonly body: Uint8Array;
}

/** A stretch that holds no whole frame. */
export interface FrameDamage {
  readonly kind: 'damage';
  readonly code: 'damaged_frame';
  readonly message: string;
  readonly offset: number;
  readonly next: number;
  readonly bytes: Uint8Array;
}

/** What stands before a body in the log. */
export function frameHead(body: Uint8Array, receivedAt: number): Buffer {
  const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(crc32(body), 8);
  head.writeDoubleLE(receivedAt, 12);
  head.writeUInt32LE(crc32(head.subarray(0, CHECKED_BYTES)), CHECKED_BYTES);
  return head;
}

/**
 * Reads a log from the start of a frame on, a frame at a time. What is damaged comes as one item, and reading goes on
 * at the next head that is sound.
 */
export async function* readPushLog(
  chunks: AsyncIterable<Uint8Array>,
  from: number,
): AsyncGenerator<Frame | FrameDamage> {
  const iterator = chunks[Symbol.asyncIterator]();
  const reader = byteReader(iterator, from);
  try {
    while (await reader.has(1)) {
      const head = (await reader.has(FRAME_HEAD_BYTES))
        ? readHead(reader.peek(FRAME_HEAD_BYTES))
        : undefined;
      if (!head) {
        yield await resync(reader, 'no frame begins');
        continue;
      }
      const size = FRAME_HEAD_BYTES + head.length;
      if (!(await reader.has(size))) {
        yield await resync(reader, 'a frame breaks off');
        continue;
      }
      const { offset } = reader;
      const body = reader.peek(size).subarray(FRAME_HEAD_BYTES);
      if (crc32(body) === head.sum) {
        yield { kind: 'frame', offset, next: offset + size, receivedAt: head.receivedAt, body };
        reader.skip(size);
      } else if (await isBoundary(reader, size)) {
        const bytes = Buffer.from(reader.peek(Math.min(size, MAX_DAMAGE_BYTES)));
        reader.skip(size);
        yield damage('a body does not match its checksum', offset, reader.offset, bytes);
      } else yield await resync(reader, 'a body does not match its checksum');
    }
  } finally {
    await iterator.return?.();
  }
}

interface Head {
  readonly length: number;
  readonly sum: number;
  readonly receivedAt: number;
}

function readHead(bytes: Uint8Array): Head | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, FRAME_HEAD_BYTES);
  if (!head.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (crc32(head.subarray(0, CHECKED_BYTES)) !== head.readUInt32LE(CHECKED_BYTES)) return undefined;
  return {
    length: head.readUInt32LE(4),
    sum: head.readUInt32LE(8),
    receivedAt: head.readDoubleLE(12),
  };
}

/** Whether `n` bytes on there is the end or another frame. */
async function isBoundary(reader: ByteReader, n: number): Promise<boolean> {
  if (await reader.has(n + FRAME_HEAD_BYTES))
    return readHead(reader.peek(n + FRAME_HEAD_BYTES).subarray(n)) !== undefined;
  return reader.available === n;
}

/** Consumes everything before the next sound head, looking from the next byte on. */
async function resync(reader: ByteReader, what: string): Promise<FrameDamage> {
  const { offset } = reader;
  const kept: Buffer[] = [];
  let keptBytes = 0;
  const consume = (n: number): void => {
    const room = Math.min(n, MAX_DAMAGE_BYTES - keptBytes);
    if (room > 0) kept.push(Buffer.from(reader.peek(room)));
    keptBytes += Math.max(room, 0);
    reader.skip(n);
  };
  consume(1);
  for (;;) {
    const found = indexOfMagic(reader);
    if (found < 0) {
      consume(Math.max(0, reader.available - MAGIC.length + 1));
      if (await reader.has(reader.available + 1)) continue;
      consume(reader.available);
      break;
    }
    consume(found);
    if (!(await reader.has(FRAME_HEAD_BYTES))) consume(reader.available);
    else if (readHead(reader.peek(FRAME_HEAD_BYTES))) break;
    else consume(1);
    if (!(await reader.has(1))) break;
  }
  return damage(what, offset, reader.offset, Buffer.concat(kept));
}

function indexOfMagic(reader: ByteReader): number {
  const bytes = reader.peek(reader.available);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(MAGIC);
}

function damage(what: string, offset: number, next: number, bytes: Uint8Array): FrameDamage {
  const message = `${what}, at byte ${offset} of the push log; ${next - offset} bytes are damaged`;
  return { kind: 'damage', code: 'damaged_frame', message, offset, next, bytes };
}
