import { type FileHandle, open } from 'node:fs/promises';
import { SliceError } from '../core/errors.ts';
import type { Slice } from '../core/source.ts';

const CHUNK_BYTES = 256 * 1024;

/** The bytes of a sealed segment from an offset on. A chunk is valid until the next is asked for. Throws SliceError. */
export async function* readSegment(
  path: string,
  slice: Slice,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let offset = from;
  let file: FileHandle | undefined;
  try {
    signal.throwIfAborted();
    file = await open(path);
    const { size } = await file.stat();
    if (String(size) !== slice.version)
      throw fail(
        'changed_while_reading',
        `has ${size} bytes instead of ${slice.version}`,
        slice,
        0,
      );
    const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(CHUNK_BYTES, size - from)));
    while (offset < size) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      if (bytesRead === 0) throw fail('changed_while_reading', 'breaks off', slice, offset);
      yield buffer.subarray(0, bytesRead);
      offset += bytesRead;
    }
  } catch (error) {
    if (error instanceof SliceError) throw error;
    signal.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw vanished(slice, offset, error);
    throw fail('read_failed', `can't be read: ${message}`, slice, offset, error);
  } finally {
    await file?.close();
  }
}

export function vanished(slice: Slice, offset: number, cause?: unknown): SliceError {
  return fail('vanished', 'is gone', slice, offset, cause);
}

function fail(
  code: string,
  what: string,
  slice: Slice,
  offset: number,
  cause?: unknown,
): SliceError {
  return new SliceError(
    code,
    `the segment of the inbox ${what} (${slice.id}, byte ${offset})`,
    { slice: slice.id, offset },
    { cause, hint: 'Somebody or the disk changed it: look for a copy in a backup.' },
  );
}
