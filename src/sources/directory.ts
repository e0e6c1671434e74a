import type { Dirent } from 'node:fs';
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { z } from 'zod';
import { SliceError, SourceError } from '../core/errors.ts';
import { holds, holdsHour, type Slice, type Source, type Window } from '../core/source.ts';
import { eventTypeOf, hourOf } from './layout.ts';

const settings = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('Folder with Currents Avro files, in any layout, or one such file'),
});

/** A folder on this machine, read with all its subfolders in the order of their names. */
export const directorySource = {
  name: 'directory',
  title: 'Folder',
  summary: 'Avro files of a folder and its subfolders, in any layout',
  settings,
  example: { path: '/var/lib/currents' } satisfies z.input<typeof settings>,
  open: openDirectory,
};

/** Large enough that reading costs little, small enough that many sources fit in memory. */
const CHUNK_BYTES = 256 * 1024;

function openDirectory({ path }: z.infer<typeof settings>): Source {
  let root = path;
  const spare: Buffer[] = [];
  return {
    name: 'directory',
    async *list(signal, window = {}) {
      const found = await lookAt(path);
      if (found.isFile()) {
        root = join(path, '..');
        yield sliceOf(basename(path), found);
        return;
      }
      root = path;
      const isWanted = folderFilter(window);
      const followed = new Set([await realpath(path)]);
      for await (const slice of walk(path, '', signal, followed, isWanted))
        if (holds(window, slice)) yield slice;
    },
    open: (slice, from, signal) =>
      read(join(root, ...slice.id.split('/')), slice, from, spare, signal),
    close: () => Promise.resolve(),
  };
}

