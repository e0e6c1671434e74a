/**
 * DEFLATE for lines of JSON that resemble each other. A text that was met within 32 KB is found by a hash of its first
 * bytes, or where the last match was found: behind a value of the same length as in the line before, the next key
 * stands at the same distance. One candidate each, no search.
 */
import { finish, flush, resetBits, startAt, writtenTo } from './bits';
import { clearCounts, countLiterals, countMatch, writeBlock } from './block';
import { fillTables } from './tables';

/** What is compressed as one block. */
const SEGMENT: usize = 256 * 1024;
const WINDOW: usize = 32 * 1024;
const MAX_MATCH: usize = 258;
/** Reading goes 16 bytes at a time. */
const SLACK: usize = 32;
const HASH_BITS: u64 = 15;

/** The window before a segment, then the segment. */
const input = memory.data(32 * 1024 + 256 * 1024 + 32);
const output = memory.data(256 * 1024 + 64 * 1024);
const sequences = memory.data((256 * 1024) / 4 * 8 + 16);
/** For each hash: where in the stream it was met last, counted from 1. */
const table = memory.data((1 << 15) * 4);

/** Bytes of the stream before the segment in hand. */
let before: u32 = 0;

export function segmentBytes(): usize {
  return SEGMENT;
}

/** Where the next segment has to be placed. */
export function segmentAt(): usize {
  return input + WINDOW;
}

export function outputAt(): usize {
  return output;
}

/** Begins a new stream. */
export function start(): void {
  fillTables();
  memory.fill(table, 0, 4 << <usize>HASH_BITS);
  resetBits();
  before = 0;
}

/** Compresses the segment that was placed. Returns how many bytes are in the output. */
export function deflate(bytes: usize, isLast: bool): usize {
  const from = input + WINDOW;
  startAt(output);
  clearCounts();
  const end = findMatches(from, from + bytes);
  writeBlock(from, sequences, end, isLast);
  const written = isLast ? finish() : writtenTo();
  memory.copy(input, input + bytes, WINDOW);
  before += <u32>bytes;
  return written - output;
}

@inline
function hashOf(p: usize): usize {
  return <usize>(((load<u64>(p) << 16) * 0x9e37_79b1_85eb_ca87) >> (64 - HASH_BITS)) << 2;
}

/** Writes the segment's sequences. Returns their end. */
function findMatches(from: usize, end: usize): usize {
  // A place in the stream, counted from 1, is a place in memory less this.
  const shift = from - before - 1;
  const least = input + WINDOW - min<usize>(before, WINDOW);
  const last = end - min<usize>(end - from, SLACK);
  let at = sequences;
  let anchor = from;
  let distance: usize = 0;
  let p = from;
  while (p < last) {
    let found = p - distance;
    const first = load<u32>(p);
    if (distance === 0 || found < least || load<u32>(found) !== first) {
      const slot = table + hashOf(p);
      const place = <usize>load<u32>(slot);
      store<u32>(slot, <u32>(p - shift));
      found = place + shift;
      if (place === 0 || found < least || p - found > WINDOW || load<u32>(found) !== first) {
        p += 1 + ((p - anchor) >> 4);
        continue;
      }
    }
    while (p > anchor && found > least && load<u8>(p - 1) === load<u8>(found - 1)) {
      p--;
      found--;
    }
    const length = matchLength(p, found, min(p + MAX_MATCH, end));
    distance = p - found;
    countLiterals(anchor, p);
    countMatch(<u32>length, <u32>distance);
    store<u32>(at, <u32>(p - anchor));
    store<u16>(at, <u16>length, 4);
    store<u16>(at, <u16>(distance - 1), 6);
    at += 8;
    p += length;
    anchor = p;
    if (p < last) store<u32>(table + hashOf(p - 2), <u32>(p - 2 - shift));
  }
  countLiterals(anchor, end);
  store<u32>(at, <u32>(end - anchor));
  store<u32>(at, 0, 4);
  return at + 8;
}

/** How far two places agree, from the fourth byte on, which is known. */
function matchLength(p: usize, found: usize, end: usize): usize {
  let q = p + 4;
  found += 4;
  while (q + 8 <= end) {
    const difference = load<u64>(q) ^ load<u64>(found);
    if (difference !== 0) return q + <usize>(ctz(difference) >> 3) - p;
    q += 8;
    found += 8;
  }
  while (q < end && load<u8>(q) === load<u8>(found)) {
    q++;
    found++;
  }
  return q - p;
}
