import { describe, expect, test } from 'vitest';
import { SliceError } from '../../src/core/errors.ts';
import type { Slice, Source, Window } from '../../src/core/source.ts';

export interface SourceUnderTest {
  readonly source: Source;
  put(id: string, bytes: Uint8Array): Promise<void>;
  remove(id: string): Promise<void>;
  close(): Promise<void>;
}

const signal = new AbortController().signal;

export async function listOf(source: Source, window?: Window): Promise<Slice[]> {
  const slices: Slice[] = [];
  for await (const slice of source.list(signal, window)) slices.push(slice);
  return slices;
}

export async function bytesOf(source: Source, slice: Slice, from = 0): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source.open(slice, from, signal)) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** A source of any kind, empty at first. */
export interface AnySource {
  readonly source: Source;
  /** Adds a slice with so many bytes of content, of any kind, behind those that are there. */
  add(bytes: number): Promise<void>;
  /** Takes a slice away behind the source's back. */
  remove(slice: Slice): Promise<void>;
  close(): Promise<void>;
}

/** What every source promises, whatever it reads from. */
export function anySourceContract(name: string, open: () => Promise<AnySource>): void {
  const within = async (work: (under: AnySource) => Promise<void>): Promise<void> => {
    const under = await open();
    try {
      await work(under);
    } finally {
      await under.source.close();
      await under.close();
    }
  };

  describe(`${name} keeps the contract of all sources`, () => {
    test('an empty source has no slices', () =>
      within(async ({ source }) => {
        expect(await listOf(source)).toEqual([]);
      }));

    test('slices are listed in a stable order, each once, with their sizes', () =>
      within(async ({ source, add }) => {
        await add(100);
        const [first] = await listOf(source);
        await add(200);
        await add(300);
        const slices = await listOf(source);
        expect(slices[0]).toEqual(first);
        expect(new Set(slices.map(({ id }) => id)).size).toBe(3);
        expect(await listOf(source)).toEqual(slices);
        for (const slice of slices) expect(await bytesOf(source, slice)).toHaveLength(slice.bytes!);
      }));

    test('a slice is read from any byte on', () =>
      within(async ({ source, add }) => {
        await add(3_000_000);
        const [slice] = await listOf(source);
        const bytes = await bytesOf(source, slice!);
        expect(bytes.length).toBeGreaterThanOrEqual(3_000_000);
        for (const from of [1, 1_048_576, bytes.length - 1])
          expect((await bytesOf(source, slice!, from)).equals(bytes.subarray(from))).toBe(true);
        expect(await bytesOf(source, slice!, bytes.length)).toHaveLength(0);
      }));

    test('a slice that is gone is refused by its name, and the others can still be read', () =>
      within(async ({ source, add, remove }) => {
        await add(10);
        await add(20);
        const [gone, other] = await listOf(source);
        await remove(gone!);
        await expect(bytesOf(source, gone!)).rejects.toMatchObject({
          name: 'SliceError',
          code: 'vanished',
          slice: gone!.id,
        });
        expect(await bytesOf(source, other!)).toHaveLength(other!.bytes!);
      }));

    test('an aborted signal ends listing and reading', () =>
      within(async ({ source, add }) => {
        await add(10);
        const [slice] = await listOf(source);
        const reason = new Error('stop');
        const aborted = AbortSignal.abort(reason);
        await expect(source.list(aborted)[Symbol.asyncIterator]().next()).rejects.toBe(reason);
        await expect(source.open(slice!, 0, aborted)[Symbol.asyncIterator]().next()).rejects.toBe(
          reason,
        );
      }));
  });
}

