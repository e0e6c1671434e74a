import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import { Batch } from './core/batch.ts';
import { isBalanced } from './core/counts.ts';
import { SliceError, SluiceError, SourceError } from './core/errors.ts';
import type { Claim, DeadLetters, RetryOutcome, StoredDeadLetter } from './core/ledger.ts';
import { START, type Slice, type Source } from './core/source.ts';
import { mapRecord, type SourceRecord } from './mapping/mapper.ts';
import { createMapping, type Mapping } from './mapping/mapping.ts';
import type { MappingSettings } from './mapping/settings.ts';
import { createUnpack } from './mapping/unpack.ts';
import { parseJson } from './mapping/values.ts';
import { deliver, type RetryInfo } from './pipeline/deliver.ts';
import { sharedRateLimit } from './pipeline/rate-limit.ts';
import { DEFAULT_BACKOFF } from './pipeline/retry.ts';
import { type Progress, run, type RunResult } from './pipeline/run.ts';
import { checkMixpanel, type MixpanelInput, mixpanelSink } from './sinks/mixpanel.ts';
import { directorySource } from './sources/directory.ts';
import { openState, type State } from './state/state.ts';

export type { MixpanelInput };

/** One export from a folder to a Mixpanel project. */
export interface ExportOptions {
  /** Folder with Currents Avro files, or one such file. */
  readonly from: string;
  readonly dataDir: string;
  /** Name in the ledger; by default made from folder and project. */
  readonly connection?: string;
  readonly destination: MixpanelInput;
  readonly settings: MappingSettings;
  readonly salt: string | undefined;
  /** Requests in flight at once. */
  readonly concurrency: number;
  /** First wait after a failed request, in milliseconds. */
  readonly backoffMs?: number;
}

export interface ExportEvents {
  readonly signal: AbortSignal;
  readonly onWarning?: (text: string) => void;
  /** `bytes`: size of the slices that this run has to read. */
  readonly onStart?: (bytes: number) => void;
  readonly onSettled?: (progress: Progress) => void;
  readonly onRetry?: (info: RetryInfo) => void;
}

export interface ExportResult extends RunResult {
  readonly connection: string;
  readonly run: number;
  readonly durationMs: number;
  /** Whether read = delivered + skipped + dead letters holds in this run and in the whole ledger. */
  readonly balanced: boolean;
}

/** Runs one export to its end. Throws SluiceError when it can't start or the ledger can't be written. */
export async function exportFolder(
  options: ExportOptions,
  events: ExportEvents,
): Promise<ExportResult> {
  const started = performance.now();
  const destination = mixpanelSink.settings.parse({
    ...options.destination,
    connections: options.concurrency,
  });
  for (const text of mixpanelSink.warnings(destination)) events.onWarning?.(text);
  const mapping = createMapping(options.settings, {
    token: tokenOf(options.destination),
    salt: options.salt,
  });
  const source = directorySource.open({ path: resolve(options.from) });
  const connection = options.connection ?? connectionName(options.from, options.destination);
  const state = openState(options.dataDir);
  const sink = mixpanelSink.open(destination);
  try {
    events.onStart?.(await bytesToRead(source, state, connection, events.signal));
    const claim = await state.ledger.claim(connection, Date.now());
    const result = await run({
      source,
      unpack: createUnpack(source, mapping),
      sink,
      ledger: state.ledger,
      claim,
      concurrency: options.concurrency,
      delivery: {
        rateLimit: sharedRateLimit(projectOf(options.destination)),
        backoff: { ...DEFAULT_BACKOFF, baseMs: options.backoffMs ?? DEFAULT_BACKOFF.baseMs },
        ...(events.onRetry ? { onRetry: events.onRetry } : {}),
      },
      signal: events.signal,
      now: Date.now,
      ...(events.onSettled ? { onSettled: events.onSettled } : {}),
    }).catch(async (error: unknown) => {
      await endFailedRun(state, claim, error);
      throw error;
    });
    await state.ledger.endRun(claim, result.state, result.detail ?? null, Date.now());
    const imbalances = await state.ledger.imbalances(connection);
    return {
      ...result,
      connection,
      run: claim.run,
      durationMs: performance.now() - started,
      balanced: isBalanced(result.counts) && imbalances.length === 0,
    };
  } finally {
    await sink.close();
    await source.close();
    state.close();
  }
}

