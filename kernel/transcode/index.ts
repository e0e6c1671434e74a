/** The transcoder's kernel: Currents records, as Avro stores them, to lines of Mixpanel JSON. */
import { BAIL, configure, cutTexts, emit, forgetCuts, SKIP } from './emit';
import { FIELD_BYTES, Kind, Optional } from './layout';
import { allowEmpties, skipBytes, skipPart, skipVarint } from './walk';

export { configure };

/** Everything is mapped that was asked for. */
const DONE: u32 = 0;
/** There is no room for the next record. */
const FULL: u32 = 1;
/** The next record is for the object mapper. */
const UNUSUAL: u32 = 2;

/** What {@link run} leaves: status, records passed, lines, skips, end of the lines, next record, its end, cut texts. */
const result = memory.data(32);
let top: usize = 0;

export function resultAt(): usize {
  return result;
}

/** So many values that take no bytes are believed of a block, besides one a byte; more would only cost time. */
const MAX_EMPTY_VALUES: u32 = 10_000;

/** Memory that is never given back; 16 bytes more than asked for may be read and written. */
export function allocate(bytes: usize): usize {
  if (top === 0) top = __heap_base;
  const at = (top + 15) & ~15;
  top = at + bytes + 16;
  const missing = <i32>top - (memory.size() << 16);
  if (missing > 0 && memory.grow((missing + 0xffff) >> 16) < 0) unreachable();
  return at;
}

/**
 * Steps over one record and notes where the value of each field begins, 0 for null.
 * Returns the place after the record, 0 when the bytes do not follow the schema.
 */
function walk(program: usize, p: usize, end: usize): usize {
  const last = <usize>load<u32>(program, 4) + <usize>load<u32>(program) * FIELD_BYTES;
  let at = <usize>load<u32>(program, 12);
  for (let field = <usize>load<u32>(program, 4); field < last; field += FIELD_BYTES, at += 4) {
    const optional = load<u32>(field);
    const shape = <usize>load<u32>(field, 4);
    if (optional !== Optional.NO) {
      if (p >= end) return 0;
      const branch: u32 = load<u8>(p++);
      const isNull = branch === (optional === Optional.NULL_FIRST ? 0 : 2);
      if (isNull) {
        store<u32>(at, 0);
        continue;
      }
      if (branch !== (optional === Optional.NULL_FIRST ? 2 : 0)) return 0;
    }
    const kind = load<u32>(shape);
    store<u32>(at, kind === Kind.NULL ? 0 : <u32>p);
    if (kind === Kind.BYTES) p = skipBytes(p, end);
    else if (kind === Kind.VARINT) p = skipVarint(p, end);
    else p = skipPart(shape, p, end, 0);
    if (p === 0) return 0;
  }
  return p;
}

/** Whether the bytes hold exactly `count` records, so that a block is proven sound before its first record is sent. */
export function holds(program: usize, p: usize, end: usize, count: u32): bool {
  const bytes = <u32>(end - p);
  // Records of no bytes are claimed as cheaply as values of none.
  if (count > bytes + MAX_EMPTY_VALUES) return false;
  allowEmpties(<i64>bytes + MAX_EMPTY_VALUES);
  for (; count > 0 && p !== 0; count--) p = walk(program, p, end);
  allowEmpties(i64.MAX_VALUE);
  return p === end;
}

/** Steps over `count` records. */
export function skip(program: usize, p: usize, end: usize, count: u32): usize {
  for (; count > 0; count--) p = walk(program, p, end);
  return p;
}

/**
 * Maps up to `count` records from `p` on into lines from `out` on, until `limit` or `lines` lines.
 * The number of each line's record, counted from 0, goes into `numbers`.
 */
export function run(
  program: usize,
  p: usize,
  end: usize,
  count: u32,
  out: usize,
  limit: usize,
  lines: u32,
  numbers: usize,
): void {
  const steps = load<u32>(program, 8);
  const at = load<u32>(program, 12);
  const room = load<u32>(program, 16);
  forgetCuts();
  let w = out;
  let written: u32 = 0;
  let skipped: u32 = 0;
  let passed: u32 = 0;
  let status = DONE;
  let next = p;
  for (; passed < count; passed++, p = next) {
    next = walk(program, p, end);
    const need = <u64>(next - p) * 6 + room;
    if (written === lines || <u64>w + need > limit) {
      status = FULL;
      break;
    }
    const after = emit(steps, at, end, w, limit - <usize>need);
    if (after === BAIL) {
      status = UNUSUAL;
      break;
    }
    if (after === SKIP) skipped++;
    else {
      store<u32>(numbers + (written << 2), passed);
      written++;
      w = after;
    }
  }
  store<u32>(result, status);
  store<u32>(result, passed, 4);
  store<u32>(result, written, 8);
  store<u32>(result, skipped, 12);
  store<u32>(result, <u32>w, 16);
  store<u32>(result, <u32>p, 20);
  store<u32>(result, <u32>next, 24);
  store<u32>(result, cutTexts, 28);
}
