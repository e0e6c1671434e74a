import { bump } from '../core/counts.ts';
import { type Adjusted, asText, dynamicProperties, isPresent, mend, mendText } from './dynamic.ts';
import { DEVICE_PREFIX, EARLIEST_TIME, insertIdFor, refuseDistinctId } from './identity.ts';
import type { Plan, PlanContext, PlanItem } from './plan.ts';
import { hashText, REDACTED, treatmentOf } from './privacy.ts';
import { ownValue, type Treatment } from './settings.ts';
import { shortestFloat32, stringifyJson } from './values.ts';

/** Mixpanel takes fewer than 255 properties an event. */
export const MAX_PROPERTIES = 254;
/** Mixpanel takes events below 1 MB of JSON. */
export const MAX_EVENT_BYTES = 1_000_000;

/** A Currents record: field name → value, as `avsc` or a pushed body gives it. */
export type SourceRecord = Readonly<Record<string, unknown>>;

/** What becomes of one record. `json` is the event as it is sent. */
export type Outcome =
  | { readonly kind: 'event'; readonly json: string }
  | { readonly kind: 'skip'; readonly reason: string }
  | {
      readonly kind: 'dead-letter';
      readonly cause: string;
      readonly detail: string;
      readonly json?: string;
    };

/**
 * Maps one record by its plan. The slow and plain executor: the oracle of the transcoder, and the one that maps
 * pushes, unusual schemas and unusual values. Pure. `adjusted` collects the rules by which values were mended.
 */
export function mapRecord(
  plan: Plan,
  record: SourceRecord,
  context: PlanContext,
  adjusted: Adjusted = {},
): Outcome {
  if (plan.skip !== undefined) return { kind: 'skip', reason: plan.skip };
  const who = identify(record, context);
  if (who.kind !== 'known') return who;

  const insertId = insertIdFor(record['id']);
  if (!insertId)
    return refuse('missing_id', 'the record has no usable id, so repeats could not be told apart');
  const time = record['time'];
  if (!isTime(time))
    return refuse(
      'invalid_time',
      `time is ${stringifyJson(time)}, not a whole number of seconds after 1970`,
    );

  const cut = context.settings.longStrings === 'truncate';
  // Name → JSON text. Not an object: that would reorder names that look like numbers.
  const properties = new Map<string, string>();
  const write = (name: string, value: unknown) => properties.set(name, stringifyJson(value));
  for (const item of plan.items) {
    switch (item.kind) {
      case 'constant':
        properties.set(item.property, item.json);
        break;
      case 'distinct-id':
        write('distinct_id', who.distinctId);
        if (who.deviceId !== undefined) write('$device_id', who.deviceId);
        break;
      case 'insert-id':
        write('$insert_id', insertId.value);
        if (insertId.derived) bump(adjusted, 'derived_insert_id');
        break;
      case 'time':
        write('time', time);
        break;
      case 'field': {
        const value = fieldValue(record[item.field], item, context, cut, adjusted);
        if (value !== undefined) write(item.property, value);
        break;
      }
      case 'dynamic': {
        const found = dynamicProperties(record[item.field], item, context, adjusted);
        if (!Array.isArray(found)) return refuse('bad_properties', found.refused);
        for (const [key, value] of found) write(key, value);
        break;
      }
    }
  }
  const event = stringifyJson(eventName(plan, record, context, cut, adjusted));
  const pairs = [...properties].map(([key, json]) => `${JSON.stringify(key)}:${json}`);
  const json = `{"event":${event},"properties":{${pairs.join(',')}}}`;
  if (properties.size > MAX_PROPERTIES)
    return refuse(
      'too_many_properties',
      `${properties.size} properties; Mixpanel takes ${MAX_PROPERTIES}`,
      json,
    );
  const bytes = Buffer.byteLength(json);
  if (bytes >= MAX_EVENT_BYTES)
    return refuse('event_too_large', `${bytes} bytes of JSON; Mixpanel takes less than 1 MB`, json);
  return { kind: 'event', json };
}

/** Names of new fields that carry a value in this record. */
export function newFieldsIn(plan: Plan, record: SourceRecord): string[] {
  return plan.newFields.filter((field) => isPresent(record[field]));
}

function refuse(cause: string, detail: string, json?: string): Outcome {
  return json === undefined
    ? { kind: 'dead-letter', cause, detail }
    : { kind: 'dead-letter', cause, detail, json };
}

type Identity =
  | { kind: 'known'; distinctId: string; deviceId?: string }
  | Exclude<Outcome, { kind: 'event' }>;

function identify(record: SourceRecord, context: PlanContext): Identity {
  const { settings } = context;
  const external = record['external_user_id'];
  if (typeof external === 'string' && external !== '') {
    const refused = refuseDistinctId(external, settings.refusedIds);
    if (refused) return { kind: 'dead-letter', ...refused };
    return { kind: 'known', distinctId: treatId(external, 'external_user_id', context) };
  }
  if (settings.usersWithoutExternalId === 'skip')
    return { kind: 'skip', reason: 'no_external_user_id' };
  const user = record['user_id'];
  if (typeof user !== 'string' || user === '') return { kind: 'skip', reason: 'no_user_id' };
  const refused = refuseDistinctId(user, settings.refusedIds, DEVICE_PREFIX);
  if (refused) return { kind: 'dead-letter', ...refused };
  const deviceId = treatId(user, 'user_id', context);
  return { kind: 'known', distinctId: DEVICE_PREFIX + deviceId, deviceId };
}

function treatId(id: string, field: string, context: PlanContext): string {
  const text = id.toWellFormed();
  return treatmentOf(context.settings, field) === 'hash' ? hashText(context.salt, text) : text;
}

function isTime(time: unknown): time is number | bigint {
  if (typeof time === 'bigint') return time >= EARLIEST_TIME;
  return Number.isSafeInteger(time) && (time as number) >= EARLIEST_TIME;
}

function fieldValue(
  value: unknown,
  item: Extract<PlanItem, { kind: 'field' }>,
  context: PlanContext,
  cut: boolean,
  adjusted: Adjusted,
): unknown {
  if (!isPresent(value)) return undefined;
  const plain = item.float && typeof value === 'number' ? shortestFloat32(value) : value;
  if (item.treatment !== 'keep') return treat(plain, item.treatment, context, adjusted);
  return mend(plain, cut, adjusted);
}

function treat(
  value: unknown,
  treatment: Exclude<Treatment, 'keep'>,
  context: PlanContext,
  adjusted: Adjusted,
): string {
  if (treatment === 'remove') return REDACTED;
  return hashText(context.salt, mendText(asText(value), false, adjusted));
}

function eventName(
  plan: Plan,
  record: SourceRecord,
  context: PlanContext,
  cut: boolean,
  adjusted: Adjusted,
): string {
  const { text, field } = plan.event;
  if (!field) return text;
  const value = record[field.name];
  const { joiner, rename } = context.settings;
  let full = text.slice(0, text.length - joiner.length);
  if (isPresent(value) && value !== '') {
    const plain = asText(value);
    const name =
      field.treatment === 'keep' ? plain : treat(plain, field.treatment, context, adjusted);
    full = mendText(text + name, cut, adjusted);
  }
  return ownValue(rename.events, full) ?? full;
}
