import { resolve } from 'node:path';
import { isBalanced } from '../core/counts.ts';
import { SluiceError, SourceError } from '../core/errors.ts';
import type { Claim } from '../core/ledger.ts';
import type { Source } from '../core/source.ts';
import { doubtsAbout } from '../mapping/doubts.ts';
import { createMapping } from '../mapping/mapping.ts';
import type { MappingSettings } from '../mapping/settings.ts';
import { createUnpack } from '../mapping/unpack.ts';
import type { RetryInfo } from '../pipeline/deliver.ts';
import { sharedRateLimit } from '../pipeline/rate-limit.ts';
import { DEFAULT_BACKOFF } from '../pipeline/retry.ts';
import { type Progress, run, type RunResult } from '../pipeline/run.ts';
import { type MixpanelInput, type MixpanelSettings, mixpanelSink } from '../sinks/mixpanel.ts';
import { directorySource } from '../sources/directory.ts';
import { openState, type State } from '../state/state.ts';
import { keyFingerprint } from './fingerprint.ts';
import { parseDestination } from './destination.ts';
import { connectionName, projectOf, tokenOf } from './project.ts';

export { parseMappingSettings } from '../mapping/settings.ts';

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
  /** `bytes`: size of the slices that this run has to read. Costs a listing of its own, so only when it is wanted. */
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
  const destination = parseDestination({
    ...options.destination,
    connections: options.concurrency,
  });
  for (const text of warningsFor(destination, options.settings)) events.onWarning?.(text);
  const mapping = createMapping(options.settings, {
    token: tokenOf(options.destination),
    salt: options.salt,
  });
  const source = directorySource.open({ path: resolve(options.from) });
  const connection = options.connection ?? connectionName(options.from, options.destination);
  const state = openState(options.dataDir);
  const sink = mixpanelSink.open(destination);
  try {
    if (events.onStart) events.onStart(await bytesToRead(source, state, connection, events.signal));
    const { prunedBefore } = await state.ledger.listing(connection);
    // What a service of this name has settled and forgotten would be sent again.
    const window = prunedBefore === undefined ? {} : { since: prunedBefore };
    const claim = await state.ledger.claim(connection, Date.now(), {
      mapping: keyFingerprint(options),
    });
    const result = await run({
      source,
      unpack: createUnpack(source, mapping),
      sink,
      ledger: state.ledger,
      connection,
      window,
      claim: () => Promise.resolve(claim),
      concurrency: options.concurrency,
      delivery: {
        rateLimit: sharedRateLimit(projectOf(options.destination), sink.rates),
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

/** What a user should know before events are sent. */
export function warningsFor(destination: MixpanelSettings, settings: MappingSettings): string[] {
  return [...mixpanelSink.warnings(destination), ...doubtsAbout(settings)];
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
  try {
    for await (const slice of source.list(signal)) {
      const progress = await state.ledger.progress(connection, slice);
      if (!progress?.done) bytes += (slice.bytes ?? 0) - (progress?.position.offset ?? 0);
    }
  } catch (error) {
    // Only an estimate: the run meets the same error in its turn, once what it can list is delivered.
    if (!(error instanceof SourceError)) throw error;
  }
  return bytes;
}
