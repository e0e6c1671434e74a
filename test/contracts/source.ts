import { describe, expect, test } from 'vitest';
import { SliceError } from '../../src/core/errors.ts';
import type { Slice, Source } from '../../src/core/source.ts';

export interface SourceUnderTest {
  readonly source: Source;
  put(id: string, bytes: Uint8Array): Promise<void>;
  remove(id: string): Promise<void>;
  close(): Promise<void>;
}

const signal = new AbortController().signal;

export async function listOf(source: Source): Promise<Slice[]> {
  const slices: Slice[] = [];
  for await (const slice of source.list(signal)) slices.push(slice);
  return slices;
}

export async function bytesOf(source: Source, slice: Slice, from = 0): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source.open(slice, from, signal)) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** What every source of Avro files promises. `open` gives one that is empty and can be filled. */
export function sourceContract(name: string, open: () => Promise<SourceUnderTest>): void {
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

    test('it reads a slice from any byte on', () =>
      within(async ({ source, put }) => {
        const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => i % 251));
        await put('x/f.avro', bytes);
        const [slice] = await listOf(source);
        for (const from of [0, 1, 1_048_576, 2_999_999])
          expect((await bytesOf(source, slice!, from)).equals(bytes.subarray(from))).toBe(true);
        expect(await bytesOf(source, slice!, bytes.length)).toHaveLength(0);
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
        await put('f.avro', Buffer.from('another'));
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
            await put('f.avro', Buffer.alloc(3_000_000, 2));
          }
        };
        await expect(read()).rejects.toThrow(SliceError);
        expect(new Set(bytes)).toEqual(new Set([1]));
      }));

    test('an aborted signal ends listing and reading', () =>
      within(async ({ source, put }) => {
        await put('f.avro', Buffer.from('one'));
        const [slice] = await listOf(source);
        const reason = new Error('stop');
        const aborted = AbortSignal.abort(reason);
        await expect(source.list(aborted)[Symbol.asyncIterator]().next()).rejects.toBe(reason);
        await expect(source.open(slice!, 0, aborted)[Symbol.asyncIterator]().next()).rejects.toBe(
          reason,
        );
      }));

    test('an empty source has no slices', () =>
      within(async ({ source }) => {
        expect(await listOf(source)).toEqual([]);
      }));
  });
}
