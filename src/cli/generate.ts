import { opendir } from 'node:fs/promises';
import { UsageError } from '../core/errors.ts';
import { writeGenerated, type WrittenSummary } from '../sandbox/braze/generate.ts';
import { type GenerateOptions, settingsOf } from '../sandbox/braze/options.ts';
import { bytes, number, table } from './terminal.ts';

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
 * Writes made-up Currents files and says what was written. Throws UsageError `bad_generate_options` or
 * `folder_in_use`, before anything is written; the signal's reason when it was stopped.
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
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UsageError('bad_folder', `can't write into ${dir}: ${String(error)}`, {
      hint: 'Give a folder with --out; it is made if it is not there.',
      cause: error,
    });
  }
  for await (const entry of entries) {
    if (entry.isFile() && entry.name.endsWith('.avro')) return entry.name;
  }
  return undefined;
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

function count(n: number, thing: string): string {
  return `${number(n)} ${thing}${n === 1 ? '' : 's'}`;
}
