import { invalidText, isRecord, truncate } from './text.ts';
import type { Switches } from './switches.ts';

const MAX_EVENT_BYTES = 1_000_000;
const MAX_NESTED_BYTES = 8_192;
const MAX_DEPTH = 3;
const EARLIEST_MS = 31_536_000_000;
const HOUR_MS = 3_600_000;
/** Lists and objects around a value, beyond which it is refused under any switch. */
const MAX_LEVELS = 100;

/** Ids that strict import refuses, by Mixpanel's import page. */
const REFUSED_IDS = new Set(
  '00000000-0000-0000-0000-000000000000 anon anonymous nil none null n/a na undefined unknown <nil> 0 -1 true false [] {}'.split(
    ' ',
  ),
);

export interface Failure {
  /** As Mixpanel names it: `event`, `$insert_id` (without prefix) or `properties.x`. */
  readonly field: string;
  readonly message: string;
}

/** What identifies a stored event. */
export interface Identity {
  readonly name: string;
  readonly distinctId: string;
  readonly insertId: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export type Verdict =
  | { readonly kind: 'accepted'; readonly identity: Identity }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'failed'; readonly insertId: string; readonly failure: Failure };

export interface Rules {
  readonly switches: Switches;
  readonly token: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

function invalid(field: string, why: string): Failure {
  return { field, message: `'${field}' is invalid: ${why}` };
}

/**
 * Judges one event by the rules of strict import. `event` is what `bytes` parse to, `text` what they decode to.
 * The first rule that is broken is the one that is named.
 */
export function validateEvent(
  event: Record<string, unknown>,
  bytes: Buffer,
  text: string,
  rules: Rules,
): Verdict {
  const properties = isRecord(event['properties']) ? event['properties'] : undefined;
  const failure = envelopeFailure(event, bytes, text) ?? propertiesFailure(properties ?? {}, rules);
  if (failure || !properties) {
    const insertId = properties?.['$insert_id'];
    return {
      kind: 'failed',
      insertId: typeof insertId === 'string' ? insertId : '',
      failure: failure ?? invalid('properties', 'must be an object'),
    };
  }
  if (properties['$ignore']) return { kind: 'ignored' };
  return { kind: 'accepted', identity: identityOf(event, properties, rules) };
}

function envelopeFailure(
  event: Record<string, unknown>,
  bytes: Buffer,
  text: string,
): Failure | undefined {
  const name = event['event'];
  if (typeof name !== 'string' || name.trim() === '')
    return { field: 'event', message: "'event' must not be missing or blank" };
  if (bytes.length >= MAX_EVENT_BYTES)
    return invalid('event', `must be smaller than ${MAX_EVENT_BYTES} bytes`);
  if (!isRecord(event['properties'])) return invalid('properties', 'must be an object');
  const field = invalidText(bytes, text);
  if (field !== undefined)
    return { field, message: `${field} is invalid: string should be valid utf8` };
  const extra = Object.keys(event).find((key) => key !== 'event' && key !== 'properties');
  return extra === undefined ? undefined : invalid(extra, 'must not be present');
}

function propertiesFailure(properties: Record<string, unknown>, rules: Rules): Failure | undefined {
  const { switches } = rules;
  const failure =
    timeFailure(properties['time'], rules) ??
    distinctIdFailure(properties, switches) ??
    insertIdFailure(properties['$insert_id'], switches);
  if (failure) return failure;
  const token = properties['token'];
  if (token !== undefined && rules.token !== undefined && token !== rules.token)
    return invalid('properties.token', "must be the project's token");
  const count = Object.keys(properties).length;
  if (count > (switches.propertyCount === 'below-255' ? 254 : 255))
    return invalid('properties', `must have fewer than 255 properties, has ${count}`);
  for (const [name, value] of Object.entries(properties)) {
    const why = nestingFailure(value, switches);
    if (why !== undefined) return invalid(`properties.${name}`, why);
  }
  return undefined;
}

/**
 * The time in milliseconds. Mixpanel detects the unit by a rule it does not tell; ours: what reads as 1971 or later
 * in milliseconds is milliseconds, because as seconds it would lie past the year 2900.
 */
export function timeInMs(time: number): number {
  return time >= EARLIEST_MS ? time : time * 1000;
}

function timeFailure(time: unknown, { now, switches }: Rules): Failure | undefined {
  const field = 'properties.time';
  if (time === undefined || time === null) return invalid(field, 'must not be missing');
  if (typeof time !== 'number' || !Number.isSafeInteger(time))
    return invalid(field, 'must be specified as seconds since epoch');
  const ms = timeInMs(time);
  if (ms < EARLIEST_MS) return invalid(field, 'must not be before 1971-01-01');
  if (switches.futureTime === 'reject-after-hour' && ms > now + HOUR_MS)
    return invalid(field, 'must not be in the future');
  return undefined;
}

function isRefused(id: string, switches: Switches): boolean {
  return REFUSED_IDS.has(switches.refusedIds === 'any-case' ? id.toLowerCase() : id);
}

function distinctIdFailure(
  properties: Record<string, unknown>,
  switches: Switches,
): Failure | undefined {
  const field = 'properties.distinct_id';
  const id = properties['distinct_id'];
  if (id === undefined || id === null) {
    const computed =
      switches.identityMerge === 'simplified' && computedId(properties) !== undefined;
    return computed ? undefined : invalid(field, 'must not be missing');
  }
  if (typeof id !== 'string') return invalid(field, 'must be a string');
  if (isRefused(id, switches)) return invalid(field, `must not be ${JSON.stringify(id)}`);
  return undefined;
}

function insertIdFailure(id: unknown, switches: Switches): Failure | undefined {
  const field = '$insert_id';
  if (id === undefined || id === null) return invalid(field, 'must not be missing');
  if (typeof id !== 'string') return invalid(field, 'must be a string');
  if (Buffer.byteLength(id) > 36) return invalid(field, 'must be at most 36 bytes');
  if (isRefused(id, switches)) return invalid(field, `must not be ${JSON.stringify(id)}`);
  if (!/^[A-Za-z0-9-]+$/.test(id))
    return invalid(field, "must only contain alphanumeric or hyphen '-' characters");
  return undefined;
}

function nestingFailure(value: unknown, switches: Switches): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const isStrict = switches.nesting === 'reject';
  const why = levelFailure(value, 0, 1, isStrict);
  if (why !== undefined || !isStrict) return why;
  return Buffer.byteLength(JSON.stringify(value)) > MAX_NESTED_BYTES
    ? `must be at most ${MAX_NESTED_BYTES} bytes of JSON`
    : undefined;
}

