import { isIP } from 'node:net';
import type { StoredEvent } from './store.ts';
import type { Switches } from './switches.ts';
import { isRecord, truncate } from './text.ts';
import { type Identity, storedDistinctId, timeInMs } from './validate.ts';

/** An event as Mixpanel shows it. */
export interface SandboxEvent {
  readonly event: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

declare global {
  // The library types of the language level in use do not know these yet; every Node that Sluice runs on has them.
  interface JSON {
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
    ): unknown;
  }
}

/** Parses an event; integers that a double would round keep their digits when it is written again. */
function parseExact(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '')
      ? JSON.rawJSON(source!)
      : value,
  );
}

function cutTexts(value: unknown, unit: Switches['truncation']): unknown {
  if (typeof value === 'string') return truncate(value, unit);
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value;
  if (Array.isArray(value)) return value.map((each) => cutTexts(each, unit));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [truncate(key, unit), cutTexts(each, unit)]),
  );
}

/** The sandbox knows no places; these stand for wherever Mixpanel would put an address. */
const NOWHERE = { $city: 'Sandbox', $region: 'Sandbox', mp_country_code: 'ZZ' };

/**
 * The event as stored: texts cut, the distinct_id of the project's identity system, a time ahead of the clock set to
 * the time of receipt, `ip` turned into a place, `token` left out.
 */
export function presentEvent(stored: StoredEvent, switches: Switches): SandboxEvent {
  const parsed = parseExact(stored.text);
  if (!isRecord(parsed) || !isRecord(parsed['properties']) || typeof parsed['event'] !== 'string')
    throw new Error('a stored event is not an event');
  const { ip, token: _token, ...sent } = parsed['properties'];
  const place =
    (typeof ip === 'string' && isIP(ip) > 0) || (ip === undefined && stored.usesRequestIp);
  const sentTime = Number(sent['time']);
  const own = {
    ...sent,
    time: timeInMs(sentTime) === stored.time ? sentTime : stored.time,
    distinct_id: storedDistinctId(sent, switches),
  };
  const properties = cutTexts(place ? { ...NOWHERE, ...own } : own, switches.truncation);
  return {
    event: truncate(parsed['event'], switches.truncation),
    properties: isRecord(properties) ? properties : {},
  };
}

/** One line of the raw export: time in seconds (or milliseconds), and what Mixpanel adds on its own. */
export function exportLine(
  stored: StoredEvent,
  shown: SandboxEvent,
  timeUnit: 'seconds' | 'milliseconds',
): string {
  const time = timeUnit === 'seconds' ? Math.floor(stored.time / 1000) : stored.time;
  const properties = {
    ...shown.properties,
    time,
    $import: true,
    $mp_api_endpoint: 'api.mixpanel.com',
    $mp_api_timestamp_ms: stored.receivedAt,
    $mp_event_size: stored.bytes,
    mp_processing_time_ms: stored.receivedAt,
  };
  return `${JSON.stringify({ event: shown.event, properties })}\n`;
}

export function identityOfStored(stored: StoredEvent, shown: SandboxEvent): Identity {
  const { distinct_id: distinctId, $insert_id: insertId } = shown.properties;
  return {
    name: shown.event,
    distinctId: typeof distinctId === 'string' ? distinctId : '',
    insertId: typeof insertId === 'string' ? insertId : '',
    time: stored.time,
  };
}