async function endFailedRun(state: State, claim: Claim, error: unknown): Promise<void> {
  const detail = error instanceof Error ? error.message : String(error);
  try {
    await state.ledger.endRun(claim, 'failed', detail, Date.now());
  } catch (second) {
    // The ledger itself is what failed: the first error says so, and the run is marked when the folder is next claimed.
    if (!(second instanceof SluiceError)) throw second;
  }
}

/** Bytes of slices that are not settled yet. */
async function bytesToRead(
  source: Source,
  state: State,
  connection: string,
  signal: AbortSignal,
): Promise<number> {
  let bytes = 0;
  for await (const slice of source.list(signal)) {
    const progress = await state.ledger.progress(connection, slice);
    if (!progress?.done) bytes += (slice.bytes ?? 0) - (progress?.position.offset ?? 0);
  }
  return bytes;
}

/** The project token, for the `token` property. */
export function tokenOf({ credentials, token }: MixpanelInput): string | undefined {
  return credentials.kind === 'project-token' ? credentials.token : token;
}

/** Names a Mixpanel project without giving a secret away. */
function projectOf(destination: MixpanelInput): string {
  const { credentials, region, url } = destination;
  const token = tokenOf(destination);
  const place = url ?? region;
  if (credentials.kind === 'service-account') return `${place}/project ${credentials.projectId}`;
  const secret = token ?? (credentials.kind === 'api-secret' ? credentials.secret : '');
  return `${place}/project ~${hash('sha256', secret, 'hex').slice(0, 8)}`;
}

function connectionName(from: string, destination: MixpanelInput): string {
  return `${resolve(from)} → ${projectOf(destination)}`;
}

/** The books of a data folder, for reading; another process may be writing them. Throws StateError. */
export function openBooks(dataDir: string): State {
  return openState(dataDir, { readonly: true });
}

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
  readonly signal: AbortSignal;
}

/** Maps the records of files one by one, by the same way an export does. Sends nothing. */
export async function* previewFiles(
  files: readonly string[],
  options: PreviewOptions,
): AsyncGenerator<PreviewLine> {
  const mapping = createMapping(options.settings, options);
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
      options.onProblem(error.message);
    } finally {
      await source.close();
    }
  }
}