/** Gives the bytes of the version that was listed, or fails: never a mixture of two. `spare`: buffers to use again. */
async function* read(
  path: string,
  slice: Slice,
  from: number,
  spare: Buffer[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let offset = from;
  let file: FileHandle | undefined;
  let buffer: Buffer | undefined;
  try {
    file = await open(path);
    const size = await sizeOf(file, slice, offset);
    while (offset < size) {
      signal.throwIfAborted();
      buffer ??= spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      if (bytesRead === 0) throw changed(slice, offset);
      // Overwritten meanwhile, these bytes would belong to another version, and end as blocks that nobody can read.
      await sizeOf(file, slice, offset);
      yield buffer.subarray(0, bytesRead);
      offset += bytesRead;
    }
  } catch (error) {
    if (error instanceof SliceError) throw error;
    signal.throwIfAborted();
    throw unreadable(error, slice, offset);
  } finally {
    if (buffer) spare.push(buffer);
    await file?.close();
  }
}

/** Size of the open file, which must still be the one that was listed. */
async function sizeOf(file: FileHandle, slice: Slice, offset: number): Promise<number> {
  const stats = await file.stat({ bigint: true });
  if (versionOf(stats) !== slice.version) throw changed(slice, offset);
  return Number(stats.size);
}

type Stats = Awaited<ReturnType<typeof statOf>>;

function statOf(path: string) {
  return stat(path, { bigint: true });
}

function versionOf({ size, mtimeNs }: Stats): string {
  return `${size}-${mtimeNs}`;
}

function sliceOf(id: string, stats: Stats): Slice {
  const eventType = eventTypeOf(id);
  const hour = hourOf(id);
  return {
    id,
    version: versionOf(stats),
    format: 'avro',
    bytes: Number(stats.size),
    writtenAt: Number(stats.mtimeMs),
    ...(eventType === undefined ? {} : { eventType }),
    ...(hour === undefined ? {} : { hour }),
  };
}

async function lookAt(path: string): Promise<Stats> {
  try {
    return await statOf(path);
  } catch (error) {
    throw unlistable(error, path);
  }
}

/** Whether a folder, given by its id with a `/` at the end, may hold slices of the window. */
function folderFilter(window: Window): (folder: string) => boolean {
  const again = new Set(
    window.again?.flatMap((id) =>
      [...id.matchAll(/\//g)].map(({ index }) => id.slice(0, index + 1)),
    ),
  );
  return (folder) => {
    const eventType = eventTypeOf(folder);
    if (eventType !== undefined && window.wants?.(eventType) === false) return false;
    const hour = hourOf(folder);
    return hour === undefined || holdsHour(window, hour) || again.has(folder);
  };
}

/** `followed`: real paths of the root and of the folders behind links on the way here. */
async function* walk(
  folder: string,
  prefix: string,
  signal: AbortSignal,
  followed: ReadonlySet<string>,
  isWanted: (folder: string) => boolean,
): AsyncGenerator<Slice> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    // Below the root a folder may go between being listed and being looked into, as files may.
    if (prefix !== '' && isGone(error) && isLegible(folder)) return;
    throw unlistable(error, folder);
  }
  const sorted = entries
    .filter(({ name }) => !isHidden(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of sorted) {
    signal.throwIfAborted();
    const path = join(folder, entry.name);
    const id = prefix + entry.name;
    if (entry.isDirectory()) {
      if (isWanted(`${id}/`)) yield* walk(path, `${id}/`, signal, followed, isWanted);
      continue;
    }
    const isAvro = entry.name.endsWith('.avro');
    if (!isAvro && !entry.isSymbolicLink()) continue;
    const stats = await lookAgain(path);
    if (stats?.isFile() && isAvro) yield sliceOf(id, stats);
    // Opening it will fail and say why: better than passing over it in silence.
    else if (!stats && isAvro && !isLegible(id)) yield { id, version: 'unknown', format: 'avro' };
    else if (stats?.isDirectory() && isWanted(`${id}/`)) {
      const real = await realpath(path);
      if (followed.has(real) || isWithin(await realpath(folder), real)) continue;
      yield* walk(path, `${id}/`, signal, new Set([...followed, real]), isWanted);
    }
  }
}

/** Between listing and looking a file may go, and a link may point nowhere: then undefined. */
async function lookAgain(path: string): Promise<Stats | undefined> {
  try {
    return await statOf(path);
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw unlistable(error, path);
  }
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** A name that is no valid UTF-8 comes with this character in place of its bytes, and finds nothing. */
function isLegible(path: string): boolean {
  return !path.includes('\uFFFD');
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Editors and copying tools leave such names behind while they work. */
function isHidden(name: string): boolean {
  return name.startsWith('.') || name.endsWith('~');
}

function unlistable(error: unknown, path: string): SourceError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && !isLegible(path))
    return new SourceError('illegible_name', `The name of ${path} is no valid UTF-8`, {
      hint: 'Rename it.',
      cause: error,
    });
  if (code === 'ENOENT')
    return new SourceError('no_folder', `There is no folder or file ${path}`, {
      hint: 'Check the path.',
      cause: error,
    });
  if (code === 'EACCES' || code === 'EPERM')
    return new SourceError('no_access', `${path} may not be read`, {
      hint: 'Give the user that runs Sluice the right to read it.',
      cause: error,
    });
  return new SourceError('unreadable_folder', `${path} can't be listed: ${message}`, {
    cause: error,
  });
}

function changed(slice: Slice, offset: number): SliceError {
  return new SliceError(
    'changed_while_reading',
    `the file changed while it was being read (${slice.id}, byte ${offset})`,
    {
      slice: slice.id,
      offset,
    },
    { hint: 'The next run reads the new version from its start.' },
  );
}

function unreadable(error: unknown, slice: Slice, offset: number): SliceError {
  const { code, message } = error as NodeJS.ErrnoException;
  const place = { slice: slice.id, offset };
  if (code === 'ENOENT' && !isLegible(slice.id))
    return new SliceError(
      'illegible_name',
      `the name of the file is no valid UTF-8: rename it (${slice.id})`,
      place,
      { cause: error },
    );
  if (code === 'ENOENT')
    return new SliceError('vanished', `the file is gone (${slice.id})`, place, { cause: error });
  return new SliceError(
    'read_failed',
    `the file can't be read: ${message} (${slice.id}, byte ${offset})`,
    place,
    { cause: error },
  );
}
