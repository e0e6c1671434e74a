import { HOUR_MS } from '../../core/hours.ts';
import { SliceError } from '../../core/errors.ts';
import type { Slice } from '../../core/source.ts';
import { createMapping } from '../../mapping/mapping.ts';
import { parseMappingSettings } from '../../mapping/settings.ts';
import { createUnpack } from '../../mapping/unpack.ts';
import { openStore, type SourceSpec } from '../sources.ts';
import type { ManagedParts } from './parts.ts';
import { aFewAtATime, countRecords, type Sample, sampleOf } from './sample.ts';

const DAY_HOURS = 24;
/** Bounds of what is read to learn how many events a byte is. */
const FILES_A_TYPE = 3;
const FILES_UNTYPED = 24;
const FILE_BYTES = 1_000_000;
const READ_BYTES = 64_000_000;
const READ_MS = 15_000;

export interface TypeVolume {
  readonly type: string;
  readonly filesPerDay: number;
  readonly bytesPerDay: number;
  readonly eventsPerDay: number;
}

export interface Estimate {
  readonly sampled: {
    /** First hour looked at, and the first hour after it; null when nothing was found. */
    readonly from: string | null;
    readonly until: string | null;
    /** Listed. */
    readonly files: number;
    /** Of the files that were opened, as far as they were read. */
    readonly bytes: number;
  };
  /** Most events first. */
  readonly types: readonly TypeVolume[];
  readonly totalPerDay: number;
  /** How the figures came about, in words. */
  readonly note: string;
}

/** How much there is of each type a day. An estimate from a bounded sample. Throws SourceError. */
export async function estimate(
  parts: ManagedParts,
  spec: SourceSpec,
  connection: string | undefined,
  signal: AbortSignal,
): Promise<Estimate> {
  if (spec.kind === 'inbox') return estimatePushed(parts, connection);
  const source = openStore(spec);
  try {
    const sample = await sampleOf(source, parts.now(), signal);
    if (sample.from === null)
      return nothing('The source holds no .avro files yet: there is nothing to estimate from.');
    // Nothing is selected, so blocks are counted by what they declare and never decompressed.
    const mapping = createMapping(parseMappingSettings({ events: ['-'] }));
    const unpack = createUnpack(source, mapping);
    const limit = AbortSignal.timeout(READ_MS);
    let bytes = 0;
    const perType = new Map<string, { records: number; bytes: number; files: number }>();
    const groups = [...sample.files].map(([type, files]) => ({
      type,
      files: spread(files, type === '' ? FILES_UNTYPED : FILES_A_TYPE),
    }));
    const untyped = new Map<string, { records: number; bytes: number }>();
    const open = async ({ type, slice }: { type: string; slice: Slice }): Promise<void> => {
      try {
        const cut = AbortSignal.any([signal, limit]);
        const found = await countRecords(slice, unpack, FILE_BYTES, cut);
        bytes += found.bytes;
        const into = type === '' ? untyped : perType;
        for (const [seen, records] of found.counts) {
          const key = type === '' ? seen : type;
          const old = into.get(key) ?? { records: 0, bytes: 0, files: 0 };
          into.set(key, {
            ...{ files: 0, ...old },
            records: old.records + records,
            bytes: old.bytes + found.bytes,
          });
        }
      } catch (error) {
        // A file that can't be read says nothing of the others.
        if (!(error instanceof SliceError) && !(limit.aborted && !signal.aborted)) throw error;
      }
    };
    // One of each type before the second of any.
    const queue = Array.from({ length: FILES_UNTYPED }, (_, i) =>
      groups.flatMap(({ type, files }) => (files[i] ? [{ type, slice: files[i] }] : [])),
    ).flat();
    await aFewAtATime(queue, open, () => limit.aborted || bytes >= READ_BYTES);
    const types = [...typedVolumes(sample, perType), ...untypedVolumes(sample, untyped)].toSorted(
      (a, b) => b.eventsPerDay - a.eventsPerDay || (a.type < b.type ? -1 : 1),
    );
    const files = [...sample.files.values()].reduce((sum, each) => sum + each.length, 0);
    return {
      sampled: { from: sample.from, until: sample.until, files, bytes },
      types,
      totalPerDay: sumOf(types),
      note: noteOf(sample, files),
    };
  } finally {
    await source.close();
  }
}

