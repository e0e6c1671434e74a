import { resolve } from 'node:path';
import { SourceError, withHint } from '../core/errors.ts';
import { checkMixpanel, type MixpanelInput } from '../sinks/mixpanel.ts';
import { directorySource } from '../sources/directory.ts';
import { parseDestination } from './destination.ts';

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
