import { hash } from 'node:crypto';

const HEX = Buffer.from('0123456789abcdef', 'latin1');
const scratch = Buffer.alloc(64);

export type Seed = readonly [number, number, number, number];

export function seedOf(text: string): Seed {
  const bytes = hash('sha256', text, 'buffer');
  return [bytes.readInt32LE(0), bytes.readInt32LE(4), bytes.readInt32LE(8), bytes.readInt32LE(12)];
}

function spread(word: number): number {
  let bits = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** Seeded pseudo-random numbers (xoshiro128**): the same seed gives the same row for ever. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  /** `index` tells apart the generators of one seed, cheaply. */
  constructor(seed: Seed, index = 0) {
    // Each word is spread over all 32 bits (the finalizer of MurmurHash3), so that neighbours differ.
    this.a = spread(seed[0] ^ index);
    this.b = spread(seed[1] + index);
    this.c = spread(seed[2] ^ Math.imul(index, 0x9e3779b1));
    this.d = spread(seed[3] - index) | 1;
  }

  /** 32 random bits, as a signed integer. */
  bits(): number {
    const scrambled = Math.imul(this.b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= shifted;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** From 0 to below 1. */
  unit(): number {
    return (this.bits() >>> 0) / 0x1_0000_0000;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.unit() * end);
  }

  /** A whole number from `min` to `max`, both possible. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True with a probability from 0 to 1. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new RangeError('nothing to pick from');
    return found;
  }

  /** `digits` lower-case hexadecimal digits, at most 64. */
  hex(digits: number): string {
    let bits = 0;
    for (let i = 0; i < digits; i++) {
      if (i % 8 === 0) bits = this.bits();
      scratch[i] = HEX[bits & 15]!;
      bits >>>= 4;
    }
    return scratch.toString('latin1', 0, digits);
  }

  /** A UUID of version 4. */
  uuid(): string {
    let bits = 0;
    let digit = 0;
    for (let i = 0; i < 36; i++) {
      if (i === 8 || i === 13 || i === 18 || i === 23) {
        scratch[i] = 0x2d;
        continue;
      }
      if (digit++ % 8 === 0) bits = this.bits();
      scratch[i] = HEX[i === 14 ? 4 : i === 19 ? 8 | (bits & 3) : bits & 15]!;
      bits >>>= 4;
    }
    return scratch.toString('latin1', 0, 36);
  }
}
