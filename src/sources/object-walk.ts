import { holdsHour, type Window } from '../core/source.ts';
import { eventTypeOf, hourOf } from './layout.ts';
import type { Page, Query, StoredObject } from './object-store.ts';

export interface Way {
  readonly startsAfter: boolean;
  readonly pages: (query: Query) => AsyncIterable<Page>;
}

/** Of each `event_type=…` folder whether it holds nothing but hours, and for which window that was looked up. */
export type Layouts = Map<string, { readonly hours: boolean; readonly window: string }>;

type Hours = Omit<Window, 'again'>;

interface Walk extends Way {
  readonly window: Hours;
  readonly layouts: Layouts;
  /** Folders of unknown meaning that may still be looked into one by one. */
  unknown: number;
}

/** Braze's own layout has two or three levels above `event_type=…`. */
const MAX_DEPTH = 6;
/** More than that, and one plain listing costs less than the many small ones. */
const MAX_UNKNOWN = 200;

const HOUR = /^date=(\d{4}-\d\d-\d\d-\d\d)\/$/;
const DAY = /^date=\d{4}-\d\d-\d\d-/;

/**
 * All objects below `root` that may lie in the window, in the order of their keys. What Braze's layout shows to lie
 * outside is not listed; where the layout is another, everything is.
 */
export async function* walk(
  root: string,
  window: Hours,
  layouts: Layouts,
  way: Way,
): AsyncGenerator<StoredObject> {
  const state: Walk = { ...way, window, layouts, unknown: MAX_UNKNOWN };
  const hour = hourOf(root);
  const eventType = eventTypeOf(root);
  if (hour !== undefined) {
    if (holdsHour(window, hour)) yield* plain(state, root);
  } else if (eventType === undefined) yield* level(state, root, 0);
  else if (window.wants?.(eventType) !== false) yield* ofType(state, root);
}

/** Each of these keys that is there. */
export async function* lookUp(
  keys: readonly string[],
  { pages }: Way,
): AsyncGenerator<StoredObject> {
  for (const key of new Set(keys))
    // The first key with a prefix is the prefix itself.
    for await (const { objects } of pages({ prefix: key, limit: 1 })) {
      const [first] = objects;
      if (first?.key === key) yield first;
      if (first) break;
    }
}

async function* level(state: Walk, folder: string, depth: number): AsyncGenerator<StoredObject> {
  const { window } = state;
  const isOfType = eventTypeOf(folder) !== undefined;
  /** What all keys of the day have in common that was listed last. */
  let day: string | undefined;
  for await (const page of state.pages({ prefix: folder, folders: true }))
    for (const entry of inOrder(page)) {
      const key = typeof entry === 'string' ? entry : entry.key;
      if (day !== undefined && key.startsWith(day)) continue;
      if (typeof entry !== 'string') {
        yield entry;
        continue;
      }
      const name = entry.slice(folder.length);
      const eventType = /^event_type=([^/]+)\/$/.exec(name)?.[1];
      if (eventType !== undefined && !isOfType) {
        if (window.wants?.(eventType) !== false) yield* ofType(state, entry);
        continue;
      }
      const hour = HOUR.exec(name)?.[1];
      if (hour !== undefined && !holdsHour(window, hour)) continue;
      const [ofDay] = DAY.exec(name) ?? [];
      if (ofDay !== undefined) {
        // The wanted hours of a day are neighbours: one listing gets them all.
        day = folder + ofDay;
        yield* plain(state, day, entry);
      } else if (depth < MAX_DEPTH && state.unknown > 0) {
        state.unknown--;
        yield* level(state, entry, depth + 1);
      } else {
        yield* plain(state, folder, entry);
        return;
      }
    }
}

async function* ofType(state: Walk, folder: string): AsyncGenerator<StoredObject> {
  const { since, until } = state.window;
  if (since === undefined && until === undefined) return yield* plain(state, folder);
  if (!state.startsAfter || !(await hasOnlyHours(state, folder)))
    return yield* level(state, folder, MAX_DEPTH - 1);
  const first = since === undefined ? folder : `${folder}date=${since}`;
  const end = until === undefined ? undefined : `${folder}date=${until}`;
  for await (const object of plain(state, folder, first)) {
    if (end !== undefined && object.key >= end) {
      // Behind all dates something new may have turned up.
      yield* plain(state, folder, `${folder}date>`);
      return;
    }
    yield object;
  }
}

/**
 * Whether everything in the folder of a type lies in hours, so that a listing may start at one of them. Looked through
 * once; whenever the window has moved, its start again, which is where anything but dates would turn up.
 */
async function hasOnlyHours(state: Walk, folder: string): Promise<boolean> {
  const window = `${state.window.since}/${state.window.until}`;
  const known = state.layouts.get(folder);
  if (known && (known.window === window || !known.hours)) return known.hours;
  let hours = true;
  for await (const { objects, folders } of state.pages({ prefix: folder, folders: true })) {
    hours =
      objects.every(({ key }) => !key.endsWith('.avro')) &&
      folders.every((each) => HOUR.test(each.slice(folder.length)));
    if (!hours || known) break;
  }
  state.layouts.set(folder, { hours, window });
  return hours;
}

async function* plain(state: Walk, prefix: string, after?: string): AsyncGenerator<StoredObject> {
  const query = after === undefined ? { prefix } : { prefix, after };
  let behind = after === undefined;
  for await (const { objects } of state.pages(query))
    for (const object of objects) {
      behind ||= compare(object.key, after!) > 0;
      if (behind) yield object;
    }
}

function inOrder({ objects, folders }: Page): readonly (StoredObject | string)[] {
  if (folders.length === 0) return objects;
  if (objects.length === 0) return folders;
  const keyOf = (entry: StoredObject | string): string =>
    typeof entry === 'string' ? entry : entry.key;
  return [...objects, ...folders].toSorted((a, b) => compare(keyOf(a), keyOf(b)));
}

/** Stores order keys by their UTF-8 bytes, which is not the order of JavaScript's strings. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
