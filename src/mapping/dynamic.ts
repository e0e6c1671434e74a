import { bump } from '../core/counts.ts';
import type { PlanContext } from './plan.ts';
import { dynamicTreatment, hashText, REDACTED } from './privacy.ts';
import { isRawJSON, parseJson, stringifyJson, truncateText } from './values.ts';

export type Adjusted = Record<string, number>;

/**
 * The keys and values of a `properties` bag as they are sent: prefixed, nulls left out, texts made valid and cut.
 * Storage keeps the bag as JSON text, the HTTP connector as an object; anything else is refused.
 */
export function dynamicProperties(
  bag: unknown,
  item: { readonly field: string; readonly prefix: string },
  context: PlanContext,
  adjusted: Adjusted,
): [string, unknown][] | { refused: string } {
  const object = asObject(bag);
  if (!object) return { refused: `${item.field} is no JSON object` };
  if (isDeeper(object, MAX_DEPTH))
    return { refused: `${item.field} is nested more than ${MAX_DEPTH} levels deep` };
  const cut = context.settings.longStrings === 'truncate';
  const out = new Map<string, unknown>();
  for (const [key, raw] of Object.entries(object)) {
    if (!isPresent(raw)) continue;
    const name = mendText(item.prefix + key, cut, adjusted);
    const treatment = dynamicTreatment(context.settings, item.field, key);
    let value: unknown = raw;
    if (treatment === 'remove') value = REDACTED;
    else if (treatment === 'hash') value = hashText(context.salt, asText(raw));
    out.set(name, mend(value, cut, adjusted));
  }
  return [...out];
}

/** Mixpanel takes 3 levels. Deeper ones are its own to refuse; this bound only keeps recursion safe. */
const MAX_DEPTH = 64;

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((each) => isDeeper(each, levels - 1));
}

function asObject(bag: unknown): Record<string, unknown> | undefined {
  if (bag === '' || bag === null || bag === undefined) return {};
  let value: unknown = bag;
  if (typeof bag === 'string') {
    try {
      value = parseJson(bag);
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
      throw error;
    }
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value) || isRawJSON(value)) return undefined;
  return value as Record<string, unknown>;
}

/** Whether there is a value to send: a number that is none (NaN, infinity) counts as null. */
export function isPresent(value: unknown): boolean {
  return (
    value !== null && value !== undefined && !(typeof value === 'number' && !Number.isFinite(value))
  );
}

/** The text of a value that is to be hashed: a text as it is, anything else as JSON. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : stringifyJson(mend(value, false, {}));
}

/** A value as it is sent: texts made valid and cut at any depth, bytes as base64. */
export function mend(value: unknown, cut: boolean, adjusted: Adjusted): unknown {
  if (typeof value === 'string') return mendText(value, cut, adjusted);
  if (Array.isArray(value)) return value.map((each) => mend(each, cut, adjusted));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'object' && value !== null && !isRawJSON(value)) {
    const entries = Object.entries(value).map(([key, each]): [string, unknown] => [
      mendText(key, cut, adjusted),
      mend(each, cut, adjusted),
    ]);
    return Object.fromEntries(entries);
  }
  return value;
}

/** Makes a text valid Unicode (a lone surrogate becomes U+FFFD) and, if wanted, cuts it at what Mixpanel stores. */
export function mendText(text: string, cut: boolean, adjusted: Adjusted): string {
  let out = text;
  if (!out.isWellFormed()) {
    out = out.toWellFormed();
    bump(adjusted, 'invalid_utf8');
  }
  if (!cut) return out;
  const short = truncateText(out);
  if (short !== out) bump(adjusted, 'truncated_text');
  return short;
}
