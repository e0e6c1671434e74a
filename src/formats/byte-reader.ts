/**
 * Reads a stream of chunks as one run of bytes that is consumed from the front, keeping no more than was asked for.
 * Offsets are counted in the whole slice.
 */
export interface ByteReader {
  /** Offset of the first unconsumed byte. */
  readonly offset: number;
  /** Bytes at hand without reading on. */
  readonly available: number;
  /** Whether `n` bytes are there, reading on as needed; false at the end of the stream. */
  has(n: number): Promise<boolean>;
  /** The next `n` bytes, which must be at hand, without consuming them. Valid until the next `has`. */
  peek(n: number): Uint8Array;
  /** Consumes `n` bytes that are at hand. */
  skip(n: number): void;
}

const MIN_JOINED = 32 * 1024;

export function byteReader(chunks: AsyncIterator<Uint8Array>, start: number): ByteReader {
  let current: Uint8Array = new Uint8Array(0);
  let at = 0;
  let offset = start;
  let ended = false;

  /** What is left of the chunk that came last; it is gone once the next is asked for. */
  let chunk: Uint8Array = new Uint8Array(0);
  /** Bytes that lie across chunks are joined here. */
  let joined = Buffer.alloc(0);

  const pull = async (n: number): Promise<void> => {
    let size = current.length - at;
    if (size === 0 && chunk.length >= n) {
      [current, chunk, at] = [chunk, new Uint8Array(0), 0];
      return;
    }
    joined = moved(joined, current.subarray(at), n);
    at = 0;
    while (size < n) {
      if (chunk.length === 0) {
        const next = await chunks.next();
        if (next.done) {
          ended = true;
          break;
        }
        chunk = next.value;
        if (size === 0 && chunk.length >= n) {
          [current, chunk] = [chunk, new Uint8Array(0)];
          return;
        }
      }
      // Somewhat more than was asked for, so that a search that goes on byte by byte does not move all bytes each time.
      const taken = chunk.subarray(0, Math.max(n - size, MIN_JOINED));
      joined = moved(joined, joined.subarray(0, size), size + taken.length);
      joined.set(taken, size);
      size += taken.length;
      chunk = chunk.subarray(taken.length);
    }
    current = joined.subarray(0, size);
  };

  return {
    get offset() {
      return offset;
    },
    get available() {
      return current.length - at;
    },
    async has(n) {
      if (current.length - at < n && !ended) await pull(n);
      return current.length - at >= n;
    },
    peek: (n) => current.subarray(at, at + n),
    skip(n) {
      at += n;
      offset += n;
    },
  };
}

/** Puts bytes, perhaps its own, to the front of a buffer; into a larger one when `room` is more than it has. */
function moved(buffer: Buffer<ArrayBuffer>, bytes: Uint8Array, room: number): Buffer<ArrayBuffer> {
  const target =
    buffer.length >= room ? buffer : Buffer.allocUnsafeSlow(Math.max(room, buffer.length * 2));
  const isThere = bytes.buffer === target.buffer && bytes.byteOffset === target.byteOffset;
  if (!isThere) target.set(bytes, 0);
  return target;
}
