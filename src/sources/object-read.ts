import type { Readable } from 'node:stream';
import { SliceError, SourceError } from '../core/errors.ts';
import type { Slice } from '../core/source.ts';
import { inTime, type Bounds, pause } from './object-retry.ts';
import { type ObjectStore, StoreError, type StoredObject } from './object-store.ts';

/**
 * The bytes of an object from a byte on, to its very end. Where a connection drops, stalls or ends too early, another
 * goes on at the byte. Throws SliceError; SourceError where nothing of the store can be read.
 */
export async function* readObject(
  store: ObjectStore,
  slice: Slice,
  key: string,
  from: number,
  bounds: Bounds,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const size = slice.bytes ?? Number.parseInt(slice.version, 10);
  const object = { key, version: slice.version.slice(slice.version.indexOf('-') + 1) };
  let offset = from;
  let failures = 0;
  while (offset < size) {
    const before = offset;
    try {
      for await (const chunk of oneTry(store, object, offset, bounds.stallMs, signal)) {
        if (offset + chunk.length > size) throw changed();
        yield chunk;
        offset += chunk.length;
      }
      if (offset < size) throw broken(`the answer ended at byte ${offset} of ${size}`);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof StoreError)) throw error;
      failures = offset > before ? 1 : failures + 1;
      if (error.fault !== 'temporary' || failures >= bounds.tries)
        throw unreadable(error, slice, offset);
      await pause(failures, bounds, signal);
    }
  }
}

async function* oneTry(
  store: ObjectStore,
  object: Pick<StoredObject, 'key' | 'version'>,
  from: number,
  stallMs: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const whole = new AbortController();
  const both = AbortSignal.any([signal, whole.signal]);
  let stream: Readable | undefined;
  let ended = false;
  try {
    await inTime(
      async () => {
        stream = await store.read(object, from, both);
        // What breaks after we have left is nobody's concern; unheard, it would end the process.
        stream.on('error', () => undefined);
        if (ended) stream.destroy();
      },
      stallMs,
      signal,
    );
    const chunks = stream![Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    for (;;) {
      const next = await inTime(() => chunks.next().catch(brokeOff), stallMs, signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    ended = true;
    whole.abort();
    stream?.destroy();
  }
}

function brokeOff(error: unknown): never {
  if (error instanceof StoreError) throw error;
  const { code, message } = error as NodeJS.ErrnoException;
  throw broken(`the connection broke off (${code ?? message})`);
}

function broken(message: string): StoreError {
  return new StoreError('temporary', 'read_failed', message);
}

export function changed(): StoreError {
  return new StoreError('changed', 'changed_while_reading', 'it was overwritten');
}

function unreadable(error: StoreError, slice: Slice, offset: number): SliceError | SourceError {
  const { fault, code, message, hint } = error;
  if (fault === 'refused')
    return new SourceError(code, message, hint === undefined ? {} : { hint });
  const place = { slice: slice.id, offset };
  const at = `(${slice.id}, byte ${offset})`;
  switch (fault) {
    case 'gone':
      return new SliceError('vanished', `the object is gone ${at}`, place);
    case 'changed':
      return new SliceError(
        'changed_while_reading',
        `the object was overwritten after it was listed ${at}`,
        place,
        { hint: 'The next run reads the new version from its start.' },
      );
    case 'denied':
    case 'temporary':
      return new SliceError(code, `the object can't be read: ${message} ${at}`, place, {
        hint: hint ?? 'The next poll tries again.',
      });
  }
}
