import { resolve } from 'node:path';
import { SliceError, SourceError, withHint } from '../core/errors.ts';
import { checkMixpanel, type MixpanelInput } from '../sinks/mixpanel.ts';
import { directorySource } from '../sources/directory.ts';
import type { KeySource } from '../state/state.ts';
import { destinationOf } from './connection.ts';
import { parseDestination } from './destination.ts';
import { openStore, SOURCES, type SourceSpec } from './sources.ts';
import { storedConnection } from './stored.ts';

export interface CheckLine {
  readonly what: 'source' | 'mixpanel';
  readonly ok: boolean;
  readonly detail: string;
}

/** Tries the source and the credentials without side effects. Each is left out when not given. */
export async function checkSetup(
  options: { from?: string; destination?: MixpanelInput },
  signal: AbortSignal,
): Promise<CheckLine[]> {
  const lines: CheckLine[] = [];
  if (options.from !== undefined) lines.push(await checkFolder(resolve(options.from), signal));
  if (options.destination) {
    const settings = parseDestination(options.destination);
    lines.push({ what: 'mixpanel', ...(await checkMixpanel(settings, signal)) });
  }
  return lines;
}

/** The same for a stored connection, by its own settings. Throws UsageError when there is none of that name. */
export async function checkStored(
  name: string,
  dataDir: string,
  keys: KeySource,
  signal: AbortSignal,
): Promise<CheckLine[]> {
  const spec = await storedConnection(name, dataDir, keys);
  const mixpanel = await checkMixpanel(destinationOf(spec), signal);
  return [await checkSource(spec.source, signal), { what: 'mixpanel', ...mixpanel }];
}

/** Lists as far as it takes to know that it can, and reads a first byte. */
export async function checkSource(spec: SourceSpec, signal: AbortSignal): Promise<CheckLine> {
  if (spec.kind === 'directory') return checkFolder(resolve(spec.path), signal);
  if (spec.kind === 'inbox')
    return { what: 'source', ok: true, detail: 'Braze pushes: there is nothing to ask it.' };
  const source = openStore(spec);
  const place = SOURCES[spec.kind].title;
  try {
    for await (const slice of source.list(signal)) {
      for await (const _chunk of source.open(slice, 0, signal)) break;
      return { what: 'source', ok: true, detail: `${place} can be listed and read: ${slice.id}` };
    }
    return {
      what: 'source',
      ok: false,
      detail: `${place} holds no .avro files below that prefix.`,
    };
  } catch (error) {
    if (!(error instanceof SourceError || error instanceof SliceError)) throw error;
    return { what: 'source', ok: false, detail: withHint(error) };
  } finally {
    await source.close();
  }
}

async function checkFolder(path: string, signal: AbortSignal): Promise<CheckLine> {
  const source = directorySource.open({ path });
  try {
    let files = 0;
    let bytes = 0;
    for await (const slice of source.list(signal)) {
      files++;
      bytes += slice.bytes ?? 0;
    }
    return files === 0
      ? { what: 'source', ok: false, detail: `${path} holds no .avro files.` }
      : {
          what: 'source',
          ok: true,
          detail: `${path} holds ${files.toLocaleString('en-US')} Avro files, ${(bytes / 1e6).toFixed(1)} MB.`,
        };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { what: 'source', ok: false, detail: withHint(error) };
  } finally {
    await source.close();
  }
}