/** `objects`: objects around this value. Lists are no level of their own, but bounded like all else. */
function levelFailure(
  value: object,
  objects: number,
  depth: number,
  isStrict: boolean,
): string | undefined {
  const isList = Array.isArray(value);
  const level = isList ? objects : objects + 1;
  if (depth > MAX_LEVELS || (isStrict && level > MAX_DEPTH))
    return `must not be nested more than ${isStrict ? MAX_DEPTH : MAX_LEVELS} levels deep`;
  const items: unknown[] = isList ? value : Object.values(value);
  if (isStrict && items.length >= 255)
    return `must have fewer than 255 ${isList ? 'elements' : 'keys'}`;
  for (const item of items) {
    if (typeof item !== 'object' || item === null) continue;
    const why = levelFailure(item, level, depth + 1, isStrict);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** The distinct_id that a simplified project computes from `$user_id` and `$device_id`; undefined without them. */
function computedId(properties: Record<string, unknown>): string | undefined {
  const user = properties['$user_id'];
  if (typeof user === 'string' && user !== '') return user;
  const device = properties['$device_id'];
  if (typeof device !== 'string' || device === '') return undefined;
  return `$device:${device.replace(/^\$device:/, '')}`;
}

/** The distinct_id under which a valid event is stored. */
export function storedDistinctId(properties: Record<string, unknown>, switches: Switches): string {
  const computed = switches.identityMerge === 'simplified' ? computedId(properties) : undefined;
  return truncate(computed ?? textOf(properties['distinct_id']), switches.truncation);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function identityOf(
  event: Record<string, unknown>,
  properties: Record<string, unknown>,
  { switches, now }: Rules,
): Identity {
  return {
    name: truncate(textOf(event['event']), switches.truncation),
    distinctId: storedDistinctId(properties, switches),
    insertId: textOf(properties['$insert_id']),
    time: Math.min(timeInMs(Number(properties['time'])), now),
  };
}
