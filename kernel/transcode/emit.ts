import { bagKeys, copyBag } from './bag';
import { bag, dropBag, hash, keepBag, number } from './host';
import { Identity, Kind, Op, STEP_BYTES } from './layout';
import {
  copyPadded,
  copyText,
  cutLength,
  isAscii,
  isUtf8,
  MAX_TEXT_BYTES,
  putInteger,
  textAt,
  textStart,
} from './text';
import { readVarint, varint } from './walk';

/** The record has to be skipped: no external user id. */
export const SKIP: usize = 1;
/** The record holds something unusual: leave it to the object mapper. */
export const BAIL: usize = 0;

/** Mixpanel takes events below 1 MB of JSON; the line's end makes one more. */
const MAX_LINE_BYTES: usize = 1_000_000;
const MAX_PROPERTIES: u32 = 254;
/** `$device:`, which stands before the id of an anonymous user. */
const DEVICE_PREFIX_BYTES: usize = 8;
/** Seconds since 1970 at 1971-01-01, before which Mixpanel takes no event. */
const EARLIEST_TIME: i64 = 31_536_000;

/** Texts are cut at what Mixpanel stores. */
export let cutsTexts: bool = true;
/** Ids that Mixpanel refuses: length and lower-case letters of each, one after the other, a 0 at the end. */
let refusedIds: usize = 0;
/** A bit for each length that a refused id has. */
let refusedLengths: u64 = 0;
/** Texts that were cut, in events that were written. */
export let cutTexts: u32 = 0;

let cutsInRecord: u32 = 0;

export function configure(cuts: bool, refused: usize, lengths: u64): void {
  cutsTexts = cuts;
  refusedIds = refused;
  refusedLengths = lengths;
}

export function forgetCuts(): void {
  cutTexts = 0;
}

@inline
function offset(at: usize, field: i32): usize {
  return <usize>load<u32>(at + (<usize>field << 2));
}

/**
 * Writes one walked record as an event line at `w`. Returns the place after it, SKIP or BAIL.
 * `need` bytes are free from `w` on; a bag may take more, up to `limit`.
 */
export function emit(steps: usize, at: usize, end: usize, start: usize, limit: usize): usize {
  let w = start;
  let usesHost = false;
  cutsInRecord = 0;
  for (let step = steps; ; step += STEP_BYTES) {
    const op = load<u32>(step);
    if (op === Op.END) break;
    if (op === Op.LITERAL) {
      w = copyPadded(load<u32>(step, 4), load<u32>(step, 8), w);
      continue;
    }
    const p = offset(at, load<i32>(step, 4));
    if (op >= Op.TEXT && op <= Op.HASHED) {
      if (p === 0) continue;
      if (op === Op.FLOAT && !isFinite(load<f32>(p))) continue;
      if (op === Op.DOUBLE && !isFinite(load<f64>(p))) continue;
      w = copyPadded(load<u32>(step, 8), load<u32>(step, 12), w);
    }
    switch (op) {
      case Op.TEXT:
        w = putText(p, w);
        break;
      case Op.INTEGER:
        readVarint(p, end);
        w = putInteger(varint, w);
        break;
      case Op.BOOLEAN:
        if (load<u8>(p) === 1) {
          store<u32>(w, 0x65_75_72_74);
          w += 4;
        } else {
          store<u32>(w, 0x73_6c_61_66);
          store<u8>(w, 0x65, 4);
          w += 5;
        }
        break;
      case Op.REMOVED:
        break;
      case Op.TEXTS:
        w = putTexts(load<i32>(step, 16), p, end, w);
        break;
      case Op.FLOAT:
        w = number(<f64>load<f32>(p), load<u32>(step, 16), w);
        break;
      case Op.DOUBLE:
        w = number(load<f64>(p), 0, w);
        break;
      case Op.HASHED: {
        const n = textAt(p);
        if (isUtf8(textStart, textStart + n)) {
          store<u8>(w, 0x22);
          w = hash(textStart, n, w + 1);
          store<u8>(w++, 0x22);
        } else w = BAIL;
        break;
      }
      case Op.DISTINCT_ID:
        w = putIdentity(step, at, w);
        break;
      case Op.INSERT_ID:
        w = putInsertId(p, w);
        break;
      case Op.TIME:
        if (p === 0) w = BAIL;
        else {
          readVarint(p, end);
          w = varint < EARLIEST_TIME ? BAIL : putInteger(varint, w);
        }
        break;
      case Op.NAME: {
        const n: usize = p === 0 ? 0 : textAt(p);
        if (n === 0 || (cutsTexts && n + load<u32>(step, 8) > MAX_TEXT_BYTES)) w = BAIL;
        else w = copyText(textStart, n, w);
        break;
      }
      case Op.BAG: {
        if (p === 0) break;
        const n = textAt(p);
        const from = textStart;
        const others = load<u32>(step, 20);
        let after: usize = 0;
        if (load<u32>(step, 24) !== 0) {
          after = copyBag(from, n, w, limit, load<u32>(step, 8), load<u32>(step, 12), load<u32>(step, 28));
          if (bagKeys + others >= MAX_PROPERTIES) after = 0;
        }
        if (after === 0 && isUtf8(from, from + n)) {
          after = bag(load<u32>(step, 16), from, n, w, limit);
          usesHost = true;
        }
        w = after;
        break;
      }
      default:
        if (w - start > MAX_LINE_BYTES) w = BAIL;
        else if (p !== 0 && isPresent(load<u32>(step, 12), p)) {
          const counter = load<u32>(step, 8);
          store<u32>(counter, load<u32>(counter) + 1);
        }
    }
    if (w <= SKIP) {
      if (usesHost) dropBag();
      return w;
    }
  }
  if (w - start > MAX_LINE_BYTES) {
    if (usesHost) dropBag();
    return BAIL;
  }
  if (usesHost) keepBag();
  cutTexts += cutsInRecord;
  return w;
}

