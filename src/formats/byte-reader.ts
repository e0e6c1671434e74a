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

  const pull = async (n: number): Promise<void> => {
    const parts: Uint8Array[] = [current.subarray(at)];
    let size = parts[0]!.length;
    while (size < n && !ended) {
      const next = await chunks.next();
      if (next.done) ended = true;
      else {
        parts.push(next.value);
        size += next.value.length;
      }
    }
    const filled = parts.filter((part) => part.length > 0);
    current = filled.length === 1 ? filled[0]! : Buffer.concat(filled, size);
    at = 0;
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