function typedVolumes(
  { files, hours }: Sample,
  seen: ReadonlyMap<string, { records: number; bytes: number }>,
): TypeVolume[] {
  return [...files].flatMap(([type, slices]) => {
    if (type === '') return [];
    const days = hours / DAY_HOURS;
    const bytesPerDay = bytesOf(slices) / days;
    const read = seen.get(type);
    const perByte = read && read.bytes > 0 ? read.records / read.bytes : 0;
    return [
      {
        type,
        filesPerDay: rounded(slices.length / days),
        bytesPerDay: Math.round(bytesPerDay),
        eventsPerDay: Math.round(bytesPerDay * perByte),
      },
    ];
  });
}

/** Where names tell no type, what the opened files hold stands for all of them. */
function untypedVolumes(
  { files, hours }: Sample,
  seen: ReadonlyMap<string, { records: number; bytes: number }>,
): TypeVolume[] {
  const slices = files.get('') ?? [];
  const days = hours / DAY_HOURS;
  const all = [...seen.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  return [...seen].map(([type, { records, bytes }]) => {
    const share = all === 0 ? 0 : bytes / all;
    const bytesPerDay = (bytesOf(slices) * share) / days;
    return {
      type,
      filesPerDay: rounded((slices.length * share) / days),
      bytesPerDay: Math.round(bytesPerDay),
      eventsPerDay: bytes === 0 ? 0 : Math.round((bytesPerDay * records) / bytes),
    };
  });
}

/** What is pushed is known exactly, once it comes. */
async function estimatePushed(
  { state, now }: ManagedParts,
  connection: string | undefined,
): Promise<Estimate> {
  const days = 2;
  const since = Math.floor(now() / HOUR_MS) * HOUR_MS - days * DAY_HOURS * HOUR_MS;
  const types = connection === undefined ? [] : await state.books.typesSince(connection, since);
  if (types.length === 0)
    return nothing('Braze has pushed nothing yet: there is nothing to estimate from.');
  const volumes = types.map(({ type, read }) => ({
    ...{ type, filesPerDay: 0, bytesPerDay: 0, eventsPerDay: Math.round(read / days) },
  }));
  return {
    sampled: { from: null, until: null, files: 0, bytes: 0 },
    types: volumes,
    totalPerDay: sumOf(volumes),
    note: 'What was pushed in the last two days, by the books of the connection.',
  };
}

function nothing(note: string): Estimate {
  return {
    sampled: { from: null, until: null, files: 0, bytes: 0 },
    types: [],
    totalPerDay: 0,
    note,
  };
}

function noteOf({ hours, from, until, cut }: Sample, files: number): string {
  const stretch = `${files.toLocaleString('en-US')} files of ${Math.round(hours)} hours, ${from} to ${until} UTC`;
  const more = cut ? ' There are more files than were looked at, so it may be more.' : '';
  return `An estimate: from the sizes of ${stretch}, and the beginnings of a few of each type.${more}`;
}

/** Some of a list, evenly from its beginning to its end. */
function spread<T>(all: readonly T[], n: number): T[] {
  if (all.length <= n) return [...all];
  return Array.from({ length: n }, (_, i) => all[Math.floor((i * all.length) / n)]!);
}

function bytesOf(slices: readonly Slice[]): number {
  return slices.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
}

function sumOf(types: readonly TypeVolume[]): number {
  return types.reduce((sum, { eventsPerDay }) => sum + eventsPerDay, 0);
}

function rounded(n: number): number {
  return Math.round(n * 10) / 10;
}
