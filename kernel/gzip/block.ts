import { flush, put, putCode } from './bits';
import { buildCodes } from './huffman';
import {
  distanceBase,
  distanceBits,
  distanceCode,
  lengthBits,
  lengthCode,
  lengthExtra,
} from './tables';

const LITERALS: u32 = 286;
const DISTANCES: u32 = 30;
const END_OF_BLOCK: u32 = 256;
const MAX_CODE_BITS: u32 = 15;

const literalCounts = memory.data(286 * 4);
const distanceCounts = memory.data(30 * 4);
const literalCodes = memory.data(286 * 4);
const distanceCodes = memory.data(30 * 4);
/** Code lengths of both alphabets, one behind the other, as the header lists them. */
const lengths = memory.data(316);
/** For each length of a match: its code with the bits that follow it, and how many bits in all. */
const matches = memory.data(259 * 8);
const lengthCounts = memory.data(19 * 4);
const lengthLengths = memory.data(19);
const lengthCodes = memory.data(19 * 4);
/** The header's run-length codes: symbol, and the bits that follow it. */
const runs = memory.data(320 * 2);
const ORDER = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

export function clearCounts(): void {
  memory.fill(literalCounts, 0, LITERALS * 4);
  memory.fill(distanceCounts, 0, DISTANCES * 4);
}

@inline
function increment(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}

export function countLiterals(from: usize, end: usize): void {
  for (; from < end; from++) increment(literalCounts + (<usize>load<u8>(from) << 2));
}

@inline
export function countMatch(length: u32, distance: u32): void {
  increment(literalCounts + ((257 + <usize>load<u8>(lengthCode + length)) << 2));
  increment(distanceCounts + (<usize>distanceCode(distance) << 2));
}

/** Writes one block with codes of its own. Sequences: literals (u32), then length (u16) and distance (u16) of a match. */
export function writeBlock(from: usize, sequences: usize, end: usize, isLast: bool): void {
  increment(literalCounts + (END_OF_BLOCK << 2));
  buildCodes(literalCounts, LITERALS, MAX_CODE_BITS, lengths, literalCodes);
  let literals = LITERALS;
  while (literals > 257 && load<u8>(lengths + literals - 1) === 0) literals--;
  buildCodes(distanceCounts, DISTANCES, MAX_CODE_BITS, lengths + literals, distanceCodes);
  let distances = DISTANCES;
  while (distances > 1 && load<u8>(lengths + literals + distances - 1) === 0) distances--;

  put(isLast ? 1 : 0, 1);
  put(2, 2);
  writeHeader(literals, distances);
  prepareMatches();
  writeSequences(from, sequences, end);
  putCode(load<u32>(literalCodes + (END_OF_BLOCK << 2)));
  flush();
}

function prepareMatches(): void {
  for (let length: u32 = 3; length <= 258; length++) {
    const symbol = <u32>load<u8>(lengthCode + length);
    const code = load<u32>(literalCodes + ((257 + symbol) << 2));
    const bits = code >> 16;
    const extra = <u32>load<u8>(lengthExtra + length);
    store<u32>(matches + (length << 3), (code & 0xffff) | (extra << bits));
    store<u32>(matches + (length << 3), bits + load<u8>(lengthBits + symbol), 4);
  }
}

function writeSequences(from: usize, sequences: usize, end: usize): void {
  let p = from;
  for (let at = sequences; at < end; at += 8) {
    const stop = p + load<u32>(at);
    for (; p + 3 <= stop; p += 3) {
      putCode(load<u32>(literalCodes + (<usize>load<u8>(p) << 2)));
      putCode(load<u32>(literalCodes + (<usize>load<u8>(p, 1) << 2)));
      putCode(load<u32>(literalCodes + (<usize>load<u8>(p, 2) << 2)));
      flush();
    }
    for (; p < stop; p++) putCode(load<u32>(literalCodes + (<usize>load<u8>(p) << 2)));
    flush();
    const length = <u32>load<u16>(at, 4);
    if (length === 0) continue;
    p += length;
    // 7 left, 20 for the length, 28 for the distance: together less than 64.
    put(load<u32>(matches + (length << 3)), load<u32>(matches + (length << 3), 4));
    const distance = <u32>load<u16>(at, 6) + 1;
    const symbol = distanceCode(distance);
    putCode(load<u32>(distanceCodes + (symbol << 2)));
    put(distance - load<u16>(distanceBase + symbol * 2), load<u8>(distanceBits + symbol));
    flush();
  }
}

/** The code lengths of both alphabets, run-length coded and Huffman coded in turn (RFC 1951, 3.2.7). */
function writeHeader(literals: u32, distances: u32): void {
  memory.fill(lengthCounts, 0, 19 * 4);
  const total = literals + distances;
  let used: u32 = 0;
  for (let i: u32 = 0; i < total; ) {
    const length = <u32>load<u8>(lengths + i);
    let run: u32 = 1;
    while (i + run < total && load<u8>(lengths + i + run) === length) run++;
    i += run;
    if (length === 0) {
      while (run >= 3) {
        const n = min<u32>(run, 138);
        used = addRun(used, n >= 11 ? 18 : 17, n >= 11 ? n - 11 : n - 3);
        run -= n;
      }
    } else {
      used = addRun(used, length, 0);
      run--;
      while (run >= 3) {
        const n = min<u32>(run, 6);
        used = addRun(used, 16, n - 3);
        run -= n;
      }
    }
    for (; run > 0; run--) used = addRun(used, length, 0);
  }
  buildCodes(lengthCounts, 19, 7, lengthLengths, lengthCodes);
  let listed: u32 = 19;
  while (listed > 4 && load<u8>(lengthLengths + load<u8>(ORDER + listed - 1)) === 0) listed--;

  put(literals - 257, 5);
  put(distances - 1, 5);
  put(listed - 4, 4);
  flush();
  for (let i: u32 = 0; i < listed; i++) {
    put(load<u8>(lengthLengths + load<u8>(ORDER + i)), 3);
    flush();
  }
  for (let i: u32 = 0; i < used; i++) {
    const symbol = <u32>load<u8>(runs + (i << 1));
    putCode(load<u32>(lengthCodes + (symbol << 2)));
    put(load<u8>(runs + (i << 1), 1), symbol < 16 ? 0 : symbol === 16 ? 2 : symbol === 17 ? 3 : 7);
    flush();
  }
}

function addRun(used: u32, symbol: u32, more: u32): u32 {
  store<u8>(runs + (used << 1), symbol);
  store<u8>(runs + (used << 1), more, 1);
  increment(lengthCounts + (symbol << 2));
  return used + 1;
}
