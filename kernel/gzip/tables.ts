/** Length and distance codes of DEFLATE (RFC 1951, 3.2.5), looked up by length and by distance. */

/** For each length: its code, counted from 257. */
export const lengthCode = memory.data(259);
/** For each length: how far it is beyond the least of its code. */
export const lengthExtra = memory.data(259);
/** For each of the 29 length codes: how many bits that takes. */
export const lengthBits = memory.data(29);
/** Codes of the distances up to 256, then of every 128 distances. */
const distanceCodes = memory.data(512);
/** For each of the 30 distance codes: its least distance, and how many bits more. */
export const distanceBase = memory.data(30 * 2);
export const distanceBits = memory.data(30);

let isFilled: bool = false;

export function fillTables(): void {
  if (isFilled) return;
  isFilled = true;
  let length: u32 = 3;
  for (let code: u32 = 0; code < 28; code++) {
    const bits = code < 8 ? 0 : (code >> 2) - 1;
    store<u8>(lengthBits + code, bits);
    for (let extra: u32 = 0; extra < <u32>1 << bits && length < 258; extra++, length++) {
      store<u8>(lengthCode + length, code);
      store<u8>(lengthExtra + length, extra);
    }
  }
  store<u8>(lengthCode + 258, 28);
  let distance: u32 = 1;
  for (let code: u32 = 0; code < 30; code++) {
    const bits = code < 4 ? 0 : (code >> 1) - 1;
    store<u8>(distanceBits + code, bits);
    store<u16>(distanceBase + code * 2, <u16>distance);
    for (let i: u32 = 0; i < <u32>1 << bits; i++, distance++) {
      const at = distance <= 256 ? distance - 1 : 256 + ((distance - 1) >> 7);
      store<u8>(distanceCodes + at, code);
    }
  }
}

@inline
export function distanceCode(distance: u32): u32 {
  const d = <usize>distance - 1;
  return load<u8>(distanceCodes + (d < 256 ? d : 256 + (d >> 7)));
}
