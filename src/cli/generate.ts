import { access, constants, mkdir, opendir } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../core/errors.ts';
import { writeGenerated, type WrittenSummary } from '../sandbox/braze/generate.ts';
import { type GenerateOptions, settingsOf } from '../sandbox/braze/options.ts';
import { bytes, count, duration, number, table, type Terminal } from './terminal.ts';

export interface GenerateCommand extends GenerateOptions {
  /** Folder to write into; made if it is not there. */
  readonly out: string;
  /** Write even where Avro files lie already. Files of the same name are replaced, all others stay. */
  readonly force?: boolean;
  /** One JSON object instead of prose. */
  readonly json?: boolean;
  /** After each file. */
  readonly onProgress?: (soFar: Omit<WrittenSummary, 'types'>) => void;
}

export interface Output {
  write(text: string): unknown;
}

const TOP_TYPES = 10;

/**
 * Writes made-up Currents files and says what was written. Throws UsageError `bad_generate_options`, `folder_in_use`
 * or `bad_folder`, before any file is written; the signal's reason when it was stopped.
 */
export async function runGenerate(
  { out: dir, force = false, json = false, onProgress, ...options }: GenerateCommand,
  out: Output,
  signal: AbortSignal,
): Promise<WrittenSummary> {
  const { seed } = settingsOf(options);
  const inUse = force ? undefined : await findAvro(dir);
  if (inUse !== undefined)
    throw new UsageError('folder_in_use', `the folder ${dir} holds Avro files already: ${inUse}`, {
      hint: 'Choose an empty folder, or write into this one with --force.',
    });
  await makeFolder(dir);
  const summary = await writeGenerated(dir, options, { signal, ...(onProgress && { onProgress }) });
  out.write(json ? `${JSON.stringify({ dir, seed, ...summary })}\n` : summaryText(dir, summary));
  return summary;
}

/** The name of one Avro file in or below a folder. */
async function findAvro(dir: string): Promise<string | undefined> {
  let entries;
  try {
    entries = await opendir(dir, { recursive: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw badFolder(dir, error);
  }
  for await (const entry of entries) {
    if (entry.isFile() && entry.name.endsWith('.avro')) return entry.name;
  }
  return undefined;
}

async function makeFolder(dir: string): Promise<void> {
  try {
    await makeWithParents(path.resolve(dir));
    await access(dir, constants.W_OK);
  } catch (error) {
    throw badFolder(dir, error);
  }
}

/** `mkdir` with `recursive` tries for ever where a file system answers ENOENT though the parent is there, as /proc does. */
async function makeWithParents(dir: string): Promise<void> {
  try {
    await mkdir(dir);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || path.dirname(dir) === dir) throw error;
    await makeWithParents(path.dirname(dir));
    await mkdir(dir);
  }
}

function badFolder(dir: string, error: unknown): UsageError {
  return new UsageError('bad_folder', `can't write into ${dir}: ${String(error)}`, {
    hint: 'Give a folder with --out; it is made if it is not there.',
    cause: error,
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** Shows how far it is, in one line that redraws itself; nothing where that is not possible. */
export function generateProgress(terminal: Terminal, events: number) {
  const startedAt = performance.now();
  let drawnAt = startedAt;
  return {
    written(soFar: { readonly events: number }): void {
      const now = performance.now();
      if (!terminal.live || now - drawnAt < 100) return;
      drawnAt = now;
      const share = soFar.events / events;
      const rate = number(Math.round((soFar.events / (now - startedAt)) * 1000));
      const left = duration(((now - startedAt) / share) * (1 - share));
      terminal.err(
        `\r\u001b[2K${Math.floor(share * 100)}%  ${number(soFar.events)} events · ${rate}/s · ${left} left`,
      );
    },
    end(): void {
      if (drawnAt !== startedAt) terminal.err('\r\u001b[2K');
    },
  };
}

function summaryText(dir: string, summary: WrittenSummary): string {
  const types = Object.entries(summary.types).toSorted(
    ([a, m], [b, n]) => n - m || a.localeCompare(b, 'en'),
  );
  const head = `${count(summary.events, 'event')} of ${count(types.length, 'type')} in ${count(summary.files, 'file')}, ${bytes(summary.bytes)}, in ${dir}\n`;
  if (types.length === 0) return head;
  const top = types.slice(0, TOP_TYPES);
  const rest = types.slice(TOP_TYPES);
  const rows = top.map(([type, events]) => [type, number(events)]);
  if (rest.length > 0)
    rows.push([
      count(rest.length, 'other type'),
      number(rest.reduce((sum, [, events]) => sum + events, 0)),
    ]);
  const columns = [{ title: 'event type' }, { title: 'events', align: 'right' }] as const;
  return `${head}\n${table(columns, rows)}`;
}
