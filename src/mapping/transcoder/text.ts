import { isUtf8 } from 'node:buffer';
import { MAX_TEXT_BYTES } from '../identity.ts';
import { cutAt } from '../values.ts';

const HEX = Buffer.from('0123456789abcdef');
/** The letter behind the backslash for control characters that have a short escape in JSON. */
const SHORT: Readonly<Record<number, number>> = { 8: 98, 9: 116, 10: 110, 12: 102, 13: 114 };

/** Length in bytes of the text at `p`, shifted behind its own size: `size` is how many bytes that took. */
export function textLength(d: Uint8Array, p: number): number {
  const first = d[p]!;
  if (first < 128) return first >> 1;
  const second = d[p + 1]!;
  if (second < 128) return ((first & 0x7f) | (second << 7)) >> 1;
  let length = (first & 0x7f) | ((second & 0x7f) << 7);
  let scale = 16_384;
  for (let i = p + 2; ; i++) {
    length += (d[i]! & 0x7f) * scale;
    if (d[i]! < 128) return length / 2;
    scale *= 128;
  }
}

/** How many bytes the length itself takes. */
export function textHead(length: number): number {
  if (length < 64) return 1;
  if (length < 8192) return 2;
  if (length < 1_048_576) return 3;
  return length < 134_217_728 ? 4 : 5;
}

/**
 * Copies `n` bytes of UTF-8 as the inside of a JSON string: four bytes at a time, escaping only where it must.
 * Returns the place after it, or -1 when the bytes are no valid UTF-8.
 */
export function copyText(
  d: Uint8Array,
  dv: DataView,
  p: number,
  n: number,
  o: Uint8Array,
  ov: DataView,
  w: number,
): number {
  const end = p + n;
  const wordsEnd = end - 3;
  let proven = false;
  while (p < wordsEnd) {
    const v = dv.getInt32(p, true);
    const quote = v ^ 0x22222222;
    const slash = v ^ 0x5c5c5c5c;
    const special =
      (v | (v - 0x20202020) | ((quote - 0x01010101) & ~quote) | ((slash - 0x01010101) & ~slash)) &
      0x80808080;
    if (special === 0) {
      ov.setInt32(w, v, true);
      w += 4;
    } else {
      if (!proven && (v & 0x80808080) !== 0) {
        if (!isUtf8(d.subarray(p, end))) return -1;
        proven = true;
      }
      for (let i = 0; i < 4; i++) w = putByte(o, w, d[p + i]!);
    }
    p += 4;
  }
  for (; p < end; p++) {
    const c = d[p]!;
    if (c >= 0x80 && !proven) {
      if (!isUtf8(d.subarray(p, end))) return -1;
      proven = true;
    }
    w = putByte(o, w, c);
  }
  return w;
}

function putByte(o: Uint8Array, w: number, c: number): number {
  if (c >= 0x20 && c !== 0x22 && c !== 0x5c) {
    o[w] = c;
    return w + 1;
  }
  o[w] = 0x5c;
  if (c === 0x22 || c === 0x5c) {
    o[w + 1] = c;
    return w + 2;
  }
  const short = SHORT[c];
  if (short !== undefined) {
    o[w + 1] = short;
    return w + 2;
  }
  o[w + 1] = 0x75;
  o[w + 2] = 0x30;
  o[w + 3] = 0x30;
  o[w + 4] = HEX[c >> 4]!;
  o[w + 5] = HEX[c & 15]!;
  return w + 6;
}

/** How many bytes of a text are sent when it is cut at what Mixpanel stores; -1 when it is no valid UTF-8. */
export function cutLength(d: Uint8Array, p: number, n: number): number {
  if (n <= MAX_TEXT_BYTES) return n;
  if (!isUtf8(d.subarray(p, p + n))) return -1;
  return cutAt(d, p) - p;
}

/** Writes a whole number of at most 2^53 in decimal. */
export function putInteger(o: Uint8Array, w: number, value: number): number {
  let n = value;
  if (n < 0) {
    o[w++] = 0x2d;
    n = -n;
  }
  let digits = 1;
  for (let limit = 10; limit <= n; limit *= 10) digits++;
  let i = w + digits - 1;
  while (n > 0x7fffffff) {
    const rest = Math.floor(n / 10);
    o[i--] = 0x30 + (n - rest * 10);
    n = rest;
  }
  for (; i >= w; i--) {
    const rest = (n / 10) | 0;
    o[i] = 0x30 + (n - rest * 10);
    n = rest;
  }
  return w + digits;
}

/** Writes a text that holds ASCII only. */
export function putAscii(o: Uint8Array, w: number, text: string): number {
  for (let i = 0; i < text.length; i++) o[w + i] = text.charCodeAt(i);
  return w + text.length;
}
