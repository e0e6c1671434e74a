import { selectEvents } from '../../catalogue/catalogue.ts';
import { SliceError } from '../../core/errors.ts';
import type { Slice, Source } from '../../core/source.ts';
import { createMapping } from '../../mapping/mapping.ts';
import { type MappingSettings, needsSalt } from '../../mapping/settings.ts';
import { createUnpack } from '../../mapping/unpack.ts';
import { stringifyJson } from '../../mapping/values.ts';
import { type PreviewLine, previewSlice } from '../preview.ts';
import { openSettled, openSource, openStore, type SourceSpec } from '../sources.ts';
import type { ManagedParts } from './parts.ts';
import { aFewAtATime, sampleOf } from './sample.ts';

/** Files opened, and records of each looked through, at most. */
const MAX_FILES = 40;
const MAX_RECORDS = 500;
const READ_MS = 20_000;
/** Stands in for the token: which project it is for may not be known yet. */
const TOKEN = '<token>';

export interface RealPreviewOptions {
  /** Whose pushes are shown. */
  readonly connection?: string | undefined;
  readonly source: SourceSpec;
  readonly settings: MappingSettings;
  readonly salt?: string | undefined;
  readonly limit: number;
}

/** A record as it came and what becomes of it. */
export interface RealLine {
  readonly type: string;
  readonly before: unknown;
  readonly outcome: PreviewLine['outcome'];
  readonly after?: unknown;
  readonly reason?: string;
  readonly cause?: string;
  readonly detail?: string;
}

export interface RealPreview {
  readonly lines: readonly RealLine[];
  readonly note?: string;
}

/** Maps some of the newest records of a source as an export would. Sends and settles nothing. Throws SourceError. */
export async function previewSource(
  parts: ManagedParts,
  options: RealPreviewOptions,
  signal: AbortSignal,
): Promise<RealPreview> {
  const { settings, limit } = options;
  const salt = options.salt ?? (needsSalt(settings) ? 'preview' : undefined);
  const mapping = createMapping(settings, { token: TOKEN, salt });
  const found = await newestOf(parts, options, signal);
  if (!found) return { lines: [], note: 'Braze has pushed nothing yet.' };
  const { source, groups } = found;
  try {
    const perGroup = Math.max(1, Math.ceil(limit / Math.max(1, groups.length)));
    const stop = AbortSignal.timeout(READ_MS);
    const byGroup = groups.map((): RealLine[] => []);
    const unpack = createUnpack(source, mapping);
    const look = async (i: number): Promise<void> => {
      const wanted = groups.length === 1 ? limit : perGroup;
      try {
        const cut = AbortSignal.any([signal, stop]);
        for (const slice of groups[i]!) {
          await linesOf(slice, unpack, cut, byGroup[i]!, wanted);
          if (byGroup[i]!.length >= wanted) return;
        }
      } catch (error) {
        // A file that can't be read is no hindrance to seeing the others.
        if (!(error instanceof SliceError) && !(stop.aborted && !signal.aborted)) throw error;
      }
    };
    await aFewAtATime([...groups.keys()], look, () => stop.aborted);
    const lines = byGroup.flat().slice(0, limit);
    const notes = [
      ...(lines.length === 0 ? ['There are no records of the selected types to look at.'] : []),
      ...(options.salt === undefined && salt !== undefined
        ? ['Hashed values are made with a stand-in for the salt.']
        : []),
    ];
    return { lines, ...(notes.length === 0 ? {} : { note: notes.join(' ') }) };
  } finally {
    await source.close();
  }
}

/** The newest few files of each selected type; of pushes the newest segments. */
async function newestOf(
  { inbox, now }: ManagedParts,
  { connection, source: spec, settings }: RealPreviewOptions,
  signal: AbortSignal,
): Promise<{ source: Source; groups: readonly (readonly Slice[])[] } | undefined> {
  if (spec.kind !== 'inbox') {
    const source = openStore(spec);
    const isSelected = selectEvents(settings.events);
    const { files } = await sampleOf(source, now(), signal).catch(async (error: unknown) => {
      await source.close();
      throw error;
    });
    const groups = [...files]
      .filter(([type]) => type === '' || isSelected(type))
      .flatMap(([type, slices]) =>
        type === '' ? slices.slice(0, MAX_FILES).map((each) => [each]) : [slices.slice(0, 3)],
      );
    return { source, groups: groups.slice(0, MAX_FILES) };
  }
  if (connection === undefined) return undefined;
  for (const source of [
    openSource(connection, spec, inbox),
    openSettled(connection, spec, inbox)!,
  ]) {
    const slices: Slice[] = [];
    for await (const slice of source.list(signal)) slices.push(slice);
    if (slices.length > 0) return { source, groups: [slices.toReversed().slice(0, 3)] };
  }
  return undefined;
}

/** Adds lines until there are enough. Of a type only a few each: the others are to be seen too. */
async function linesOf(
  slice: Slice,
  unpack: ReturnType<typeof createUnpack>,
  signal: AbortSignal,
  into: RealLine[],
  wanted: number,
): Promise<void> {
  const A_TYPE = Math.max(2, Math.ceil(wanted / 4));
  const rest: RealLine[] = [];
  const seen = new Map<string, number>();
  let before: unknown;
  let records = 0;
  for await (const line of previewSlice(slice, unpack, signal, (record) => (before = record))) {
    const shown: RealLine = { ...shownLine(line), before: plain(before) };
    const n = (seen.get(line.type) ?? 0) + 1;
    seen.set(line.type, n);
    if (n <= A_TYPE) into.push(shown);
    else if (rest.length < wanted) rest.push(shown);
    if (into.length >= wanted || ++records >= MAX_RECORDS) break;
    // One type alone: there is nothing else to wait for.
    if (slice.eventType !== undefined && into.length + rest.length >= wanted) break;
  }
  into.push(...rest.slice(0, Math.max(0, wanted - into.length)));
}

function shownLine(line: PreviewLine): Omit<RealLine, 'before'> {
  if (line.outcome !== 'event') return line;
  return { type: line.type, outcome: 'event', after: JSON.parse(line.event) as unknown };
}

/** As plain JSON: longs beyond 2^53 lose their last digits, bytes become texts. */
function plain(record: unknown): unknown {
  return record === undefined ? {} : (JSON.parse(stringifyJson(record)) as unknown);
}