/** What every source of Avro files promises. `open` gives one that is empty and can be filled. */
export function sourceContract(name: string, open: () => Promise<SourceUnderTest>): void {
  anySourceContract(name, async () => {
    const under = await open();
    let files = 0;
    return {
      source: under.source,
      add: (bytes) =>
        under.put(
          `f-${++files}.avro`,
          Buffer.from(Array.from({ length: bytes }, (_, i) => i % 251)),
        ),
      remove: ({ id }) => under.remove(id),
      close: () => under.close(),
    };
  });

  const within = async (work: (under: SourceUnderTest) => Promise<void>): Promise<void> => {
    const under = await open();
    try {
      await work(under);
    } finally {
      await under.source.close();
      await under.close();
    }
  };

  describe(`${name} keeps the contract of sources`, () => {
    test('it lists .avro files at any depth, in a stable order, with size and type', () =>
      within(async ({ source, put }) => {
        await put(
          'b/event_type=users.messages.email.Click/date=2026-06-01-00/2.avro',
          Buffer.alloc(3),
        );
        await put(
          'b/event_type=users.messages.email.Click/date=2026-06-01-00/1.avro',
          Buffer.alloc(2),
        );
        await put('a.avro', Buffer.alloc(1));
        await put('a.avro.tmp', Buffer.alloc(9));
        await put('notes.txt', Buffer.alloc(9));
        const slices = await listOf(source);
        expect(
          slices.map(({ id, bytes, format, eventType }) => [id, bytes, format, eventType]),
        ).toEqual([
          ['a.avro', 1, 'avro', undefined],
          [
            'b/event_type=users.messages.email.Click/date=2026-06-01-00/1.avro',
            2,
            'avro',
            'users.messages.email.Click',
          ],
          [
            'b/event_type=users.messages.email.Click/date=2026-06-01-00/2.avro',
            3,
            'avro',
            'users.messages.email.Click',
          ],
        ]);
        expect(await listOf(source)).toEqual(slices);
      }));

    test('a file that changes gets another version, and late files are found', () =>
      within(async ({ source, put }) => {
        await put('f.avro', Buffer.from('one'));
        const [before] = await listOf(source);
        await put('f.avro', Buffer.from('two'));
        await put('late.avro', Buffer.from('three'));
        const after = await listOf(source);
        expect(after.map(({ id }) => id)).toEqual(['f.avro', 'late.avro']);
        expect(after[0]!.version).not.toBe(before!.version);
      }));

    test('a slice that was overwritten or removed since is refused, never read as what it was', () =>
      within(async ({ source, put, remove }) => {
        await put('f.avro', Buffer.from('one'));
        const [slice] = await listOf(source);
        await put('f.avro', Buffer.from('two'));
        await expect(bytesOf(source, slice!)).rejects.toThrow(SliceError);
        await remove('f.avro');
        await expect(bytesOf(source, slice!)).rejects.toMatchObject({
          code: 'vanished',
          slice: 'f.avro',
        });
      }));

    test('bytes of a newer version never come behind those of the one that was listed', () =>
      within(async ({ source, put }) => {
        await put('f.avro', Buffer.alloc(3_000_000, 1));
        const [slice] = await listOf(source);
        const bytes: number[] = [];
        const read = async (): Promise<void> => {
          for await (const part of source.open(slice!, 0, signal)) {
            bytes.push(...new Set(part));
            if (bytes.length < 4) await put('f.avro', Buffer.alloc(3_000_000, 2));
          }
        };
        // Or all of the old one, where the store keeps it for those who are reading it.
        await read().catch((error: unknown) => expect(error).toBeInstanceOf(SliceError));
        expect(new Set(bytes)).toEqual(new Set([1]));
      }));

    const CURRENT = 'dataexport.prod-03.S3.integration.0a1b';
    const OTHER = 'dataexport.prod-03.S3.integration.9f8e';
    const OPEN = 'event_type=users.messages.email.Open';
    const SEND = 'event_type=users.messages.email.Send';
    const file = (integration: string, type: string, hour: string): string =>
      `${integration}/${type}/date=2026-06-${hour}/version=3/prod/${integration}+0+1.avro`;
    const all = [CURRENT, OTHER].flatMap((integration) =>
      [OPEN, SEND].flatMap((type) =>
        ['01-00', '01-22', '01-23', '02-00', '02-01', '12-05'].map((hour) =>
          file(integration, type, hour),
        ),
      ),
    );
    const idsOf = async (source: Source, window?: Window): Promise<string[]> =>
      (await listOf(source, window)).map(({ id }) => id);

    test('a window leaves out hours and types, in Braze\u2019s own layout', () =>
      within(async ({ source, put }) => {
        for (const id of all) await put(id, Buffer.from('x'));
        expect(await idsOf(source)).toEqual(all);
        const since = '2026-06-01-23';
        const until = '2026-06-02-01';
        const hour = (id: string): string => id.slice(id.indexOf('date=') + 5).slice(0, 13);
        for (let poll = 0; poll < 2; poll++) {
          expect(await idsOf(source, { since })).toEqual(all.filter((id) => hour(id) >= since));
          expect(await idsOf(source, { until })).toEqual(all.filter((id) => hour(id) < until));
          expect(await idsOf(source, { since, until })).toEqual(
            all.filter((id) => hour(id) >= since && hour(id) < until),
          );
          const wants = (type: string): boolean => type.endsWith('Send');
          expect(await idsOf(source, { since, wants })).toEqual(
            all.filter((id) => hour(id) >= since && id.includes(SEND)),
          );
        }
        await put(file(CURRENT, OPEN, '12-06'), Buffer.from('x'));
        expect(await idsOf(source, { since: '2026-06-12-06' })).toEqual([
          file(CURRENT, OPEN, '12-06'),
        ]);
      }));

    test('slices before the window are listed again when asked for, those that are gone are not', () =>
      within(async ({ source, put, remove }) => {
        for (const id of all) await put(id, Buffer.from('x'));
        const gone = file(OTHER, OPEN, '01-22');
        await remove(gone);
        const window = {
          since: '2026-06-12-00',
          again: [
            file(CURRENT, OPEN, '01-00'),
            file(CURRENT, OPEN, '12-05'),
            file(CURRENT, SEND, '01-00'),
            gone,
            'never/was/date=2026-06-01-00/there.avro',
          ],
          wants: (type: string) => type.endsWith('Open'),
        };
        expect((await idsOf(source, window)).toSorted()).toEqual([
          file(CURRENT, OPEN, '01-00'),
          file(CURRENT, OPEN, '12-05'),
          file(OTHER, OPEN, '12-05'),
        ]);
      }));

    test('in any other layout nothing is missed, whatever the window', () =>
      within(async ({ source, put }) => {
        const kept = [
          `${CURRENT}/${OPEN}/a-file-of-no-hour.avro`,
          `${CURRENT}/${OPEN}/date=2026-05-01/a-day.avro`,
          `${CURRENT}/${OPEN}/date=2026-06-01-1/half.avro`,
          `${CURRENT}/${OPEN}/date=2026-06-02-00/f.avro`,
          `${CURRENT}/${OPEN}/zzz/f.avro`,
          'date=2026-06-02-07/event_type=users.messages.email.Open/f.avro',
          'deep/er/and/deep/er/still/and/still/f.avro',
          'f.avro',
        ].toSorted();
        const left = [
          `${CURRENT}/${OPEN}/date=2026-06-01-00/f.avro`,
          'date=2026-06-01-07/event_type=users.messages.email.Open/f.avro',
          `date=2026-06-02-07/${SEND}/f.avro`,
        ];
        for (const id of [...kept, ...left]) await put(id, Buffer.from('x'));
        const window = {
          since: '2026-06-02-00',
          wants: (type: string) => type === 'users.messages.email.Open',
        };
        expect((await idsOf(source, window)).toSorted()).toEqual(kept);
        const late = `${CURRENT}/${SEND}/date=2026-06-01-00/f.avro`;
        await put(late, Buffer.from('x'));
        expect((await idsOf(source, window)).toSorted()).toEqual(kept);
        expect(await idsOf(source)).toContain(late);
      }));
  });
}
