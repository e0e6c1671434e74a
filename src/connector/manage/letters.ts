import { setImmediate } from 'node:timers/promises';
import type { LetterFilter, LetterGroup, LetterLine, Newest } from '../../core/books.ts';
import { UsageError } from '../../core/errors.ts';
import type { StoredDeadLetter } from '../../core/ledger.ts';
import { adviceFor } from '../advice.ts';
import { connectionSpec } from '../connection.ts';
import { HIDDEN, secretsOf } from '../redact.ts';
import { retryWithin, type RetryResult } from '../retry-dead-letters.ts';
import { ownerOf } from '../service/jobs.ts';
import type { ManagedParts } from './parts.ts';

/** Letters settled a transaction. */
const STEP = 500;
/** Of raw bytes this much is shown. */
const MAX_SHOWN_BYTES = 64 * 1024;
/** A person waits for it; the rest stays for the next time. */
const RETRY_MS = 60_000;

export interface LetterChoice {
  readonly ids?: readonly number[] | undefined;
  readonly filter?: LetterFilter | undefined;
}

export type ShownGroup = LetterGroup & { readonly advice: string };

/** What is there, the largest group first, with what to do about each. */
export async function letterGroups(
  { state }: ManagedParts,
  connection?: string,
): Promise<ShownGroup[]> {
  const groups = await state.books.groups(connection);
  return groups.map((each) => ({ ...each, advice: adviceFor(each.cause) }));
}

export type ShownLetter = Omit<LetterLine, 'head'> & {
  /** How its event or record begins, on one line. */
  readonly preview: string;
};

/** A page of dead letters, the newest first. */
export async function listLetters(
  parts: ManagedParts,
  filter: LetterFilter & Newest,
): Promise<ShownLetter[]> {
  const hideIn = createHiding(parts);
  const lines = await parts.state.books.letters(filter);
  return Promise.all(
    lines.map(async ({ head, ...line }) => ({
      ...line,
      preview: previewOf(line.kind, head, await hideIn(line.connection)),
    })),
  );
}

export type WholeLetter = Omit<StoredDeadLetter, 'payload' | 'version'> & {
  /** The event as it would be sent, with the token hidden; or the source record. */
  readonly event?: unknown;
  readonly source?: unknown;
  /** Base64 of the first 64 kB. */
  readonly bytes?: string;
  readonly advice: string;
};

/** Throws UsageError `no_such_letter`. */
export async function readLetter(parts: ManagedParts, id: number): Promise<WholeLetter> {
  const letter = await parts.state.deadLetters.get(id);
  if (!letter) throw noLetter(id);
  return wholeOf(letter, createHiding(parts));
}

/** All that a filter names, a page at a time, in order of their ids. */
export async function* exportLetters(
  parts: ManagedParts,
  filter: LetterFilter,
): AsyncGenerator<WholeLetter> {
  const hide = createHiding(parts);
  const { connection, cause, eventType } = filter;
  const given = {
    ...(connection === undefined ? {} : { connection }),
    ...(cause === undefined ? {} : { cause }),
    ...(eventType === undefined ? {} : { eventType }),
  };
  for (let after = 0; ;) {
    const page = await parts.state.deadLetters.list({ ...given, after, limit: STEP });
    if (page.length === 0) return;
    for (const letter of page) yield wholeOf(letter, hide);
    after = page.at(-1)!.id;
    await setImmediate();
  }
}

/**
 * Sends dead letters again by the settings of their connections, for at most a minute. Throws UsageError
 * `no_such_letter`, or `no_such_connection` where the settings are gone.
 */
export async function retryLetters(
  parts: ManagedParts,
  choice: LetterChoice,
  signal: AbortSignal,
): Promise<RetryResult> {
  const limit = AbortSignal.timeout(RETRY_MS);
  const total = { delivered: 0, skipped: 0, refused: 0 };
  for (const { connection, ...rest } of await chosen(parts, choice)) {
    let sums: RetryResult = { delivered: 0, skipped: 0, refused: 0 };
    let why = '';
    const options = {
      connection,
      ids: rest.ids ?? [],
      ...(rest.cause === undefined ? {} : { cause: rest.cause }),
      ...(rest.eventType === undefined ? {} : { eventType: rest.eventType }),
      ...(parts.backoffMs === undefined ? {} : { backoffMs: parts.backoffMs }),
    };
    let halted: string | undefined;
    try {
      const result = await retryWithin(parts.state, options, AbortSignal.any([signal, limit]), {
        onSettled: (each) => (sums = each),
        onRetry: ({ detail }) => (why = detail),
      });
      if (!result)
        throw new UsageError(
          'no_such_connection',
          `The connection ${ownerOf(connection)} is gone, and with it the settings to send by`,
        );
      sums = result;
      halted = result.halted;
    } catch (error) {
      if (!limit.aborted || signal.aborted) throw error;
      halted = `It takes longer than a minute${why === '' ? '' : ` (${why})`}. What is left stays: send it again later.`;
    }
    for (const key of ['delivered', 'skipped', 'refused'] as const) total[key] += sums[key];
    if (halted !== undefined) return { ...total, halted };
  }
  return total;
}

