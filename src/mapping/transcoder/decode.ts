import { isUtf8 } from 'node:buffer';
import type { Field, Shape } from './shape.ts';

/** A place in a block, and what was met on the way. */
export interface Cursor {
  bytes: Uint8Array;
  at: number;
  invalidTexts: number;
  /** How many more values that take no bytes are let pass: a few bytes can claim any number of them. */
  empties: number;
}

/** The bytes do not follow the writer schema. */
export class MalformedRecord extends Error {}

const MAX_DEPTH = 256;

/** Decodes a record by its writer schema: plain, slow, any schema. Throws MalformedRecord. */
export function decodeRecord(fields: readonly Field[], cursor: Cursor): Record<string, unknown> {
  return decodeFields(fields, cursor, 0);
}

function decodeFields(
  fields: readonly Field[],
  cursor: Cursor,
  depth: number,
): Record<string, unknown> {
  const record: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const field of fields) record[field.name] = decodePart(field.shape, cursor, depth);
  return record;
}

function decodePart(shape: Shape, cursor: Cursor, depth: number): unknown {
  const before = cursor.at;
  const value = decode(shape, cursor, depth);
  if (cursor.at === before && --cursor.empties < 0)
    throw new MalformedRecord('too many values that take no bytes');
  return value;
}

/** One value. A long beyond 2^53 is a `bigint`, bytes are a copy, a union gives the bare value of its branch. */
export function decode(shape: Shape, cursor: Cursor, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new MalformedRecord('nested too deep');
  switch (shape.kind) {
    case 'null':
      return null;
    case 'boolean': {
      const byte = take(cursor, 1)[0]!;
      if (byte > 1) throw new MalformedRecord('a boolean that is neither 0 nor 1');
      return byte === 1;
    }
    case 'int':
    case 'long':
      return readLong(cursor);
    case 'float':
      return view(take(cursor, 4)).getFloat32(0, true);
    case 'double':
      return view(take(cursor, 8)).getFloat64(0, true);
    case 'bytes':
      return new Uint8Array(take(cursor, readLength(cursor)));
    case 'fixed':
      return new Uint8Array(take(cursor, shape.size));
    case 'string':
      return readText(cursor);
    case 'enum': {
      const symbol = shape.symbols[Number(readLong(cursor))];
      if (symbol === undefined) throw new MalformedRecord('an enum index outside its symbols');
      return symbol;
    }
    case 'union': {
      const branch = shape.branches[Number(readLong(cursor))];
      if (branch === undefined) throw new MalformedRecord('a union index outside its branches');
      return decode(branch, cursor, depth + 1);
    }
    case 'record':
      return decodeFields(shape.fields, cursor, depth + 1);
    case 'array': {
      const list: unknown[] = [];
      readItems(cursor, () => list.push(decodePart(shape.items, cursor, depth + 1)));
      return list;
    }
    case 'map': {
      const map: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
      readItems(cursor, () => {
        const key = readText(cursor);
        map[key] = decode(shape.items, cursor, depth + 1);
      });
      return map;
    }
  }
}

function readItems(cursor: Cursor, item: () => void): void {
  for (;;) {
    let count = Number(readLong(cursor));
    if (count === 0) return;
    if (count < 0) {
      count = -count;
      readLength(cursor);
    }
    for (let i = 0; i < count; i++) item();
  }
}

function readText(cursor: Cursor): string {
  const bytes = take(cursor, readLength(cursor));
  if (!isUtf8(bytes)) cursor.invalidTexts++;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

function readLength(cursor: Cursor): number {
  const length = Number(readLong(cursor));
  if (length < 0) throw new MalformedRecord('a negative length');
  return length;
}

function take(cursor: Cursor, length: number): Uint8Array {
  const end = cursor.at + length;
  if (end > cursor.bytes.length)
    throw new MalformedRecord('a value reaches past the end of its block');
  const bytes = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return bytes;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A zigzag varint of up to 64 bits. */
export function readLong(cursor: Cursor): number | bigint {
  const { bytes } = cursor;
  let low = 0;
  let scale = 1;
  for (let i = 0; i < 7; i++) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) throw new MalformedRecord('a number reaches past the end of its block');
    low += (byte & 0x7f) * scale;
    if (byte < 0x80) return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
    scale *= 128;
  }
  let wide = BigInt(low);
  for (let shift = 49n; shift < 70n; shift += 7n) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) throw new MalformedRecord('a number reaches past the end of its block');
    wide |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) {
      const value = BigInt.asIntN(64, (wide >> 1n) ^ -(wide & 1n));
      const narrow = Number(value);
      return Number.isSafeInteger(narrow) ? narrow : value;
    }
  }
  throw new MalformedRecord('a number of more than 10 bytes');
}
