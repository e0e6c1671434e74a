/** Words a slot: 128 bits of hash and the value plus one; 0 means that the slot is free. */
const WORDS = 5;

/**
 * A map from 128-bit hashes to 32-bit numbers, at 27 to 53 bytes an entry. A `Map` would take three times that and
 * end at 16 million entries.
 */
export class KeyTable {
  readonly maxEntries: number;
  size = 0;
  #slots: Uint32Array;
  #mask: number;

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
    this.#slots = new Uint32Array(1024 * WORDS);
    this.#mask = 1023;
  }

  /** Remembers the value of a hash. `full`: the hash is new and there is no room for it. */
  set(hash: Buffer, value: number): 'new' | 'replaced' | 'full' {
    let at = this.#find(hash);
    if (this.#slots[at + 4] !== 0) {
      this.#slots[at + 4] = value + 1;
      return 'replaced';
    }
    if (this.size >= this.maxEntries) return 'full';
    if (this.size * 3 >= (this.#mask + 1) * 2) {
      this.#grow();
      at = this.#find(hash);
    }
    for (let word = 0; word < 4; word++) this.#slots[at + word] = hash.readUInt32LE(word * 4);
    this.#slots[at + 4] = value + 1;
    this.size++;
    return 'new';
  }

  get(hash: Buffer): number | undefined {
    const found = this.#slots[this.#find(hash) + 4]!;
    return found === 0 ? undefined : found - 1;
  }

  clear(): void {
    this.size = 0;
    this.#slots = new Uint32Array(1024 * WORDS);
    this.#mask = 1023;
  }

  /** Where the slot of a hash starts, or the free slot in which it would be. */
  #find(hash: Buffer): number {
    const a = hash.readUInt32LE(0);
    const b = hash.readUInt32LE(4);
    const c = hash.readUInt32LE(8);
    const d = hash.readUInt32LE(12);
    const slots = this.#slots;
    let slot = a & this.#mask;
    for (;;) {
      const at = slot * WORDS;
      if (slots[at + 4] === 0) return at;
      if (slots[at] === a && slots[at + 1] === b && slots[at + 2] === c && slots[at + 3] === d)
        return at;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const old = this.#slots;
    const slots = (this.#mask + 1) * 2;
    this.#slots = new Uint32Array(slots * WORDS);
    this.#mask = slots - 1;
    for (let from = 0; from < old.length; from += WORDS) {
      if (old[from + 4] === 0) continue;
      let slot = old[from]! & this.#mask;
      while (this.#slots[slot * WORDS + 4] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots.set(old.subarray(from, from + WORDS), slot * WORDS);
    }
  }
}
