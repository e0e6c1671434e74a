import type { BrazeUser, Identification, UnmatchedReason } from '../core/cohorts.ts';

/** How members are known in Braze, as an import sets it. */
export interface IdentitySettings {
  /** Properties that may hold the id, with or without a `$` in front; the first that is filled counts. */
  readonly properties: readonly string[];
  readonly as: BrazeUser['kind'];
  /** Of a user alias. */
  readonly label?: string | undefined;
}

/** Braze answers "'external_id' must be fewer than 988 bytes"; of other ids no bound is documented, and this one serves. */
const MAX_ID_BYTES = 987;

/** What Mixpanel puts before an id that it made for a device. */
const DEVICE = '$device:';

/** Finds who a member is in Braze. */
export function identification({ properties, as, label }: IdentitySettings): Identification {
  const spellings = properties.map((name) =>
    name.startsWith('$') ? [name, name.slice(1)] : [name, `$${name}`],
  );
  const userOf = (id: string): BrazeUser =>
    as === 'user_alias' ? { kind: as, label: label ?? '', name: id } : { kind: as, id };

  return {
    fingerprint: JSON.stringify([as, label ?? null, properties]),
    identify(fields) {
      for (const names of spellings)
        for (const name of names) {
          if (!Object.hasOwn(fields, name)) continue;
          const id = idOf(fields[name]);
          if (id === undefined) continue;
          return 'text' in id ? userOf(id.text) : id.fault;
        }
      return 'no_id';
    },
  };
}

/** Undefined: not filled. */
function idOf(
  value: unknown,
): { readonly text: string } | { readonly fault: UnmatchedReason } | undefined {
  if (value === undefined || value === null) return undefined;
  const text = textOfId(value);
  if (text === undefined) return { fault: 'not_an_id' };
  if (text === '') return undefined;
  if (text.startsWith(DEVICE)) return { fault: 'device_id' };
  return Buffer.byteLength(text) > MAX_ID_BYTES ? { fault: 'too_long' } : { text };
}

/**
 * An id as text, trimmed. Undefined when it is none: also for a whole number that lost digits on its way here, and for
 * a text that UTF-8 can't hold, since each would stand for somebody else.
 */
export function textOfId(value: unknown): string | undefined {
  if (typeof value === 'string') {
    const text = value.trim();
    return text.isWellFormed() ? text : undefined;
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
}
