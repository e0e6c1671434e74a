import type { DeadLetters, RetryOutcome, StoredDeadLetter } from '../core/ledger.ts';
import { mapRecord, type SourceRecord } from '../mapping/mapper.ts';
import { createMapping, type Mapping } from '../mapping/mapping.ts';
import type { MappingSettings } from '../mapping/settings.ts';
import { parseJson } from '../mapping/values.ts';
import { deliver } from '../pipeline/deliver.ts';
import { sharedRateLimit } from '../pipeline/rate-limit.ts';
import { DEFAULT_BACKOFF } from '../pipeline/retry.ts';
import { type MixpanelInput, mixpanelSink } from '../sinks/mixpanel.ts';
import { openState } from '../state/state.ts';
import { connectionName, projectOf, tokenOf } from './project.ts';

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
          rateLimit: sharedRateLimit(projectOf(options.destination), sink.rates),
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
