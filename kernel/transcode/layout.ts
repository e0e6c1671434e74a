/**
 * How a program lies in memory; src/mapping/transcoder/program.ts writes it. Everything is 32-bit, little-endian.
 *
 * Program: number of fields, address of the fields, address of the steps, address of the offsets, bytes of room.
 * Field: how it is optional, address of its shape.
 * Shape: kind, then what the kind needs.
 * Step: operation, then its operands.
 */
export const FIELD_BYTES: usize = 8;
export const STEP_BYTES: usize = 32;

export namespace Optional {
  export const NO: u32 = 0;
  export const NULL_FIRST: u32 = 1;
  export const NULL_LAST: u32 = 2;
}

export namespace Kind {
  export const NULL: u32 = 0;
  export const BOOLEAN: u32 = 1;
  export const VARINT: u32 = 2;
  export const FLOAT: u32 = 3;
  export const DOUBLE: u32 = 4;
  export const BYTES: u32 = 5;
  /** Size. */
  export const FIXED: u32 = 6;
  /** Number of symbols. */
  export const ENUM: u32 = 7;
  /** Address of the items' shape. */
  export const ARRAY: u32 = 8;
  /** Address of the values' shape. */
  export const MAP: u32 = 9;
  /** Number of branches, addresses of their shapes. */
  export const UNION: u32 = 10;
  /** Number of fields, addresses of their shapes. */
  export const RECORD: u32 = 11;
}

export namespace Op {
  export const END: u32 = 0;
  /** Bytes: address, length. */
  export const LITERAL: u32 = 1;
  /** Field of external_user_id, field of user_id (-1: none), flags. */
  export const DISTINCT_ID: u32 = 2;
  /** Field. */
  export const INSERT_ID: u32 = 3;
  /** Field. */
  export const TIME: u32 = 4;
  /** For all that follow: field, then address and length of the key. */
  export const TEXT: u32 = 5;
  /** And which branch of the items is null; -1: none. */
  export const TEXTS: u32 = 6;
  export const INTEGER: u32 = 7;
  export const BOOLEAN: u32 = 8;
  /** And whether the shortest 32-bit decimal is wanted. */
  export const FLOAT: u32 = 9;
  export const DOUBLE: u32 = 10;
  /** The key comes with its value. */
  export const REMOVED: u32 = 11;
  export const HASHED: u32 = 12;
  /** Field, address and length of the prefix as it is written, number of the bag, properties beside it; plain or not. */
  export const BAG: u32 = 13;
  /** Field, bytes of the name before it. */
  export const NAME: u32 = 14;
  /** Field, address of the counter, kind. */
  export const NEW_FIELD: u32 = 15;
}

export namespace Identity {
  export const ANONYMOUS: u32 = 1;
  export const HASH_EXTERNAL: u32 = 2;
  export const HASH_USER: u32 = 4;
  export const ANY_CASE: u32 = 8;
}
