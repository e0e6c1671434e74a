const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
/** Mixpanel stores texts up to this many bytes. */
export const MAX_TEXT_BYTES: usize = 255;

/** Where {@link textAt} found the bytes of a text. */
export let textStart: usize = 0;

/** Length of the text that begins at `p` with its own length; the walk has proven that it is sound. */
@inline
export function textAt(p: usize): usize {
  const first: u32 = load<u8>(p);
  if (first < 0x80) {
    textStart = p + 1;
    return first >> 1;
  }
  let length: u64 = first & 0x7f;
  let shift: u64 = 7;
  while (true) {
    const byte: u64 = load<u8>(++p);
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
    shift += 7;
  }
  textStart = p + 1;
  return <usize>(length >> 1);
}

/** Copies constant bytes 16 at a time; source and target have room for what is too much. */
@inline
export function copyPadded(from: usize, length: usize, w: usize): usize {
  for (let i: usize = 0; i < length; i += 16) v128.store(w + i, v128.load(from + i));
  return w + length;
}

/**
 * Copies `n` bytes of UTF-8 as the inside of a JSON string, escaping only where it must.
 * Returns the place after it, or 0 when the bytes are no valid UTF-8. Up to 16 bytes beyond are read and written.
 */
export function copyText(p: usize, n: usize, w: usize): usize {
  const end = p + n;
  let highs: i32 = -1;
  while (p < end) {
    const v = v128.load(p);
    v128.store(w, v);
    const special = v128.or(
      v128.or(i8x16.eq(v, i8x16.splat(0x22)), i8x16.eq(v, i8x16.splat(0x5c))),
      i8x16.lt_u(v, i8x16.splat(0x20)),
    );
    const rest = end - p;
    const wanted: i32 = rest >= 16 ? 0xffff : (1 << <i32>rest) - 1;
    if ((i8x16.bitmask(v) & highs & wanted) !== 0) {
      if (!isUtf8(p, end)) return 0;
      highs = 0;
    }
    const found = i8x16.bitmask(special) & wanted;
    if (found === 0) {
      const step = min<usize>(16, rest);
      p += step;
      w += step;
      continue;
    }
    const clean: usize = ctz(found);
    w = putEscape(load<u8>(p + clean), w + clean);
    p += clean + 1;
  }
  return w;
}

function putEscape(c: u32, w: usize): usize {
  store<u8>(w, BACKSLASH);
  let letter: u32 = 0;
  if (c === QUOTE || c === BACKSLASH) letter = c;
  else if (c === 8) letter = 0x62;
  else if (c === 9) letter = 0x74;
  else if (c === 10) letter = 0x6e;
  else if (c === 12) letter = 0x66;
  else if (c === 13) letter = 0x72;
  if (letter !== 0) {
    store<u8>(w, letter, 1);
    return w + 2;
  }
  store<u32>(w, 0x30_30_75_5c);
  store<u8>(w, 0x30 + (c >> 4), 4);
  const low = c & 15;
  store<u8>(w, low < 10 ? 0x30 + low : 0x57 + low, 5);
  return w + 6;
}

/** Whether the bytes are valid UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
export function isUtf8(p: usize, end: usize): bool {
  while (p < end) {
    const c: u32 = load<u8>(p);
    if (c < 0x80) {
      p++;
      continue;
    }
    let more: usize;
    let low: u32 = 0x80;
    let high: u32 = 0xbf;
    if (c < 0xc2) return false;
    else if (c < 0xe0) more = 1;
    else if (c < 0xf0) {
      more = 2;
      if (c === 0xe0) low = 0xa0;
      else if (c === 0xed) high = 0x9f;
    } else if (c < 0xf5) {
      more = 3;
      if (c === 0xf0) low = 0x90;
      else if (c === 0xf4) high = 0x8f;
    } else return false;
    if (end - p <= more) return false;
    const second: u32 = load<u8>(p, 1);
    if (second < low || second > high) return false;
    for (let i: usize = 2; i <= more; i++) if ((load<u8>(p + i) & 0xc0) !== 0x80) return false;
    p += more + 1;
  }
  return true;
}

export function isAscii(p: usize, n: usize): bool {
  for (let i: usize = 0; i < n; i++) if (load<u8>(p + i) >= 0x80) return false;
  return true;
}

/** How many bytes are sent of a text that is cut at what Mixpanel stores; 0 when it is no valid UTF-8. */
export function cutLength(p: usize, n: usize): usize {
  if (!isUtf8(p, p + n)) return 0;
  let end = MAX_TEXT_BYTES;
  while ((load<u8>(p + end) & 0xc0) === 0x80) end--;
  return end;
}

/** Writes a whole number in decimal. */
export function putInteger(value: i64, w: usize): usize {
  let n = <u64>value;
  if (value < 0) {
    store<u8>(w++, 0x2d);
    n = 0 - n;
  }
  let digits: usize = 1;
  for (let m = n; m >= 10; m /= 10) digits++;
  let at = w + digits;
  while (n > 0xffff_ffff) {
    store<u8>(--at, 0x30 + (n % 10));
    n /= 10;
  }
  let short = <u32>n;
  while (at > w) {
    store<u8>(--at, 0x30 + (short % 10));
    short /= 10;
  }
  return w + digits;
}
