import { MAX_TEXT_BYTES } from './identity.ts';

/** A JSON value that keeps every digit: `bigint` stands for an integer beyond 2^53. */
export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | RawNumber
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A number as the source wrote it, for digits that a double can't hold. */
export interface RawNumber {
  readonly rawJSON: string;
}

interface RawJson {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
}
// The library types of the language level in use do not know these yet; every Node that Sluice runs on has them.
const rawJson = JSON as unknown as RawJson;
export const { isRawJSON } = rawJson;

/** Parses JSON and keeps the text of integers that a double would round. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text) as unknown;
  return rawJson.parse(text, (_key, value, { source }) =>
    typeof value === 'number' &&
    source !== undefined &&
    /^-?\d+$/.test(source) &&
    !Number.isSafeInteger(value)
      ? rawJson.rawJSON(source)
      : value,
  );
}

/** JSON text of a value; a `bigint` with all its digits. */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'bigint' ? rawJson.rawJSON(each.toString()) : each,
  );
}

/**
 * The shortest decimal that reads back as the same 32-bit float. A price of 3.14 is stored as 3.140000104904175
 * when widened to 64 bits; what was meant is 3.14. A number that is no 32-bit float is returned as it is.
 */
export function shortestFloat32(value: number): number {
  // A pushed body writes decimals, which would lose digits.
  if (Math.fround(value) !== value) return value;
  const cents = Math.round(value * 100) / 100;
  // Up to 6 digits a decimal and its 32-bit float determine each other, so this one is the shortest.
  if (Math.abs(cents) < 10_000 && Math.fround(cents) === value) return cents;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** Cuts a text at the last whole character within the 255 bytes that Mixpanel stores. */
export function truncateText(text: string): string {
  if (text.length * 3 <= MAX_TEXT_BYTES) return text;
  const bytes = Buffer.from(text);
  return bytes.length <= MAX_TEXT_BYTES ? text : bytes.toString('utf8', 0, cutAt(bytes, 0));
}

/** Where to cut valid UTF-8 that starts at `from`, so that at most 255 bytes of whole characters remain. */
export function cutAt(bytes: Uint8Array, from: number): number {
  let end = from + MAX_TEXT_BYTES;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return end;
}
