import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type ContainerFormat, containerFormat, ContainerWriter } from './container-writer.ts';
import { pathOf } from './layout.ts';
import { type GenerateOptions, type GenerateSettings, settingsOf } from './options.ts';
import { SCHEMAS } from './schemas.ts';
import { timeline } from './timeline.ts';

/** One Avro file. */
export interface GeneratedFile {
  /** Below the bucket's or folder's root, with `/` between parts. */
  readonly path: string;
  readonly type: string;
  readonly events: number;
  readonly bytes: Uint8Array;
}

/**
 * Currents files as Braze writes them: one type and one hour a file, at most `eventsPerFile` events, never empty.
 * Holds the open files of one hour in memory, nothing more. Throws UsageError `bad_generate_options`.
 */
export function* generate(options: GenerateOptions): Generator<GeneratedFile, void, undefined> {
  const settings = settingsOf(options);
  const formats = new Map<string, ContainerFormat>();
  /** The number of the next event of each type: the offset in the file's name. */
  const offsets = new Map<string, number>();
  const open = new Map<string, { place: string; writer: ContainerWriter }>();
  let openBytes = 0;
  let hour = -1;

  const close = (type: string): GeneratedFile | undefined => {
    const found = open.get(type);
    if (!found) return undefined;
    open.delete(type);
    openBytes -= found.writer.held;
    const bytes = found.writer.finish();
    return { path: found.place, type, events: found.writer.events, bytes };
  };

  for (const { type, values, queuedAt } of timeline(settings)) {
    const itsHour = Math.floor(queuedAt / 3600);
    if (itsHour !== hour) {
      yield* closeAll(open, close);
      hour = itsHour;
    }
    let file = open.get(type);
    if (!file) {
      const place = pathOf(settings, type, hour, offsets.get(type) ?? 0);
      const format = formatOf(formats, type, settings);
      file = { place, writer: new ContainerWriter(format, settings, `${settings.seed}/${place}`) };
      open.set(type, file);
      openBytes += file.writer.held;
    }
    const before = file.writer.held;
    file.writer.add(values);
    openBytes += file.writer.held - before;
    offsets.set(type, (offsets.get(type) ?? 0) + 1);
    const full = file.writer.events >= settings.eventsPerFile ? type : undefined;
    const tooMuch = openBytes > settings.openBytes ? largest(open) : undefined;
    const done = close(full ?? tooMuch ?? '');
    if (done) yield done;
  }
  yield* closeAll(open, close);
}

function* closeAll(
  open: ReadonlyMap<string, unknown>,
  close: (type: string) => GeneratedFile | undefined,
): Generator<GeneratedFile, void, undefined> {
  for (const type of [...open.keys()].toSorted()) {
    const file = close(type);
    if (file) yield file;
  }
}

function largest(open: ReadonlyMap<string, { writer: ContainerWriter }>): string | undefined {
  let found: string | undefined;
  let most = 0;
  for (const [type, { writer }] of open) {
    if (writer.held <= most) continue;
    most = writer.held;
    found = type;
  }
  return found;
}

function formatOf(
  formats: Map<string, ContainerFormat>,
  type: string,
  { store, codec }: GenerateSettings,
): ContainerFormat {
  let format = formats.get(type);
  if (!format) {
    const schema = SCHEMAS.get(type);
    if (!schema) throw new RangeError(`no schema for ${type}`);
    format = containerFormat(schema, store, codec);
    formats.set(type, format);
  }
  return format;
}

export interface WrittenSummary {
  readonly files: number;
  readonly events: number;
  readonly bytes: number;
  /** Events by type. */
  readonly types: Readonly<Record<string, number>>;
}

export interface WriteControl {
  /** Stops between two files; what was written stays. */
  readonly signal?: AbortSignal;
  /** After each file. */
  readonly onProgress?: (soFar: Omit<WrittenSummary, 'types'>) => void;
}

/**
 * Writes the generated files below `dir`. A file appears under its name only when it is whole.
 * Throws UsageError `bad_generate_options`, the signal's reason, or what the file system reports.
 */
export async function writeGenerated(
  dir: string,
  options: GenerateOptions,
  { signal, onProgress }: WriteControl = {},
): Promise<WrittenSummary> {
  const soFar = { files: 0, events: 0, bytes: 0 };
  const types: Record<string, number> = {};
  const made = new Set<string>();
  for (const file of generate(options)) {
    signal?.throwIfAborted();
    const target = path.join(dir, ...file.path.split('/'));
    const folder = path.dirname(target);
    if (!made.has(folder)) {
      await mkdir(folder, { recursive: true });
      made.add(folder);
    }
    await writeWhole(target, file.bytes);
    soFar.files++;
    soFar.events += file.events;
    soFar.bytes += file.bytes.length;
    types[file.type] = (types[file.type] ?? 0) + file.events;
    onProgress?.({ ...soFar });
  }
  return { ...soFar, types };
}

async function writeWhole(target: string, bytes: Uint8Array): Promise<void> {
  const draft = `${target}.part`;
  try {
    await writeFile(draft, bytes);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