@inline
function isPresent(kind: u32, p: usize): bool {
  if (kind === Kind.FLOAT) return isFinite(load<f32>(p));
  return kind !== Kind.DOUBLE || isFinite(load<f64>(p));
}

/** A JSON string with its quotes, cut where wanted. */
@inline
function putText(p: usize, w: usize): usize {
  let n = textAt(p);
  const from = textStart;
  if (cutsTexts && n > MAX_TEXT_BYTES) {
    n = cutLength(from, n);
    if (n === 0) return BAIL;
    cutsInRecord++;
  }
  store<u8>(w, 0x22);
  const after = copyText(from, n, w + 1);
  if (after === 0) return BAIL;
  store<u8>(after, 0x22);
  return after + 1;
}

function putTexts(nullBranch: i32, from: usize, end: usize, start: usize): usize {
  let w = start;
  let p = from;
  store<u8>(w++, OPEN_LIST);
  while (true) {
    p = readVarint(p, end);
    let count = varint;
    if (count === 0) break;
    if (count < 0) {
      count = -count;
      p = readVarint(p, end);
    }
    for (; count > 0; count--) {
      if (w !== start + 1) store<u8>(w++, 0x2c);
      if (nullBranch >= 0) {
        p = readVarint(p, end);
        if (varint === nullBranch) {
          store<u32>(w, 0x6c_6c_75_6e);
          w += 4;
          continue;
        }
      }
      w = putText(p, w);
      if (w === BAIL) return BAIL;
      const n = textAt(p);
      p = textStart + n;
    }
  }
  store<u8>(w++, 0x5d);
  return w;
}

const OPEN_LIST: u32 = 0x5b;

function putInsertId(p: usize, start: usize): usize {
  if (p === 0) return BAIL;
  const n: usize = load<u8>(p) >> 1;
  if (load<u8>(p) > 72 || n === 0) return BAIL;
  for (let i: usize = 1; i <= n; i++) {
    const c: u32 = load<u8>(p + i);
    const isLetter = (c | 0x20) - 0x61 < 26;
    if (!isLetter && c - 0x30 >= 10 && c !== 0x2d) return BAIL;
    store<u8>(start + i - 1, c);
  }
  return isRefused(p + 1, n, false) ? BAIL : start + n;
}

/** `,"distinct_id":"…"`, for anonymous users with their `$device_id`. */
function putIdentity(step: usize, at: usize, start: usize): usize {
  const external = load<i32>(step, 4);
  const flags = load<u32>(step, 12);
  const p: usize = external < 0 ? 0 : offset(at, external);
  if (p !== 0 && textAt(p) !== 0) {
    let w = copyPadded(load<u32>(step, 16), 16, start);
    w = putUserId(p, w, (flags & Identity.HASH_EXTERNAL) !== 0, (flags & Identity.ANY_CASE) !== 0);
    if (w === BAIL) return BAIL;
    store<u8>(w, 0x22);
    return w + 1;
  }
  if ((flags & Identity.ANONYMOUS) === 0) return SKIP;
  const user = offset(at, load<i32>(step, 8));
  const n: usize = user === 0 ? 0 : textAt(user);
  if (n === 0 || n > MAX_TEXT_BYTES - DEVICE_PREFIX_BYTES) return BAIL;
  const isHashed = (flags & Identity.HASH_USER) !== 0;
  const anyCase = (flags & Identity.ANY_CASE) !== 0;
  let w = copyPadded(load<u32>(step, 20), 24, start);
  w = putUserId(user, w, isHashed, anyCase);
  if (w === BAIL) return BAIL;
  w = copyPadded(load<u32>(step, 24), 16, w);
  w = putUserId(user, w, isHashed, anyCase);
  store<u8>(w, 0x22);
  return w + 1;
}

function putUserId(p: usize, w: usize, isHashed: bool, anyCase: bool): usize {
  const n = textAt(p);
  const from = textStart;
  if (n > MAX_TEXT_BYTES || isRefused(from, n, anyCase)) return BAIL;
  // Lower case of other scripts is not known here, and may be that of a refused id.
  if (anyCase && !isAscii(from, n)) return BAIL;
  if (!isHashed) return copyText(from, n, w);
  return isUtf8(from, from + n) ? hash(from, n, w) : BAIL;
}

function isRefused(p: usize, n: usize, anyCase: bool): bool {
  if (n > 63 || ((refusedLengths >> n) & 1) === 0) return false;
  let length: usize;
  for (let id = refusedIds; (length = load<u8>(id)) !== 0; id += length + 1) {
    if (length === n) {
      let same: usize = 0;
      while (same < n) {
        let c: u32 = load<u8>(p + same);
        if (anyCase && c - 0x41 < 26) c |= 0x20;
        if (c !== <u32>load<u8>(id + 1 + same)) break;
        same++;
      }
      if (same === n) return true;
    }
  }
  return false;
}
