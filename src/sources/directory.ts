import { createReadStream } from 'node:fs';
import { opendir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { SliceError, SourceError } from '../core/errors.ts';
import type { Slice, Source } from '../core/source.ts';

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
const CHUNK_BYTES = 1 << 20;

function openDirectory({ path }: z.infer<typeof settings>): Source {
  let root = path;
  return {
    name: 'directory',
    async *list(signal) {
      const found = await lookAt(path);
      if (found.isFile()) {
        root = join(path, '..');
        yield sliceOf(basename(path), found);
        return;
      }
      root = path;
      yield* walk(path, '', signal, new Set([await realpath(path)]));
    },
    async *open(slice, from, signal) {
      const file = join(root, ...slice.id.split('/'));
      let offset = from;
      try {
        if (versionOf(await stat(file, { bigint: true })) !== slice.version)
          throw changed(slice, from);
        for await (const chunk of createReadStream(file, {
          start: from,
          highWaterMark: CHUNK_BYTES,
          signal,
        })) {
          yield chunk as Buffer;
          offset += (chunk as Buffer).length;
        }
        if (versionOf(await stat(file, { bigint: true })) !== slice.version)
          throw changed(slice, offset);
      } catch (error) {
        if (error instanceof SliceError) throw error;
        signal.throwIfAborted();
        throw unreadable(error, slice, offset);
      }
    },
    close: () => Promise.resolve(),
  };
}

type Stats = Awaited<ReturnType<typeof statOf>>;

function statOf(path: string) {
  return stat(path, { bigint: true });
}

function versionOf({ size, mtimeNs }: Stats): string {
  return `${size}-${mtimeNs}`;
}

function sliceOf(id: string, stats: Stats): Slice {
  const eventType = /(?:^|\/)event_type=([^/]+)/.exec(id)?.[1];
  return {
    id,
    version: versionOf(stats),
    format: 'avro',
    bytes: Number(stats.size),
    ...(eventType === undefined ? {} : { eventType }),
  };
}

async function lookAt(path: string): Promise<Stats> {
  try {
    return await statOf(path);
  } catch (error) {
    throw unlistable(error, path);
  }
}

async function* walk(
  folder: string,
  prefix: string,
  signal: AbortSignal,
  above: ReadonlySet<string>,
): AsyncGenerator<Slice> {
  const names: string[] = [];
  try {
    for await (const entry of await opendir(folder))
      if (!isHidden(entry.name)) names.push(entry.name);
  } catch (error) {
    throw unlistable(error, folder);
  }
  for (const name of names.toSorted()) {
    signal.throwIfAborted();
    const path = join(folder, name);
    const id = prefix + name;
    let stats: Stats;
    try {
      stats = await statOf(path);
    } catch (error) {
      // Between listing and looking a file may go, and a link may point nowhere.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw unlistable(error, path);
    }
    if (stats.isDirectory()) {
      const real = await realpath(path);
      if (!above.has(real)) yield* walk(path, `${id}/`, signal, new Set([...above, real]));
    } else if (stats.isFile() && name.endsWith('.avro')) yield sliceOf(id, stats);
  }
}

/** Editors and copying tools leave such names behind while they work. */
function isHidden(name: string): boolean {
  return name.startsWith('.') || name.endsWith('~');
}

function unlistable(error: unknown, path: string): SourceError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT')
    return new SourceError('no_folder', `There is no folder ${path}`, {
      hint: 'Check the path given by --from.',
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
  if (code === 'ENOENT')
    return new SliceError('vanished', `the file is gone (${slice.id})`, place, { cause: error });
  return new SliceError(
    'read_failed',
    `the file can't be read: ${message} (${slice.id}, byte ${offset})`,
    place,
    { cause: error },
  );
}
