import { hash } from 'node:crypto';
import type { MappingSettings } from './settings.ts';

/** Ids that Mixpanel's strict import refuses, because they come from broken clients and would join strangers. */
export const REFUSED_IDS: readonly string[] = [
  '00000000-0000-0000-0000-000000000000',
  'anon',
  'anonymous',
  'nil',
  'none',
  'null',
  'n/a',
  'na',
  'undefined',
  'unknown',
  '<nil>',
  '0',
  '-1',
  'true',
  'false',
  '[]',
  '{}',
];

const REFUSED = new Set(REFUSED_IDS);

/** Mixpanel stores texts up to 255 bytes; a longer id would be cut and could join two users. */
export const MAX_TEXT_BYTES = 255;

/** Mixpanel's rule for `$insert_id`: at most 36 bytes, letters, digits and hyphens. */
const INSERT_ID = /^[A-Za-z0-9-]{1,36}$/;

/** Seconds since 1970 at 1971-01-01, before which Mixpanel takes no event. */
export const EARLIEST_TIME = 31_536_000;

export function isRefusedId(id: string, rule: MappingSettings['refusedIds']): boolean {
  return REFUSED.has(rule === 'any-case' ? id.toLowerCase() : id);
}

/** Mixpanel's mark of a user known by a device alone. */
export const DEVICE_PREFIX = '$device:';

/** Why this can't be a `distinct_id` (behind a prefix, if any); undefined when it can. */
export function refuseDistinctId(
  id: string,
  rule: MappingSettings['refusedIds'],
  prefix = '',
): { cause: string; detail: string } | undefined {
  if (isRefusedId(id, rule))
    return {
      cause: 'refused_distinct_id',
      detail: `Mixpanel refuses the distinct_id ${JSON.stringify(id)}, because many unrelated users carry it`,
    };
  const bytes = Buffer.byteLength(prefix + id);
  if (bytes > MAX_TEXT_BYTES)
    return {
      cause: 'distinct_id_too_long',
      detail: `the distinct_id has ${bytes} bytes, Mixpanel keeps ${MAX_TEXT_BYTES}`,
    };
  return undefined;
}

/**
 * The `$insert_id` for a Currents id: the id itself where Mixpanel takes it, else the first 36 hex digits
 * of its SHA-256, so that the same record always has the same one. Undefined when there is nothing to tell records apart by.
 */
export function insertIdFor(id: unknown): { value: string; derived: boolean } | undefined {
  if (typeof id !== 'string' || id === '' || REFUSED.has(id)) return undefined;
  if (INSERT_ID.test(id)) return { value: id, derived: false };
  return { value: hash('sha256', id, 'hex').slice(0, 36), derived: true };
}
