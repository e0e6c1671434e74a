import { Kind } from './layout';

const MAX_DEPTH: i32 = 256;

/** How many more values that take no bytes are let pass: a few bytes can claim any number of them. */
let empties: i64 = i64.MAX_VALUE;

export function allowEmpties(count: i64): void {
  empties = count;
}

/** A number read by {@link readVarint}: zigzag undone. */
export let varint: i64 = 0;

/** Reads a zigzag varint of up to 64 bits into {@link varint}. Returns the place after it, 0 when it is none. */
export function readVarint(p: usize, end: usize): usize {
  let value: u64 = 0;
  let shift: u64 = 0;
  for (let i = 0; i < 10; i++) {
    if (p >= end) return 0;
    const byte: u64 = load<u8>(p++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      varint = (value >> 1) ^ -(value & 1);
      return p;
    }
    shift += 7;
  }
  return 0;
}

/** Steps over a varint. Returns the place after it, 0 when it is none. */
@inline
export function skipVarint(p: usize, end: usize): usize {
  const last = min(p + 10, end);
  while (p < last) if (load<u8>(p++) < 0x80) return p;
  return 0;
}

/** Steps over a length and that many bytes. Returns the place after them, 0 when they reach past the end. */
@inline
export function skipBytes(p: usize, end: usize): usize {
  if (p >= end) return 0;
  const first: u32 = load<u8>(p);
  let length: usize;
  if (first < 0x80) {
    if (first & 1) return 0;
    length = first >> 1;
    p++;
  } else {
    p = readVarint(p, end);
    if (p === 0 || varint < 0 || varint > 0x7fff_ffff) return 0;
    length = <usize>varint;
  }
  return length > end - p ? 0 : p + length;
}

/** Steps over a value that may take no bytes. Returns the place after it, 0 also when there are too many of those. */
export function skipPart(shape: usize, p: usize, end: usize, depth: i32): usize {
  const after = skipValue(shape, p, end, depth);
  return after === p && --empties < 0 ? 0 : after;
}

/** Steps over one value of any shape. Returns the place after it, 0 when the bytes do not follow the shape. */
function skipValue(shape: usize, p: usize, end: usize, depth: i32): usize {
  if (depth > MAX_DEPTH) return 0;
  switch (load<u32>(shape)) {
    case Kind.NULL:
      return p;
    case Kind.BOOLEAN:
      return p < end && load<u8>(p) <= 1 ? p + 1 : 0;
    case Kind.VARINT:
      return skipVarint(p, end);
    case Kind.FLOAT:
      return end - p < 4 ? 0 : p + 4;
    case Kind.DOUBLE:
      return end - p < 8 ? 0 : p + 8;
    case Kind.BYTES:
      return skipBytes(p, end);
    case Kind.FIXED: {
      const size = load<u32>(shape, 4);
      return end - p < size ? 0 : p + size;
    }
    case Kind.ENUM:
      p = readVarint(p, end);
      return p !== 0 && varint >= 0 && varint < <i64>load<u32>(shape, 4) ? p : 0;
    case Kind.ARRAY:
    case Kind.MAP:
      return skipItems(shape, p, end, depth);
    case Kind.UNION: {
      p = readVarint(p, end);
      if (p === 0 || varint < 0 || varint >= <i64>load<u32>(shape, 4)) return 0;
      return skipValue(load<u32>(shape + (<usize>varint << 2), 8), p, end, depth + 1);
    }
    case Kind.RECORD: {
      const count: usize = load<u32>(shape, 4);
      for (let i: usize = 0; i < count; i++) {
        p = skipPart(load<u32>(shape + (i << 2), 8), p, end, depth + 1);
        if (p === 0) return 0;
      }
      return p;
    }
    default:
      return 0;
  }
}

function skipItems(shape: usize, p: usize, end: usize, depth: i32): usize {
  const isMap = load<u32>(shape) === Kind.MAP;
  const items = load<u32>(shape, 4);
  while (true) {
    p = readVarint(p, end);
    if (p === 0 || varint === i64.MIN_VALUE) return 0;
    let count = varint;
    if (count === 0) return p;
    if (count < 0) {
      count = -count;
      p = readVarint(p, end);
      if (p === 0 || varint < 0) return 0;
    }
    for (; count > 0; count--) {
      if (isMap) {
        p = skipBytes(p, end);
        if (p === 0) return 0;
      }
      p = skipPart(items, p, end, depth + 1);
      if (p === 0) return 0;
    }
  }
}
