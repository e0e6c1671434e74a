import { resolve } from 'node:path';
import { Batch } from '../core/batch.ts';
import { SliceError, SourceError, withHint } from '../core/errors.ts';
import { START, type Slice } from '../core/source.ts';
import { doubtsAbout } from '../mapping/doubts.ts';
import { createMapping } from '../mapping/mapping.ts';
import type { MappingSettings } from '../mapping/settings.ts';
import { createUnpack } from '../mapping/unpack.ts';
import { directorySource } from '../sources/directory.ts';

/** What becomes of one record. `event` is the JSON text that would be sent. */
export type PreviewLine =
  | { readonly type: string; readonly outcome: 'event'; readonly event: string }
  | { readonly type: string; readonly outcome: 'skip'; readonly reason: string }
  | {
      readonly type: string;
      readonly outcome: 'dead-letter';
      readonly cause: string;
      readonly detail: string;
    };

export interface PreviewOptions {
  readonly settings: MappingSettings;
  readonly salt: string | undefined;
  readonly token: string;
  /** Told of a file that can't be read to its end; the others go on. */
  readonly onProblem: (text: string) => void;
  readonly onWarning: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Maps the records of files one by one, by the same way an export does. Sends nothing. */
export async function* previewFiles(
  files: readonly string[],
  options: PreviewOptions,
): AsyncGenerator<PreviewLine> {
  const mapping = createMapping(options.settings, options);
  for (const text of doubtsAbout(options.settings)) options.onWarning(text);
  for (const file of files) {
    const path = resolve(file);
    const source = directorySource.open({ path });
    try {
      for await (const found of source.list(options.signal)) {
        const slice: Slice =
          file.endsWith('.json') || file.endsWith('.ndjson')
            ? { ...found, format: 'custom-http' }
            : found;
        yield* previewSlice(slice, createUnpack(source, mapping), options.signal);
      }
    } catch (error) {
      if (!(error instanceof SliceError || error instanceof SourceError)) throw error;
      options.onProblem(withHint(error));
    } finally {
      await source.close();
    }
  }
}

/** The same of one slice. `onSource`: told of each record as it came, before its line. */
export async function* previewSlice(
  slice: Slice,
  unpack: ReturnType<typeof createUnpack>,
  signal: AbortSignal,
  onSource?: (record: unknown) => void,
): AsyncGenerator<PreviewLine> {
  const buffer = Buffer.alloc(64 * 1024);
  for await (const piece of unpack(slice, START, signal)) {
    const sources = onSource && piece.sources?.()[Symbol.iterator]();
    for (let record = 0; record < piece.records; record++) {
      // A batch of one record shows what became of it. A type that is skipped whole comes as one step.
      const batch = new Batch({ events: 1, bytes: 9_500_000, records: 1 }, buffer);
      const advance = batch.enter(slice, START);
      const mapped = piece.encode(record, 0, batch);
      const [entry] = advance.counts;
      if (!entry) throw new Error('a record without an outcome');
      const [type, counts] = entry;
      const [letter] = batch.deadLetters;
      const [reason] = Object.keys(counts.skipped);
      for (let n = record; n < mapped; n++) {
        const source = sources?.next();
        onSource?.(source?.done === false ? source.value : undefined);
        if (letter)
          yield { type, outcome: 'dead-letter', cause: letter.cause, detail: letter.detail };
        else if (reason !== undefined) yield { type, outcome: 'skip', reason };
        else
          yield {
            type,
            outcome: 'event',
            event: Buffer.from(batch.lines.subarray(0, -1)).toString('utf8'),
          };
      }
      record = mapped - 1;
    }
  }
}
