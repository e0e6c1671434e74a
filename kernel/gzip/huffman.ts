/** Huffman codes of limited length from counts, in the canonical form of RFC 1951, 3.2.2. */

const MAX_SYMBOLS: u32 = 288;
/** Symbols that occur, by rising count: count and symbol of each. */
const sorted = memory.data(288 * 8);
const depths = memory.data(288 * 4);
const perLength = memory.data(64 * 4);
const nextCode = memory.data(64 * 4);

/**
 * From `counts` (u32 each) makes `lengths` (u8 each, 0 where a symbol does not occur) and `codes`: for each symbol
 * a u32, its bits in the order in which they are written, and its length in the upper half.
 */
export function buildCodes(
  counts: usize,
  symbols: u32,
  limit: u32,
  lengths: usize,
  codes: usize,
): void {
  memory.fill(lengths, 0, symbols);
  let n: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<u32>(counts + (symbol << 2));
    if (count === 0) continue;
    let at = n++;
    for (; at > 0 && load<u32>(sorted + ((at - 1) << 3)) > count; at--)
      store<u64>(sorted + (at << 3), load<u64>(sorted + ((at - 1) << 3)));
    store<u32>(sorted + (at << 3), count);
    store<u32>(sorted + (at << 3), symbol, 4);
  }
  if (n === 0) return;
  memory.fill(perLength, 0, 64 * 4);
  if (n === 1) store<u32>(perLength, 1, 4);
  else {
    findDepths(n);
    limitDepths(n, limit);
  }

  // The rarest get the longest codes.
  let length = limit;
  let left = load<u32>(perLength + (length << 2));
  for (let i: u32 = 0; i < n; i++) {
    while (left === 0) left = load<u32>(perLength + (--length << 2));
    left--;
    store<u8>(lengths + load<u32>(sorted + (i << 3), 4), length);
  }

  let code: u32 = 0;
  for (let bits: u32 = 1; bits <= limit; bits++) {
    code = (code + (bits === 1 ? 0 : load<u32>(perLength + ((bits - 1) << 2)))) << 1;
    store<u32>(nextCode + (bits << 2), code);
  }
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const bits: u32 = load<u8>(lengths + symbol);
    if (bits === 0) continue;
    const plain = load<u32>(nextCode + (bits << 2));
    store<u32>(nextCode + (bits << 2), plain + 1);
    store<u32>(codes + (symbol << 2), reversed(plain, bits) | (bits << 16));
  }
}

/** Depth of each leaf of the Huffman tree over the sorted counts, in place and in two sweeps (Moffat and Katajainen). */
function findDepths(n: u32): void {
  const a = (i: i32): usize => depths + (<usize>i << 2);
  for (let i: u32 = 0; i < n; i++) store<u32>(a(i), load<u32>(sorted + (i << 3)));
  const last = <i32>n - 1;
  store<u32>(a(0), load<u32>(a(0)) + load<u32>(a(1)));
  let root: i32 = 0;
  let leaf: i32 = 2;
  for (let next: i32 = 1; next < last; next++) {
    let sum: u32 = 0;
    for (let half = 0; half < 2; half++) {
      const hasRoot = root < next;
      const takesRoot = leaf > last || (hasRoot && load<u32>(a(root)) < load<u32>(a(leaf)));
      if (takesRoot) {
        sum += load<u32>(a(root));
        store<u32>(a(root++), next);
      } else sum += load<u32>(a(leaf++));
    }
    store<u32>(a(next), sum);
  }
  store<u32>(a(last - 1), 0);
  for (let next = last - 2; next >= 0; next--)
    store<u32>(a(next), load<u32>(a(load<u32>(a(next)))) + 1);

  let available: i32 = 1;
  let depth: u32 = 0;
  let next = last;
  root = last - 1;
  while (available > 0) {
    let inner: i32 = 0;
    while (root >= 0 && load<u32>(a(root)) === depth) {
      inner++;
      root--;
    }
    for (; available > inner; available--) store<u32>(a(next--), depth);
    available = 2 * inner;
    depth++;
  }
}

/** Counts the leaves by depth, none deeper than the limit, and keeps the code complete. */
function limitDepths(n: u32, limit: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = perLength + (min(load<u32>(depths + (i << 2)), limit) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  let total: u32 = 0;
  for (let i: u32 = 1; i <= limit; i++) total += load<u32>(perLength + (i << 2)) << (limit - i);
  for (; total > <u32>1 << limit; total--) {
    const deepest = perLength + (limit << 2);
    store<u32>(deepest, load<u32>(deepest) - 1);
    for (let i = limit - 1; i > 0; i--) {
      const at = perLength + (i << 2);
      if (load<u32>(at) === 0) continue;
      store<u32>(at, load<u32>(at) - 1);
      store<u32>(at, load<u32>(at, 4) + 2, 4);
      break;
    }
  }
}

function reversed(code: u32, bits: u32): u32 {
  let out: u32 = 0;
  for (let i: u32 = 0; i < bits; i++) out |= ((code >> i) & 1) << (bits - 1 - i);
  return out;
}
