import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds, type Window } from '../core/source.ts';
import { objectStoreSource } from './object-source.ts';
import type { ObjectStore, Page, Query, StoredObject } from './object-store.ts';

const signal = new AbortController().signal;

/** Text whose order is that of the key's UTF-8 bytes. */
function orderOf(key: string): string {
  return Buffer.from(key).toString('latin1');
}

function sort(keys: readonly string[]): { key: string; order: string }[] {
  return [...new Set(keys)]
    .map((key) => ({ key, order: orderOf(key) }))
    .toSorted((a, b) => (a.order < b.order ? -1 : 1));
}

/** Lists like a real store, by pages, and counts how often it is asked. Without `startsAfter` it pays no heed to it. */
function storeOf(sorted: ReturnType<typeof sort>, startsAfter = true, most = 1000) {
  const asked: Query[] = [];
  /** Place of the first key that is not before this one. */
  const placeOf = (key: string): number => {
    const order = orderOf(key);
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]!.order < order) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const store: ObjectStore = {
    startsAfter,
    page(query, token) {
      asked.push(query);
      const limit = Math.min(query.limit ?? most, most);
      const objects: StoredObject[] = [];
      const folders: string[] = [];
      let at = token === undefined ? placeOf(query.prefix) : Number(token);
      if (token === undefined && startsAfter && query.after !== undefined)
        at = Math.max(at, placeOf(`${query.after}\0`));
      while (sorted[at]?.key.startsWith(query.prefix) && objects.length + folders.length < limit) {
        const { key } = sorted[at]!;
        const end = query.folders ? key.indexOf('/', query.prefix.length) : -1;
        if (end === -1) {
          objects.push({ key, version: 'v', bytes: 1, writtenAt: 0 });
          at++;
        } else {
          const folder = key.slice(0, end + 1);
          folders.push(folder);
          at = placeOf(`${folder}\u{10ffff}`);
        }
      }
      const page: Page = { objects, folders };
      const goesOn = sorted[at]?.key.startsWith(query.prefix) === true;
      return Promise.resolve(goesOn ? { ...page, next: String(at) } : page);
    },
    read: () => Promise.reject(new Error('nothing is read here')),
    close: () => undefined,
  };
  return { store, asked, source: objectStoreSource('fake', '', () => Promise.resolve(store)) };
}

type Fake = ReturnType<typeof storeOf>;

async function idsOf({ source }: Pick<Fake, 'source'>, window?: Window): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of source.list(signal, window)) ids.push(id);
  return ids;
}

const HOURS = Array.from({ length: 365 * 24 }, (_, i) =>
  new Date(Date.UTC(2025, 5, 1, i)).toISOString().slice(0, 13).replace('T', '-'),
);
const TYPES = Array.from({ length: 60 }, (_, i) => `users.messages.type${i}.Send`);
const of60Types = TYPES.flatMap((type) =>
  HOURS.map((hour) => `x/d.integration.1/event_type=${type}/date=${hour}/version=3/prod/f.avro`),
);
const year = sort(of60Types);
const KEYS = year.map(({ key }) => key);

test('a poll of a year of 60 types costs a call or two a type, not the whole history', async () => {
  const fake = storeOf(year);
  const since = HOURS.at(-6)!;
  const wanted = KEYS.filter((key) => key.includes('date=') && key.split('date=')[1]! >= since);
  const poll = async (window: Window): Promise<number> => {
    const before = fake.asked.length;
    expect(await idsOf(fake, window)).toEqual(
      wanted.filter((key) => key.split('date=')[1]! >= window.since!),
    );
    return fake.asked.length - before;
  };
  const above = 3;
  // The first looks once through the names of the folders, a thousand a call, for what is no hour.
  expect(await poll({ since })).toBe(above + TYPES.length * (9 + 1));
  expect(await poll({ since })).toBe(above + TYPES.length);
  expect(await poll({ since: HOURS.at(-5)! })).toBe(above + TYPES.length * 2);

  const before = fake.asked.length;
  const only = TYPES[7]!;
  await idsOf(fake, { since: HOURS.at(-5)!, wants: (type) => type === only });
  expect(fake.asked.length - before).toBe(above + 1);
  expect(fake.asked.slice(before).filter(({ prefix }) => prefix.includes('event_type='))).toEqual([
    expect.objectContaining({ prefix: expect.stringContaining(only) }),
  ]);
});

