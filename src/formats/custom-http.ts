import { SluiceError } from '../core/errors.ts';
import { depthOf, type Part, partsOf } from './json-parts.ts';

/** One event of a body that Braze's Custom HTTP connector posts, laid out flat like a storage record. */
export interface PushedEvent {
  /** Undefined when the event is no object or names no type. */
  readonly eventType: string | undefined;
  /** Fields by their storage names; the property bag of custom events and purchases under `properties`. */
  readonly record: Readonly<Record<string, unknown>>;
  /** Its JSON, when it is nested too deep to be laid out; then the record is empty. */
  readonly tooDeep?: Uint8Array;
}

/** The one field that pushes (of banners) and storage call by different names, by Braze's public samples of both. */
const PUSHED_VARIATION = 'canvas_step_message_variation_api_id';
const STORED_VARIATION = 'canvas_step_message_variation_id';

/** Deeper values are no events, and recursion over them is not safe. */
export const MAX_DEPTH = 200;

/**
 * Reads a body: `{"events":[…]}` as Braze posts it, or a single event, or a list of events. An event that is nested
 * too deep does not spoil the others. `parse` turns JSON text into values. Throws SluiceError `not_json` or `not_events`.
 */
export function readPushedBody(
  body: Uint8Array,
  parse: (text: string) => unknown = JSON.parse,
): PushedEvent[] {
  const json = withoutMark(body);
  try {
    if (depthOf(json) > MAX_DEPTH) return readDeepBody(json, parse);
    const value = parse(textOf(json));
    const events = isObject(value) && Array.isArray(value['events']) ? value['events'] : value;
    if (Array.isArray(events)) return events.map(flatten);
    if (isObject(events) && typeof events['event_type'] === 'string') return [flatten(events)];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SluiceError('not_json', 'the body is not JSON', { cause: error });
  }
  throw notEvents();
}

/** The same for a body that may not be given to `parse` as a whole. Throws SyntaxError too. */
function readDeepBody(json: Uint8Array, parse: (text: string) => unknown): PushedEvent[] {
  // The plain parser does not recurse; what it takes is JSON, and can be taken apart by its brackets.
  JSON.parse(textOf(json));
  const whole = { start: 0, end: json.length };
  const events = eventsIn(json, whole);
  if (!events) throw notEvents();
  return events.map(({ start, end }) => {
    const bytes = json.subarray(start, end);
    if (depthOf(bytes) <= MAX_DEPTH) return flatten(parse(textOf(bytes)));
    return { eventType: typeOf(json, { start, end }), record: {}, tooDeep: new Uint8Array(bytes) };
  });
}

function eventsIn(json: Uint8Array, whole: Part): Part[] | undefined {
  const list = partsOf(json, whole, 'array');
  if (list) return list.map(({ part }) => part);
  // Of keys that occur twice the last one counts, as for every parser.
  const events = partsOf(json, whole, 'object')?.findLast(({ key }) => key === 'events');
  const inside = events && partsOf(json, events.part, 'array');
  if (inside) return inside.map(({ part }) => part);
  return typeOf(json, whole) === undefined ? undefined : [whole];
}

function typeOf(json: Uint8Array, event: Part): string | undefined {
  const found = partsOf(json, event, 'object')?.findLast(({ key }) => key === 'event_type');
  if (json[found?.part.start ?? -1] !== 0x22) return undefined;
  const type = JSON.parse(textOf(json.subarray(found!.part.start, found!.part.end))) as string;
  return type === '' ? undefined : type;
}

function notEvents(): SluiceError {
  return new SluiceError(
    'not_events',
    'the body holds no events: expected {"events":[…]}, a list of events or one event',
  );
}

function textOf(json: Uint8Array): string {
  return Buffer.from(json.buffer, json.byteOffset, json.length).toString('utf8');
}

/** Some senders put a byte order mark in front, which is no JSON but does no harm. */
function withoutMark(body: Uint8Array): Uint8Array {
  const isMarked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  return isMarked ? body.subarray(3) : body;
}

function flatten(event: unknown): PushedEvent {
  if (!isObject(event)) return { eventType: undefined, record: { event } };
  const { event_type: type, properties, user, ...rest } = event;
  if (typeof type !== 'string' || type === '')
    return { eventType: undefined, record: { ...event } };
  const {
    custom_properties: custom,
    purchase_properties: purchase,
    ...fields
  } = partOf(properties, 'properties');
  // What Braze may add beside the documented keys is a new field like any other.
  const record: Record<string, unknown> = { ...rest, ...fields, ...partOf(user, 'user') };
  if (isObject(custom) && isObject(purchase)) record['properties'] = { ...custom, ...purchase };
  else if (custom !== undefined || purchase !== undefined)
    record['properties'] = custom ?? purchase;
  if ('id' in event) record['id'] = event['id'];
  if ('time' in event) record['time'] = event['time'];
  if (PUSHED_VARIATION in record && !(STORED_VARIATION in record)) {
    record[STORED_VARIATION] = record[PUSHED_VARIATION];
    delete record[PUSHED_VARIATION];
  }
  return { eventType: type, record };
}

/** The fields of a part; one that is no object stays whole, under its own name. */
function partOf(value: unknown, name: string): Record<string, unknown> {
  if (isObject(value)) return value;
  return value === undefined || value === null ? {} : { [name]: value };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
