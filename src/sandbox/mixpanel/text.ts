import { isUtf8 } from 'node:buffer';

const MAX = 255;

/** A text as Mixpanel keeps it: at most 255 bytes of whole characters, or 255 characters. */
export function truncate(text: string, unit: 'bytes' | 'characters'): string {
  if (unit === 'characters') {
    if (text.length <= MAX) return text;
    return Array.from(text).slice(0, MAX).join('');
  }
  if (text.length * 3 <= MAX) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX) return text;
  let end = MAX;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether every text in a value, keys included, passes a test. What lies over 100 levels deep is not looked at. */
function everyText(value: unknown, passes: (text: string) => boolean, depth = 0): boolean {
  if (typeof value === 'string') return passes(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth > 100) return true;
  if (Array.isArray(value)) return value.every((each) => everyText(each, passes, depth + 1));
  return Object.entries(value).every(
    ([key, each]) => passes(key) && everyText(each, passes, depth + 1),
  );
}

/** Whether a text that was decoded byte by byte as Latin-1 was UTF-8; characters above U+00FF came from escapes. */
function wasUtf8(text: string): boolean {
  const bytes = Buffer.from(text.replaceAll(/[^\0-\xff]/g, ''), 'latin1');
  return isUtf8(bytes) && text.isWellFormed();
}

/**
 * Where an event holds a text that is not valid UTF-8: `event`, `properties` (a name) or `properties.x`.
 * Both invalid bytes and escapes of lone surrogates count.
 */
export function invalidText(bytes: Buffer, text: string): string | undefined {
  const valid = isUtf8(bytes);
  if (valid && !text.includes('\\u')) return undefined;
  const passes = valid ? (each: string): boolean => each.isWellFormed() : wasUtf8;
  const event: unknown = JSON.parse(valid ? text : bytes.toString('latin1'));
  if (!isRecord(event)) return undefined;
  const { properties, ...rest } = event;
  if (!everyText(rest, passes)) return 'event';
  if (!isRecord(properties)) return undefined;
  for (const [name, value] of Object.entries(properties)) {
    if (!passes(name)) return 'properties';
    if (!everyText(value, passes)) return `properties.${name}`;
  }
  return undefined;
}