async function* previewSlice(
  slice: Slice,
  unpack: ReturnType<typeof createUnpack>,
  signal: AbortSignal,
): AsyncGenerator<PreviewLine> {
  const buffer = Buffer.alloc(64 * 1024);
  for await (const piece of unpack(slice, START, signal)) {
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

export interface RetryOptions {
  readonly dataDir: string;
  /** The connection whose dead letters are sent; by default made from `from` and the project, else all in the folder. */
  readonly connection?: string;
  readonly from?: string;
  readonly destination: MixpanelInput;
  readonly settings: MappingSettings;
  readonly salt: string | undefined;
  /** Empty: all that the filter names. */
  readonly ids: readonly number[];
  readonly cause?: string;
  readonly eventType?: string;
  readonly backoffMs?: number;
}

export interface RetryResult {
  readonly delivered: number;
  readonly skipped: number;
  readonly refused: number;
  /** Why sending stopped before the end. */
  readonly halted?: string;
}

const RETRY_PAGE = 500;

/**
 * Sends dead letters again. Events go as they are, records are mapped anew with the settings given, raw bytes stay:
 * only a mended file can bring those back.
 */
export async function retryDeadLetters(
  options: RetryOptions,
  signal: AbortSignal,
): Promise<RetryResult> {
  const destination = mixpanelSink.settings.parse(options.destination);
  const mapping = createMapping(options.settings, {
    token: tokenOf(options.destination),
    salt: options.salt,
  });
  const connection =
    options.connection ??
    (options.from === undefined ? undefined : connectionName(options.from, options.destination));
  const state = openState(options.dataDir);
  const sink = mixpanelSink.open(destination);
  const sums = { delivered: 0, skipped: 0, refused: 0 };
  try {
    for await (const page of pagesOf(state.deadLetters, options, connection)) {
      const outcomes: RetryOutcome[] = [];
      const sending: { id: number; line: string }[] = [];
      for (const letter of page) {
        const outcome = prepare(letter, mapping);
        if (typeof outcome === 'string') sending.push({ id: letter.id, line: outcome });
        else outcomes.push(outcome);
      }
      for (const part of partsOf(sending, sink.limits.bytes)) {
        const lines = Buffer.from(part.map(({ line }) => `${line}\n`).join(''));
        const delivery = await deliver(sink, lines, part.length, {
          signal,
          rateLimit: sharedRateLimit(projectOf(options.destination)),
          backoff: { ...DEFAULT_BACKOFF, baseMs: options.backoffMs ?? DEFAULT_BACKOFF.baseMs },
        });
        if (delivery.kind === 'halt') {
          await settleRetries(state.deadLetters, outcomes, sums);
          return { ...sums, halted: delivery.detail };
        }
        const refused = new Map(delivery.rejections.map((each) => [each.index, each]));
        for (const [index, { id }] of part.entries()) {
          const why = refused.get(index);
          outcomes.push(
            why
              ? { id, kind: 'refused', cause: why.cause, detail: why.detail }
              : { id, kind: 'delivered' },
          );
        }
      }
      await settleRetries(state.deadLetters, outcomes, sums);
    }
    return sums;
  } finally {
    await sink.close();
    state.close();
  }
}

async function* pagesOf(
  letters: DeadLetters,
  options: RetryOptions,
  connection: string | undefined,
): AsyncGenerator<StoredDeadLetter[]> {
  if (options.ids.length > 0) {
    for (let i = 0; i < options.ids.length; i += RETRY_PAGE) {
      const found = await Promise.all(
        options.ids.slice(i, i + RETRY_PAGE).map((id) => letters.get(id)),
      );
      yield found.filter((letter) => letter !== undefined);
    }
    return;
  }
  const filter = {
    ...(connection === undefined ? {} : { connection }),
    ...(options.cause === undefined ? {} : { cause: options.cause }),
    ...(options.eventType === undefined ? {} : { eventType: options.eventType }),
  };
  let after = 0;
  for (;;) {
    const page = await letters.list({ ...filter, after, limit: RETRY_PAGE });
    if (page.length === 0) return;
    yield page;
    after = page.at(-1)!.id;
  }
}

/** The line to send, or what became of the letter without sending. */
function prepare(letter: StoredDeadLetter, mapping: Mapping): string | RetryOutcome {
  const { id } = letter;
  if (letter.kind === 'bytes')
    return { id, kind: 'refused', cause: letter.cause, detail: letter.detail };
  const text = Buffer.from(letter.payload).toString('utf8');
  if (letter.kind === 'event') return text;
  const record = parseJson(text) as SourceRecord;
  const outcome = mapRecord(
    mapping.pushed(letter.eventType, Object.keys(record)),
    record,
    mapping.context,
  );
  if (outcome.kind === 'event') return outcome.json;
  return outcome.kind === 'skip'
    ? { id, kind: 'skipped', reason: outcome.reason }
    : { id, kind: 'refused', cause: outcome.cause, detail: outcome.detail };
}

/** Cuts into parts that fit a request. */
function* partsOf<T extends { line: string }>(all: readonly T[], limit: number): Generator<T[]> {
  let part: T[] = [];
  let size = 0;
  for (const each of all) {
    const bytes = Buffer.byteLength(each.line) + 1;
    if (part.length > 0 && size + bytes > limit) {
      yield part;
      part = [];
      size = 0;
    }
    part.push(each);
    size += bytes;
  }
  if (part.length > 0) yield part;
}

async function settleRetries(
  letters: DeadLetters,
  outcomes: readonly RetryOutcome[],
  sums: { delivered: number; skipped: number; refused: number },
): Promise<void> {
  await letters.settle(outcomes, Date.now());
  for (const { kind } of outcomes) sums[kind]++;
}

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
    const settings = mixpanelSink.settings.parse(options.destination);
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
      : { what: 'source', ok: true, detail: `${path} holds ${files} Avro files, ${bytes} bytes.` };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { what: 'source', ok: false, detail: `${error.message}. ${error.hint ?? ''}`.trim() };
  } finally {
    await source.close();
  }
}
