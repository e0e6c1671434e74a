import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Most bytes that go in at once. */
  segmentBytes(): number;
  segmentAt(): number;
  outputAt(): number;
  start(): void;
  deflate(bytes: number, isLast: number): number;
}

/** Compresses whole; the result is the caller's own. */
export type Gzip = (bytes: Uint8Array) => Uint8Array;

/** RFC 1952: no name, no time, fastest algorithm, unknown system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff]);

const TRAILER_BYTES = 8;

let shared: Gzip | undefined;

/** The one of this process: it compresses whole at each call, so that all can use its memory of some megabytes. */
export function sharedGzip(): Gzip {
  return (shared ??= createGzip());
}

/**
 * Gzip made for lines of JSON that resemble each other: about 60 % of the CPU time of zlib's level 1 on Currents events,
 * and slightly smaller (bench/floors.ts). Any gunzip reads it.
 */
export function createGzip(): Gzip {
  const module = new WebAssembly.Module(
    readFileSync(new URL('../../kernel/build/gzip.wasm', import.meta.url)),
  );
  const kernel = new WebAssembly.Instance(module, {
    env: {
      abort: () => {
        throw new Error('the gzip kernel failed');
      },
    },
  }).exports as Exports;
  const memory = new Uint8Array(kernel.memory.buffer);
  const input = kernel.segmentAt();
  const output = kernel.outputAt();
  const segment = kernel.segmentBytes();

  /** Grows to the largest result, so that each costs one allocation of its own size. */
  let scratch: Buffer = Buffer.allocUnsafeSlow(256 * 1024);

  return (bytes) => {
    let length = HEADER.copy(scratch);
    kernel.start();
    for (let from = 0; from === 0 || from < bytes.length; from += segment) {
      const some = bytes.subarray(from, from + segment);
      memory.set(some, input);
      const written = kernel.deflate(some.length, from + segment >= bytes.length ? 1 : 0);
      if (length + written + TRAILER_BYTES > scratch.length)
        scratch = grown(scratch, length, length + written + TRAILER_BYTES);
      scratch.set(memory.subarray(output, output + written), length);
      length += written;
    }
    scratch.writeUInt32LE(crc32(bytes), length);
    scratch.writeUInt32LE(bytes.length % 2 ** 32, length + 4);
    const result = Buffer.allocUnsafeSlow(length + TRAILER_BYTES);
    scratch.copy(result);
    return result;
  };
}

function grown(buffer: Buffer, used: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, buffer.length * 2));
  buffer.copy(larger, 0, 0, used);
  return larger;
}
