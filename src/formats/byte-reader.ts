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

export function byteReader(chunks: AsyncIterator<Uint8Array>, start: number): ByteReader {
  let current: Uint8Array = new Uint8Array(0);
  let at = 0;
  let offset = start;
  let ended = false;

  /** Bytes that lie across chunks are joined here; a chunk itself is gone once the next is asked for. */
  let joined = Buffer.alloc(0);

  const pull = async (n: number): Promise<void> => {
    let size = current.length - at;
    if (size > 0) joined = moved(joined, current.subarray(at), Math.max(n, size * 2));
    at = 0;
    while (size < n && !ended) {
      const next = await chunks.next();
      if (next.done) {
        ended = true;
        break;
      }
      const chunk = next.value;
      if (size === 0 && chunk.length >= n) {
        current = chunk;
        return;
      }
      if (size + chunk.length > joined.length)
        joined = moved(joined, joined.subarray(0, size), Math.max(n, (size + chunk.length) * 2));
      joined.set(chunk, size);
      size += chunk.length;
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

/** Puts bytes, perhaps its own, to the front of a buffer; into a larger one when they or what follows would not fit. */
function moved(buffer: Buffer<ArrayBuffer>, bytes: Uint8Array, room: number): Buffer<ArrayBuffer> {
  const target = buffer.length >= room ? buffer : Buffer.allocUnsafeSlow(room);
  target.set(bytes, 0);
  return target;
}
