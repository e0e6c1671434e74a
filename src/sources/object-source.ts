import { z } from 'zod';
import { SourceError } from '../core/errors.ts';
import { holds, holdsHour, type Slice, type Source, type Window } from '../core/source.ts';
import { eventTypeOf, hourOf } from './layout.ts';
import { readObject } from './object-read.ts';
import { inTime, BOUNDS, type Bounds, retrying } from './object-retry.ts';
import {
  type ObjectStore,
  type Page,
  type Query,
  StoreError,
  type StoredObject,
} from './object-store.ts';
import { type Layouts, lookUp, walk } from './object-walk.ts';

export const prefixSetting = z
  .string()
  .regex(/^(?!\/)/, 'a prefix does not begin with /')
  .default('')
  .describe("Folder in it: Braze's own, or any above or below; left out: everything");

/** A prefix names a folder: `a/b` and `a/b/` are the same, and `a/bc` lies outside. */
function folderOf(prefix: string): string {
  return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
}

/** A source of the `.avro` objects below a prefix. `connect` is called once, when something is first asked for. */
export function objectStoreSource(
  name: string,
  prefix: string,
  connect: () => Promise<ObjectStore>,
  bounds: Bounds = BOUNDS,
): Source {
  const root = folderOf(prefix);
  const layouts: Layouts = new Map();
  let connected: Promise<ObjectStore> | undefined;
  const connection = async (): Promise<ObjectStore> => {
    try {
      return await (connected ??= connect());
    } catch (error) {
      connected = undefined;
      throw error instanceof StoreError ? unlistable(error) : error;
    }
  };

  return {
    name,
    async *list(signal, window = {}) {
      signal.throwIfAborted();
      const store = await connection();
      const { again = [], ...hours } = window;
      const way = { startsAfter: store.startsAfter, pages: pagesOf(store, bounds, signal) };
      // What lies in the window the walk comes by itself.
      const old = again.map((id) => root + id).filter((key) => isOutside(key, hours));
      try {
        for await (const object of lookUp(old, way))
          if (object.key.endsWith('.avro')) yield sliceOf(object, root);
        for await (const object of walk(root, hours, layouts, way)) {
          signal.throwIfAborted();
          if (!object.key.endsWith('.avro')) continue;
          const slice = sliceOf(object, root);
          if (holds(hours, slice)) yield slice;
        }
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof StoreError ? unlistable(error) : error;
      }
    },
    async *open(slice, from, signal) {
      signal.throwIfAborted();
      yield* readObject(await connection(), slice, root + slice.id, from, bounds, signal);
    },
    async close() {
      const store = await connected?.catch(() => undefined);
      store?.close();
    },
  };
}

function pagesOf(store: ObjectStore, bounds: Bounds, signal: AbortSignal) {
  const { pageSize } = bounds;
  return async function* (asked: Query): AsyncGenerator<Page> {
    const query = pageSize === undefined ? asked : { limit: pageSize, ...asked };
    let token: string | undefined;
    do {
      const from = token;
      const ask = (): Promise<Page> =>
        inTime((cut) => store.page(query, from, cut), bounds.stallMs, signal);
      const page = await retrying(ask, bounds, signal);
      yield page;
      token = page.next;
    } while (token !== undefined);
  };
}

/** Whether a key is left out by its hour alone. */
function isOutside(key: string, window: Window): boolean {
  const eventType = eventTypeOf(key);
  if (eventType !== undefined && window.wants?.(eventType) === false) return false;
  const hour = hourOf(key);
  return hour !== undefined && !holdsHour(window, hour);
}

function sliceOf({ key, version, bytes, writtenAt }: StoredObject, root: string): Slice {
  // A prefix may lie within the folders that tell them.
  const eventType = eventTypeOf(key);
  const hour = hourOf(key);
  return {
    id: key.slice(root.length),
    version: `${bytes}-${version}`,
    format: 'avro',
    bytes,
    writtenAt,
    ...(eventType === undefined ? {} : { eventType }),
    ...(hour === undefined ? {} : { hour }),
  };
}

function unlistable({ code, message, hint }: StoreError): SourceError {
  return new SourceError(code, message, hint === undefined ? {} : { hint });
}
