/** What the host does for the kernel: rare work that JavaScript already knows how to do. */

/** Writes a number as JSON does; `short`: the shortest decimal that reads back as the same 32-bit float. */
@external('host', 'number')
export declare function number(value: f64, short: u32, w: usize): usize;

/** Writes the 64 hex digits of a salted SHA-256 of valid UTF-8. */
@external('host', 'hash')
export declare function hash(p: usize, n: usize, w: usize): usize;

/** Writes the properties of an unusual bag. 0: leave the record to the object mapper. */
@external('host', 'bag')
export declare function bag(index: u32, p: usize, n: usize, w: usize, limit: usize): usize;

/** The record with the last bag was written: count what was mended in it. */
@external('host', 'keepBag')
export declare function keepBag(): void;

/** It was not. */
@external('host', 'dropBag')
export declare function dropBag(): void;