/** Gives dead letters up: counted as skipped, for the reason `discarded`. Returns how many. */
export async function discardLetters(parts: DiscardParts, choice: LetterChoice): Promise<number> {
  const { state, now } = parts;
  let discarded = 0;
  for (const { ids, ...filter } of await chosen(parts, choice)) {
    for (let left = ids; ;) {
      const page =
        left === undefined
          ? (await state.books.letters({ ...filter, limit: STEP })).map(({ id }) => id)
          : left.slice(0, STEP);
      if (page.length === 0) break;
      await state.deadLetters.settle(
        page.map((id) => ({ id, kind: 'skipped', reason: 'discarded' })),
        now(),
      );
      discarded += page.length;
      left = left?.slice(STEP);
      await setImmediate();
    }
  }
  return discarded;
}

export type DiscardParts = Pick<ManagedParts, 'now'> & {
  readonly state: Pick<ManagedParts['state'], 'books' | 'deadLetters'>;
};

interface Chosen extends LetterFilter {
  readonly connection: string;
  readonly ids?: readonly number[];
}

/** What is meant, connection by connection. Throws UsageError. */
async function chosen({ state }: DiscardParts, { ids, filter }: LetterChoice): Promise<Chosen[]> {
  if (ids !== undefined) {
    const owners = await state.books.ownersOf(ids);
    const known = new Set(owners.map(({ id }) => id));
    const missing = ids.find((id) => !known.has(id));
    if (missing !== undefined) throw noLetter(missing);
    const names = [...new Set(owners.map(({ connection }) => connection))];
    return names.map((connection) => ({
      connection,
      ids: owners.filter((each) => each.connection === connection).map(({ id }) => id),
    }));
  }
  if (filter?.connection !== undefined) return [{ ...filter, connection: filter.connection }];
  throw new UsageError('nothing_named', 'Nothing says which dead letters are meant', {
    hint: 'Give ids, or a filter with a connection.',
  });
}

function noLetter(id: number): UsageError {
  return new UsageError('no_such_letter', `There is no dead letter ${id}`, {
    hint: 'It was perhaps delivered or discarded meanwhile.',
  });
}

/** Takes the secrets of a connection out of a text. */
type Hide = (connection: string) => Promise<(text: string) => string>;

/** What is shorter is no secret that anybody hands out, and would be found in the middle of words. */
const SHORTEST = 6;

function createHiding({ state }: Pick<ManagedParts, 'state'>): Hide {
  const known = new Map<string, Promise<(text: string) => string>>();
  const hidingOf = async (name: string): Promise<(text: string) => string> => {
    const found = await state.connections.get(ownerOf(name));
    const all = found ? secretsOf(connectionSpec, found.spec) : [];
    const secrets = all
      .filter((each) => each.length >= SHORTEST)
      .flatMap((each) => [each, JSON.stringify(each).slice(1, -1)]);
    return (text) => secrets.reduce((out, each) => out.replaceAll(each, '***'), text);
  };
  return (connection) => {
    let hide = known.get(connection);
    if (!hide) known.set(connection, (hide = hidingOf(connection)));
    return hide;
  };
}

async function wholeOf(letter: StoredDeadLetter, hideIn: Hide): Promise<WholeLetter> {
  const { payload, version: _version, ...rest } = letter;
  const whole = { ...rest, advice: adviceFor(letter.cause) };
  if (letter.kind === 'bytes')
    return {
      ...whole,
      bytes: Buffer.from(payload.subarray(0, MAX_SHOWN_BYTES)).toString('base64'),
    };
  const value = JSON.parse(Buffer.from(payload).toString('utf8')) as unknown;
  const shown = withoutSecrets(value, await hideIn(letter.connection));
  return letter.kind === 'record' ? { ...whole, source: shown } : { ...whole, event: shown };
}

function withoutSecrets(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === 'string') return hide(value);
  if (Array.isArray(value)) return value.map((each: unknown) => withoutSecrets(each, hide));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      hide(key),
      key === 'token' ? HIDDEN : withoutSecrets(each, hide),
    ]),
  );
}

/** The connection that an event was meant for may be gone, and its token no longer known: it stands under this name. */
function previewOf(kind: LetterLine['kind'], head: Uint8Array, hide: (text: string) => string) {
  if (kind === 'bytes') return Buffer.from(head.subarray(0, 32)).toString('hex');
  // A character may be cut in two at the end.
  const text = Buffer.from(head)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
  return hide(text.replaceAll(/("token":)"[^"]*("?)/g, `$1"${HIDDEN}$2`));
}