test('a store that can not start after a key is asked for the names of folders and for days', async () => {
  const fake = storeOf(year, false, 5000);
  const since = HOURS.at(-30)!;
  for (let poll = 0; poll < 2; poll++) {
    const before = fake.asked.length;
    expect(await idsOf(fake, { since })).toHaveLength(TYPES.length * 30);
    expect(fake.asked.length - before).toBe(3 + TYPES.length * (2 + 2));
  }
});

test('a stretch of the past is listed without what came after it', async () => {
  const fake = storeOf(year);
  const window = { since: HOURS[100]!, until: HOURS[110]! };
  expect(await idsOf(fake, window)).toHaveLength(TYPES.length * 10);
  const before = fake.asked.length;
  expect(await idsOf(fake, window)).toHaveLength(TYPES.length * 10);
  expect(fake.asked.length - before).toBe(3 + TYPES.length * 2);
});

test('old slices are looked up one by one', async () => {
  const fake = storeOf(year);
  const since = HOURS.at(-1)!;
  const wants = (type: string): boolean => type === TYPES[0];
  await idsOf(fake, { since, wants });
  const before = fake.asked.length;
  const again = [KEYS[5]!, KEYS[6]!, KEYS[HOURS.length - 1]!, KEYS[HOURS.length]!];
  expect(await idsOf(fake, { since, wants, again })).toEqual([
    KEYS[5],
    KEYS[6],
    KEYS[HOURS.length - 1],
  ]);
  expect(fake.asked.length - before).toBe(4 + 2);
});

test('thousands of folders of no known meaning are not gone through one by one', async () => {
  const keys = Array.from({ length: 20_000 }, (_, i) => `folder-${i}/f.avro`);
  const fake = storeOf(sort(keys));
  expect((await idsOf(fake)).toSorted()).toEqual(keys.toSorted());
  expect(fake.asked.length).toBeLessThan(250);
});

test('whatever the layout and the window: what is listed is what the window holds, once each', async () => {
  const part = fc.constantFrom(
    'event_type=a.B',
    'event_type=c.D',
    'date=2026-06-01-00',
    'date=2026-06-01-01',
    'date=2026-06-01-23',
    'date=2026-06-02-00',
    'date=2026-06-02-1',
    'date=2026-06-01',
    'date=',
    'date=~',
    'dataexport.1',
    'version=3',
    'é',
    '😀',
    '\u{fffd}',
    'z',
  );
  const key = fc
    .tuple(
      fc.array(part, { maxLength: 8 }),
      fc.constantFrom('f.avro', 'date=.avro', 'g.avro', 'no.txt'),
    )
    .map(([folders, file]) => [...folders, file].join('/'));
  const hour = fc.option(
    fc.constantFrom(
      '2026-06-01-00',
      '2026-06-01-01',
      '2026-06-01-12',
      '2026-06-02-00',
      '2026-06-03-00',
    ),
    { nil: undefined },
  );
  const windows = fc.record({
    since: hour,
    until: hour,
    types: fc.option(fc.subarray(['a.B', 'c.D']), { nil: undefined }),
    again: fc.array(fc.nat(), { maxLength: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(key, { maxLength: 40 }),
      fc.array(windows, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 7 }),
      async (keys, asked, startsAfter, pageSize) => {
        const fake = storeOf(sort(keys), startsAfter, pageSize);
        const all: { id: string; eventType?: string; hour?: string }[] = [];
        for await (const slice of fake.source.list(signal)) all.push(slice);
        expect(all.map(({ id }) => id).toSorted()).toEqual(
          [...new Set(keys)].filter((each) => each.endsWith('.avro')).toSorted(),
        );
        for (const { since, until, types, again } of asked) {
          const window: Window = {
            ...(since === undefined ? {} : { since }),
            ...(until === undefined ? {} : { until }),
            ...(types === undefined ? {} : { wants: (type: string) => types.includes(type) }),
            again: again.map((i) => keys[i % keys.length] ?? 'gone.avro'),
          };
          const listed = await idsOf(fake, window);
          const expected = all.filter((slice) =>
            holds(window, { ...slice, version: '', format: 'avro' }),
          );
          expect(listed.toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
          expect(await idsOf(fake, window)).toEqual(listed);
        }
      },
    ),
    { numRuns: 400 },
  );
});
