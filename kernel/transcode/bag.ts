import { copyPadded, isUtf8, MAX_TEXT_BYTES } from './text';

const MAX_KEYS: u32 = 40;
const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const COMMA: u32 = 0x2c;
const OPEN_LIST: u32 = 0x5b;
const CLOSE_LIST: u32 = 0x5d;
const CLOSE_OBJECT: u32 = 0x7d;

/** Start and length of each key that was seen. */
const seen = memory.data(<i32>(MAX_KEYS * 8));
/** Whether the bag in hand holds ASCII only. */
let isAsciiBag: bool = true;
/** Keys written by the last {@link copyBag}. */
export let bagKeys: u32 = 0;

/**
 * Copies the JSON object of a property bag straight from its bytes, each key behind a prefix. It knows flat objects
 * written the way `JSON.stringify` writes them, and gives up on everything else: numeric escapes, nested objects,
 * repeated keys, keys that look like numbers, unusual numbers, long texts.
 * Returns the place after what was written, 0 when it gave up. Nothing is written from `limit` on.
 */
export function copyBag(
  from: usize,
  n: usize,
  w: usize,
  limit: usize,
  prefix: usize,
  prefixLength: usize,
  prefixText: usize,
): usize {
  bagKeys = 0;
  isAsciiBag = true;
  let count: u32 = 0;
  const end = from + n;
  let p = from + 1;
  if (n < 2 || load<u8>(from) !== 0x7b) return 0;
  if (load<u8>(p) === CLOSE_OBJECT) return p + 1 === end ? w : 0;
  while (true) {
    p = skipBlanks(p, end);
    if (p >= end || load<u8>(p) !== QUOTE) return 0;
    const key = p + 1;
    p = plainTextEnd(key, end);
    if (p === 0) return 0;
    const length = p - key;
    const first: u32 = load<u8>(key);
    if (isDigit(first) || prefixText + length > MAX_TEXT_BYTES) return 0;
    if (count === MAX_KEYS || isRepeated(key, length, count)) return 0;
    p = skipBlanks(p + 1, end);
    if (p >= end || load<u8>(p) !== 0x3a) return 0;
    const value = skipBlanks(p + 1, end);
    p = valueEnd(value, end);
    if (p === 0 || p >= end) return 0;
    store<u32>(seen + count * 8, <u32>key);
    store<u32>(seen + count * 8, <u32>length, 4);
    count++;
    // A null is left out, but a key that comes again must still be seen.
    if (load<u8>(value) !== 0x6e) {
      bagKeys++;
      if (w + prefixLength + length + (p - value) + 2 > limit) return 0;
      w = copyPadded(prefix, prefixLength, w);
      copyPadded(key, length, w);
      w += length;
      store<u16>(w, 0x3a22);
      copyPadded(value, p - value, w + 2);
      w += 2 + p - value;
    }
    p = skipBlanks(p, end);
    if (p >= end) return 0;
    const next: u32 = load<u8>(p);
    if (next === COMMA) p++;
    else if (next !== CLOSE_OBJECT || p + 1 !== end) return 0;
    else return isAsciiBag || isUtf8(from, end) ? w : 0;
  }
}

function isRepeated(key: usize, length: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    if (<usize>load<u32>(seen + i * 8, 4) !== length) continue;
    if (memory.compare(load<u32>(seen + i * 8), key, length) === 0) return true;
  }
  return false;
}

@inline
function skipBlanks(p: usize, end: usize): usize {
  while (p < end) {
    const c: u32 = load<u8>(p);
    if (c !== 0x20 && c !== 0x09 && c !== 0x0a && c !== 0x0d) break;
    p++;
  }
  return p;
}

/** Place of the closing quote of a text that is written as `JSON.stringify` would write it; 0 otherwise. */
function plainTextEnd(p: usize, end: usize): usize {
  for (; p < end; p++) {
    const c: u32 = load<u8>(p);
    if (c === QUOTE) return p;
    if (c < 0x20) return 0;
    if (c >= 0x80) isAsciiBag = false;
    else if (c === BACKSLASH) {
      if (++p >= end || !isShortEscape(load<u8>(p))) return 0;
    }
  }
  return 0;
}

/** `\"`, `\\`, `\b`, `\f`, `\n`, `\r` and `\t`; the others have another form when they are written. */
@inline
function isShortEscape(c: u32): bool {
  return (
    c === QUOTE || c === BACKSLASH || c === 0x62 || c === 0x66 || c === 0x6e || c === 0x72 || c === 0x74
  );
}

/** Place after a value that can be copied as it is; 0 otherwise. */
function valueEnd(p: usize, end: usize): usize {
  if (p >= end) return 0;
  if (load<u8>(p) !== OPEN_LIST) return scalarEnd(p, end);
  p++;
  if (p < end && load<u8>(p) === CLOSE_LIST) return p + 1;
  while (true) {
    p = scalarEnd(p, end);
    if (p === 0 || p >= end) return 0;
    const c: u32 = load<u8>(p);
    if (c === CLOSE_LIST) return p + 1;
    if (c !== COMMA) return 0;
    p++;
  }
}

function scalarEnd(p: usize, end: usize): usize {
  if (p >= end) return 0;
  switch (load<u8>(p)) {
    case 0x22: {
      const close = plainTextEnd(p + 1, end);
      return close === 0 || close - p - 1 > MAX_TEXT_BYTES ? 0 : close + 1;
    }
    case 0x74: // true
      return end - p >= 4 && load<u32>(p) === 0x65_75_72_74 ? p + 4 : 0;
    case 0x66: // false
      return end - p >= 5 && load<u32>(p, 1) === 0x65_73_6c_61 ? p + 5 : 0;
    case 0x6e: // null
      return end - p >= 4 && load<u32>(p) === 0x6c_6c_75_6e ? p + 4 : 0;
    default:
      return numberEnd(p, end);
  }
}

/** Place after a number of at most 15 digits that reads back as the same text; 0 for any other. */
function numberEnd(p: usize, end: usize): usize {
  const isNegative = load<u8>(p) === 0x2d;
  if (isNegative) p++;
  const whole = p;
  p = digitsEnd(p, end);
  let digits = p - whole;
  const startsWithZero = digits > 0 && load<u8>(whole) === 0x30;
  if (digits === 0 || (startsWithZero && digits > 1)) return 0;
  if (p < end && load<u8>(p) === 0x2e) {
    const fraction = ++p;
    p = digitsEnd(p, end);
    digits += p - fraction;
    if (p === fraction || load<u8>(p - 1) === 0x30) return 0;
    let zeros = fraction;
    while (load<u8>(zeros) === 0x30) zeros++;
    if (startsWithZero && zeros - fraction > 5) return 0;
  } else if (startsWithZero && isNegative) return 0;
  if (digits > 15) return 0;
  if (p < end) {
    const next: u32 = load<u8>(p);
    if (next === 0x65 || next === 0x45) return 0;
  }
  return p;
}

@inline
function digitsEnd(p: usize, end: usize): usize {
  while (p < end && isDigit(load<u8>(p))) p++;
  return p;
}

@inline
function isDigit(c: u32): bool {
  return c - 0x30 < 10;
}
