import type { Buffer } from 'node:buffer';
import { type Answer, errorAnswer, jsonAnswer, statusText } from './answer.ts';
import { splitArray, splitLines } from './lines.ts';
import type { EventStore } from './store.ts';
import type { Switches } from './switches.ts';
import { countUp, type Tally } from './tally.ts';
import { isRecord } from './text.ts';
import { type Failure, type Identity, type Rules, validateEvent } from './validate.ts';

/** Events a request. */
const MAX_EVENTS = 2000;

const IDENTITY_VERBS: ReadonlySet<unknown> = new Set(['$identify', '$create_alias', '$merge']);

const FAILED = 'some data points in the request failed validation';

/** A body taken apart, not parsed yet. */
export interface Parts {
  readonly body: Buffer;
  /** The bytes of each event. */
  readonly lines: readonly Buffer[];
}

function refuseBatch(error: string): Answer {
  return errorAnswer(400, error, { num_records_imported: 0 });
}

/**
 * The events of a body, or the answer that refuses the whole request. Mixpanel does not document what it answers to
 * an unknown type, an empty batch, or more than 2000 events; the 400s are ours.
 */
export function takeApart(body: Buffer, contentType: string | undefined): Parts | Answer {
  const type = (contentType ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/x-ndjson')
    return refuseBatch('Content-Type must be application/json or application/x-ndjson');
  const lines =
    type === 'application/json' ? splitArray(body, MAX_EVENTS) : splitLines(body, MAX_EVENTS);
  if (!lines) return refuseBatch('request body must be a JSON array of events');
  if (lines.length === 0) return refuseBatch('request must hold at least one event');
  if (lines.length > MAX_EVENTS)
    return refuseBatch(`request must hold at most ${MAX_EVENTS} events`);
  return { body, lines };
}

export interface ImportTarget {
  readonly store: EventStore;
  readonly tally: Tally;
  readonly switches: Switches;
}

export interface ImportRequest {
  readonly parts: Parts;
  readonly query: URLSearchParams;
  readonly token: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** A fault script's word on the event of an index, before it is validated. */
  readonly refuse: ((index: number) => Failure | undefined) | undefined;
}

interface FailedRecord {
  index: number;
  insertId: string;
  failure: Failure;
}

/** Validates, stores and answers. The valid events of a batch are stored even when others fail. */
export function importBatch(target: ImportTarget, request: ImportRequest): Answer {
  const { store, tally, switches } = target;
  const { parts, query } = request;
  const strict = query.get('strict') ?? '1';
  if (strict !== '0' && strict !== '1') return refuseBatch('strict must be 0 or 1');

  const parsed = parseEvents(parts.lines);
  if (typeof parsed === 'string') return refuseBatch(parsed);
  const verbs = parsed.filter(({ event }) => IDENTITY_VERBS.has(event['event'])).length;
  if (
    verbs > 0 &&
    switches.identityMerge === 'simplified' &&
    switches.identityVerbs === 'refuse-batch'
  )
    return errorAnswer(400, FAILED, {
      num_records_imported: 0,
      failed_records: [
        'identity events are not allowed when project is using simplified identity management',
      ],
    });

  const rules: Rules = { switches, token: request.token, now: request.now };
  const accepted: { bytes: Buffer; identity: Identity }[] = [];
  const failed: FailedRecord[] = [];
  let ignored = 0;
  for (const [index, { event, bytes, text }] of parsed.entries()) {
    const refused = request.refuse?.(index);
    if (refused) {
      failed.push({ index, insertId: insertIdOf(event), failure: refused });
      continue;
    }
    if (IDENTITY_VERBS.has(event['event'])) {
      ignored++;
      continue;
    }
    const verdict = validateEvent(event, bytes, text, rules);
    if (verdict.kind === 'accepted') accepted.push({ bytes, identity: verdict.identity });
    else if (verdict.kind === 'ignored') ignored++;
    else failed.push({ index, insertId: verdict.insertId, failure: verdict.failure });
  }
  store.add(accepted, {
    receivedAt: request.now,
    usesRequestIp: switches.missingIp === 'request-ip' && query.get('ip') !== '0',
    dedupe: switches.dedupe,
  });
  tally.ignored += ignored;
  // What is dropped without a word is also counted as imported.
  const imported = accepted.length + ignored;
  if (strict === '0') {
    tally.droppedSilently += failed.length;
    return success(imported + failed.length);
  }
  if (failed.length === 0) return success(imported);
  tally.rejected += failed.length;
  for (const { failure } of failed) countUp(tally.rejectedBy, failure.field);
  return jsonAnswer(400, {
    code: 400,
    error: FAILED,
    status: statusText(400),
    num_records_imported: imported,
    failed_records: failed.map((each) => failedRecord(each, switches.failedRecords)),
  });
}

function success(imported: number): Answer {
  return jsonAnswer(200, { code: 200, num_records_imported: imported, status: 'OK' });
}

function failedRecord(
  { index, insertId, failure }: FailedRecord,
  shape: Switches['failedRecords'],
): unknown {
  if (shape === 'strings') return failure.message;
  return { index, [shape]: insertId, field: failure.field, message: failure.message };
}

function insertIdOf(event: Record<string, unknown>): string {
  const id = isRecord(event['properties']) ? event['properties']['$insert_id'] : undefined;
  return typeof id === 'string' ? id : '';
}

/** The events, or why the whole body is refused. */
function parseEvents(
  lines: readonly Buffer[],
): { event: Record<string, unknown>; bytes: Buffer; text: string }[] | string {
  const parsed = [];
  for (const [index, bytes] of lines.entries()) {
    const text = bytes.toString('utf8');
    let event: unknown;
    try {
      event = JSON.parse(text);
    } catch (error) {
      return `malformed JSON in event ${index}: ${String(error)}`;
    }
    if (!isRecord(event)) return `event ${index} must be a JSON object`;
    parsed.push({ event, bytes, text });
  }
  return parsed;
}
