import { MAX_TEXT_BYTES } from '../identity.ts';

const MAX_KEYS = 40;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const CLOSE_OBJECT = 0x7d;

/**
 * Copies the JSON object of a property bag straight from its bytes, each key behind a prefix. It knows flat objects
 * of plain ASCII, written the way `JSON.stringify` writes them, and gives up on everything else: escapes, other
 * scripts, nested objects, repeated keys, keys that look like numbers, unusual numbers, long texts.
 */
export interface BagCopier {
  /** Returns the place after what was written, or -1 to give up. `limit`: first byte of `o` that must stay free. */
  copy(d: Uint8Array, p: number, n: number, o: Uint8Array, w: number, limit: number): number;
  /** Keys written by the last copy. */
  readonly keys: number;
}

export function createBagCopier(prefix: string): BagCopier {
  const head = Buffer.from(`,${JSON.stringify(prefix).slice(0, -1)}`);
  const prefixLength = Buffer.byteLength(prefix);
  const starts = new Int32Array(MAX_KEYS);
  const lengths = new Int32Array(MAX_KEYS);
  let keys = 0;
  let seen = 0;

  const repeated = (d: Uint8Array, start: number, length: number): boolean => {
    for (let i = 0; i < seen; i++) {
      if (lengths[i] !== length) continue;
      let same = 0;
      while (same < length && d[starts[i]! + same] === d[start + same]) same++;
      if (same === length) return true;
    }
    return false;
  };

  return {
    get keys() {
      return keys;
    },
    copy(d, from, n, o, start, limit) {
      keys = 0;
      seen = 0;
      let p = from + 1;
      let w = start;
      const end = from + n;
      if (n < 2 || d[from] !== 0x7b) return -1;
      if (d[p] === CLOSE_OBJECT) return p + 1 === end ? w : -1;
      for (;;) {
        p = skipBlanks(d, p);
        if (d[p] !== QUOTE) return -1;
        const key = p + 1;
        p = plainTextEnd(d, key, end);
        if (p < 0) return -1;
        const length = p - key;
        const first = d[key]!;
        if ((first >= 0x30 && first <= 0x39) || prefixLength + length > MAX_TEXT_BYTES) return -1;
        if (seen === MAX_KEYS || repeated(d, key, length)) return -1;
        p = skipBlanks(d, p + 1);
        if (d[p] !== 0x3a) return -1;
        p = skipBlanks(d, p + 1);
        const value = p;
        p = valueEnd(d, p, end);
        if (p < 0) return -1;
        starts[seen] = key;
        lengths[seen] = length;
        seen++;
        // A null is left out, but a key that comes again must still be seen.
        if (d[value] !== 0x6e) {
          keys++;
          if (w + head.length + length + (p - value) + 2 > limit) return -1;
          for (let i = 0; i < head.length; i++) o[w++] = head[i]!;
          for (let i = 0; i < length; i++) o[w++] = d[key + i]!;
          o[w++] = QUOTE;
          o[w++] = 0x3a;
          for (let i = value; i < p; i++) o[w++] = d[i]!;
        }
        p = skipBlanks(d, p);
        if (d[p] === COMMA) p++;
        else if (d[p] === CLOSE_OBJECT) return p + 1 === end ? w : -1;
        else return -1;
      }
    },
  };
}

function skipBlanks(d: Uint8Array, from: number): number {
  let p = from;
  while (d[p] === 0x20 || d[p] === 0x09 || d[p] === 0x0a || d[p] === 0x0d) p++;
  return p;
}

/** Place of the closing quote of a text that needs no change; -1 otherwise. */
function plainTextEnd(d: Uint8Array, from: number, end: number): number {
  for (let p = from; p < end; p++) {
    const c = d[p]!;
    if (c === QUOTE) return p;
    if (c < 0x20 || c >= 0x80 || c === BACKSLASH) return -1;
  }
  return -1;
}

/** Place after a value that can be copied as it is; -1 otherwise. */
function valueEnd(d: Uint8Array, p: number, end: number): number {
  if (d[p] !== OPEN_LIST) return scalarEnd(d, p, end);
  let at = p + 1;
  if (d[at] === CLOSE_LIST) return at + 1;
  for (;;) {
    at = scalarEnd(d, at, end);
    if (at < 0) return -1;
    if (d[at] === CLOSE_LIST) return at + 1;
    if (d[at] !== COMMA) return -1;
    at++;
  }
}

function scalarEnd(d: Uint8Array, p: number, end: number): number {
  switch (d[p]) {
    case QUOTE: {
      const close = plainTextEnd(d, p + 1, end);
      return close < 0 || close - p - 1 > MAX_TEXT_BYTES ? -1 : close + 1;
    }
    case 0x74: // true
      return d[p + 1] === 0x72 && d[p + 2] === 0x75 && d[p + 3] === 0x65 ? p + 4 : -1;
    case 0x66: // false
      return d[p + 1] === 0x61 && d[p + 2] === 0x6c && d[p + 3] === 0x73 && d[p + 4] === 0x65
        ? p + 5
        : -1;
    case 0x6e: // null
      return d[p + 1] === 0x75 && d[p + 2] === 0x6c && d[p + 3] === 0x6c ? p + 4 : -1;
    default:
      return numberEnd(d, p);
  }
}

/** Place after a number of at most 15 digits that reads back as the same text; -1 for any other. */
function numberEnd(d: Uint8Array, from: number): number {
  let p = from;
  const negative = d[p] === 0x2d;
  if (negative) p++;
  const whole = p;
  while (isDigit(d[p])) p++;
  let digits = p - whole;
  const isZero = digits === 1 && d[whole] === 0x30;
  if (digits === 0 || (d[whole] === 0x30 && digits > 1)) return -1;
  if (d[p] === 0x2e) {
    const fraction = ++p;
    while (isDigit(d[p])) p++;
    digits += p - fraction;
    if (p === fraction || d[p - 1] === 0x30) return -1;
    let zeros = fraction;
    while (d[zeros] === 0x30) zeros++;
    if (isZero && zeros - fraction > 5) return -1;
  } else if (isZero && negative) return -1;
  if (digits > 15 || d[p] === 0x65 || d[p] === 0x45) return -1;
  return p;
}

function isDigit(c: number | undefined): boolean {
  return c !== undefined && c >= 0x30 && c <= 0x39;
}
