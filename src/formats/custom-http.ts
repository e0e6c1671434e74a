import { SluiceError } from '../core/errors.ts';

/** One event of a body that Braze's Custom HTTP connector posts, laid out flat like a storage record. */
export interface PushedEvent {
  /** Undefined when the event is no object or names no type. */
  readonly eventType: string | undefined;
  /** Fields by their storage names; the property bag of custom events and purchases under `properties`. */
  readonly record: Readonly<Record<string, unknown>>;
}

/** Deeper bodies are no events, and recursion over them is not safe. */
const MAX_DEPTH = 200;

/**
 * Reads a body: `{"events":[…]}` as Braze posts it, or a single event, or a list of events.
 * `parse` turns JSON text into values. Throws SluiceError `not_json` or `not_events`.
 */
export function readPushedBody(
  body: Uint8Array,
  parse: (text: string) => unknown = JSON.parse,
): PushedEvent[] {
  if (depthOf(body) > MAX_DEPTH)
    throw new SluiceError('not_events', `the body is nested more than ${MAX_DEPTH} levels deep`);
  let value: unknown;
  try {
    value = parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'));
  } catch (error) {
    throw new SluiceError('not_json', 'the body is not JSON', { cause: error });
  }
  const events = isObject(value) && Array.isArray(value['events']) ? value['events'] : value;
  if (Array.isArray(events)) return events.map(flatten);
  if (isObject(events) && typeof events['event_type'] === 'string') return [flatten(events)];
  throw new SluiceError(
    'not_events',
    'the body holds no events: expected {"events":[…]}, a list of events or one event',
  );
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

/** How deep brackets nest, texts aside. */
function depthOf(body: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inText = false;
  for (let i = 0; i < body.length; i++) {
    const c = body[i];
    if (inText) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inText = false;
    } else if (c === 0x22) inText = true;
    else if (c === 0x5b || c === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x5d || c === 0x7d) depth--;
  }
  return deepest;
}
