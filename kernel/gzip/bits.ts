/** Writes bits, the lowest first, as DEFLATE wants them. */

let held: u64 = 0;
let count: u32 = 0;
let place: usize = 0;

export function startAt(at: usize): void {
  place = at;
}

export function resetBits(): void {
  held = 0;
  count = 0;
}

/** Adds up to 16 bits; {@link flush} before more than 56 have come together. */
@inline
export function put(bits: u64, n: u32): void {
  held |= bits << count;
  count += n;
}

/** Adds a code as buildCodes gives it. */
@inline
export function putCode(code: u32): void {
  put(code & 0xffff, code >> 16);
}

/** Moves whole bytes out; up to 7 bits stay. */
@inline
export function flush(): void {
  store<u64>(place, held);
  place += count >> 3;
  held >>= count & 0x38;
  count &= 7;
}

/** Where the bytes end that are out. */
export function writtenTo(): usize {
  return place;
}

/** Fills the last byte. */
export function finish(): usize {
  count = (count + 7) & ~7;
  flush();
  return place;
}
