import { UsageError } from '../core/errors.ts';
import type { DeadLetters, Ledger, RetryOutcome, StoredDeadLetter } from '../core/ledger.ts';
import { mapRecord, type SourceRecord } from '../mapping/mapper.ts';
import { createMapping, type Mapping } from '../mapping/mapping.ts';
import type { MappingSettings } from '../mapping/settings.ts';
import { NO_EVENT_TYPE } from '../mapping/unpack.ts';
import { parseJson } from '../mapping/values.ts';
import { deliver } from '../pipeline/deliver.ts';
import { sharedRateLimit } from '../pipeline/rate-limit.ts';
import { DEFAULT_BACKOFF } from '../pipeline/retry.ts';
import { type MixpanelInput, mixpanelSink } from '../sinks/mixpanel.ts';
import { type KeySource, openControl, openState, type State } from '../state/state.ts';
import { destinationOf, parseConnection } from './connection.ts';
import { parseDestination } from './destination.ts';
import { type ExportEvents, warningsFor } from './export.ts';
import { ownerOf } from './service/jobs.ts';
import { connectionName, projectOf, tokenOf } from './project.ts';

/** Which dead letters are meant. */
export interface RetryFilter {
  /** Empty: all that the rest names. */
  readonly ids: readonly number[];
  readonly cause?: string;
  readonly eventType?: string;
}

export interface RetryOptions extends RetryFilter {
  readonly dataDir: string;
  /** The connection whose dead letters are sent; by default made from `from` and the project, else all in the folder. */
  readonly connection?: string;
  readonly from?: string;
  readonly destination: MixpanelInput;
  readonly settings: MappingSettings;
  readonly salt: string | undefined;
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
/** Letters named by id are sent once they hold this much. */
const RETRY_BYTES = 16 * 1024 * 1024;

export interface RetryEvents extends Pick<ExportEvents, 'onWarning' | 'onRetry'> {
  readonly onSettled?: (sums: RetryResult) => void;
}

/**
 * Sends dead letters again. Events go as they are, records are mapped anew with the settings given, raw bytes stay:
 * only a mended file can bring those back.
 */
export async function retryDeadLetters(
  options: RetryOptions,
  signal: AbortSignal,
  events: RetryEvents = {},
): Promise<RetryResult> {
  const connection =
    options.connection ??
    (options.from === undefined ? undefined : connectionName(options.from, options.destination));
  const state = openState(options.dataDir);
  try {
    if (connection === undefined) await expectOneConnection(state.deadLetters);
    else await expectKnown(connection, state.ledger);
    return await resend(state.deadLetters, { ...options, connection }, signal, events);
  } finally {
    state.close();
  }
}

/**
 * The same with the settings of a stored connection, also for its replays; undefined when none is stored under this name. Works beside the
 * service: what settles a letter only moves counts of slices that are there, in one transaction, and once.
 */
export async function retryStored(
  options: RetryFilter & {
    readonly dataDir: string;
    readonly keys: KeySource;
    readonly connection: string;
    readonly backoffMs?: number;
  },
  signal: AbortSignal,
  events: RetryEvents = {},
): Promise<RetryResult | undefined> {
  const state = await openControl(options.dataDir, options.keys);
  try {
    return await retryWithin(state, options, signal, events);
  } finally {
    state.close();
  }
}

/**
 * The same within the process that has the data folder open. `onSettled`: told of the sums so far whenever some letters
 * are settled, so that they are known when the signal ends it.
 */
export async function retryWithin(
  state: Pick<State, 'connections' | 'deadLetters'>,
  options: RetryFilter & { readonly connection: string; readonly backoffMs?: number },
  signal: AbortSignal,
  events: RetryEvents = {},
): Promise<RetryResult | undefined> {
  const stored = await state.connections.get(ownerOf(options.connection));
  if (!stored) return undefined;
  const spec = parseConnection(stored.spec);
  const { settings, salt } = spec;
  const given = { ...options, destination: destinationOf(spec), settings, salt };
  return resend(state.deadLetters, given, signal, events);
}

async function resend(
  letters: DeadLetters,
  options: Omit<RetryOptions, 'dataDir' | 'from' | 'connection'> & {
    readonly connection: string | undefined;
  },
  signal: AbortSignal,
  events: RetryEvents,
): Promise<RetryResult> {
  const destination = parseDestination(options.destination);
  for (const text of warningsFor(destination, options.settings)) events.onWarning?.(text);
  const mapping = createMapping(options.settings, {
    token: tokenOf(options.destination),
    salt: options.salt,
  });
  const sink = mixpanelSink.open(destination);
  const sums = { delivered: 0, skipped: 0, refused: 0 };
  try {
    for await (const page of pagesOf(letters, options, options.connection)) {
      const outcomes: RetryOutcome[] = [];
      const sending: { id: number; line: string }[] = [];
      for (const letter of page) {
        const outcome = prepare(letter, mapping);
        if (typeof outcome === 'string') sending.push({ id: letter.id, line: outcome });
        else outcomes.push(outcome);
      }
      await settleRetries(letters, outcomes, sums);
      events.onSettled?.({ ...sums });
      for (const part of partsOf(sending, sink.limits.bytes)) {
        const lines = Buffer.from(part.map(({ line }) => `${line}\n`).join(''));
        const delivery = await deliver(sink, lines, part.length, {
          signal,
          rateLimit: sharedRateLimit(projectOf(options.destination), sink.rates),
          backoff: { ...DEFAULT_BACKOFF, baseMs: options.backoffMs ?? DEFAULT_BACKOFF.baseMs },
          ...(events.onRetry ? { onRetry: events.onRetry } : {}),
        });
        if (delivery.kind === 'halt') return { ...sums, halted: delivery.detail };
        const refused = new Map(delivery.rejections.map((each) => [each.index, each]));
        const settled = part.map(({ id }, index): RetryOutcome => {
          const why = refused.get(index);
          return why
            ? { id, kind: 'refused', cause: why.cause, detail: why.detail }
            : { id, kind: 'delivered' };
        });
        await settleRetries(letters, settled, sums);
        events.onSettled?.({ ...sums });
      }
    }
    return sums;
  } finally {
    await sink.close();
  }
}

/** What was meant for one project must not land in another. */
async function expectOneConnection(letters: DeadLetters): Promise<void> {
  const names = new Set((await letters.summary()).map(({ connection }) => connection));
  if (names.size > 1)
    throw new UsageError(
      'which_connection',
      `The data folder holds dead letters of ${names.size} connections: ${[...names].toSorted().join('; ')}`,
      { hint: 'Say which are to be sent to this project: by --from, or by --connection.' },
    );
}

async function expectKnown(connection: string, ledger: Ledger): Promise<void> {
  const known = await ledger.connections();
  if (!known.includes(connection))
    throw new UsageError('no_such_connection', `There is no connection ${connection}`, {
      hint: `The data folder knows: ${known.join('; ') || 'none'}`,
    });
}

async function* pagesOf(
  letters: DeadLetters,
  options: RetryFilter,
  connection: string | undefined,
): AsyncGenerator<StoredDeadLetter[]> {
  if (options.ids.length > 0) {
    yield* pagesOfIds(letters, new Set(options.ids), connection);
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

async function* pagesOfIds(
  letters: DeadLetters,
  ids: ReadonlySet<number>,
  connection: string | undefined,
): AsyncGenerator<StoredDeadLetter[]> {
  let page: StoredDeadLetter[] = [];
  let bytes = 0;
  for (const id of ids) {
    const letter = await letters.get(id);
    if (!letter)
      throw new UsageError('no_such_letter', `There is no dead letter ${id}`, {
        hint: 'It was perhaps delivered by an earlier retry. Those there are: sluice dead-letters list --json',
      });
    if (connection !== undefined && letter.connection !== connection)
      throw new UsageError(
        'other_connection',
        `Dead letter ${id} belongs to ${letter.connection}, not to ${connection}`,
        { hint: 'Ids with their connections: sluice dead-letters list --json' },
      );
    page.push(letter);
    bytes += letter.payload.length;
    if (page.length < RETRY_PAGE && bytes < RETRY_BYTES) continue;
    yield page;
    page = [];
    bytes = 0;
  }
  if (page.length > 0) yield page;
}

/** The line to send, or what became of the letter without sending. */
function prepare(letter: StoredDeadLetter, mapping: Mapping): string | RetryOutcome {
  const { id } = letter;
  const asBefore = { id, kind: 'refused', cause: letter.cause, detail: letter.detail } as const;
  if (letter.kind === 'bytes') return asBefore;
  const text = Buffer.from(letter.payload).toString('utf8');
  if (letter.kind === 'event') return text;
  const record = parseJson(text);
  // Pushed without a type, it would be skipped as an event that nobody knows, and be gone.
  if (letter.cause === NO_EVENT_TYPE || !isRecord(record)) return asBefore;
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

function isRecord(value: unknown): value is SourceRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
