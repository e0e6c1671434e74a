import type { BaseType, Field } from './schemas.ts';

/** A value of a field: what `avsc` would give back, but numbers of Avro `float` as they were before rounding. */
export type Value = string | number | boolean | null | readonly (string | null)[];

/** The largest length that takes one byte. */
const SHORT_TEXT = 63;

/** Bytes in the making: grows as needed, keeps its room when emptied. */
export class ByteSink {
  bytes: Buffer;
  length = 0;

  constructor(room = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(room);
  }

  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** What was written; valid until the next write. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }
}

/** Avro `int` and `long`: zigzag, 7 bits a byte. Exact for whole numbers up to 2^52. */
export function writeLong(sink: ByteSink, value: number): void {
  sink.reserve(10);
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  while (rest > 127) {
    sink.bytes[sink.length++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  sink.bytes[sink.length++] = rest;
}

/** Avro `string`: length in bytes, then UTF-8. */
export function writeString(sink: ByteSink, text: string): void {
  const { length } = text;
  if (length > SHORT_TEXT) {
    const size = Buffer.byteLength(text);
    writeLong(sink, size);
    sink.reserve(size);
    sink.length += sink.bytes.write(text, sink.length);
    return;
  }
  // Written behind one byte for the length, which nearly always is enough; moved by one if not.
  sink.reserve(length * 3 + 2);
  const { bytes, length: start } = sink;
  const size = bytes.write(text, start + 1);
  if (size <= SHORT_TEXT) {
    bytes[start] = size * 2;
    sink.length = start + 1 + size;
    return;
  }
  bytes.copyWithin(start + 2, start + 1, start + 1 + size);
  writeLong(sink, size);
  sink.length += size;
}

type Write = (sink: ByteSink, value: Value) => void;

const WRITERS: Readonly<Record<BaseType, Write>> = {
  string: (sink, value) => writeString(sink, value as string),
  int: (sink, value) => writeLong(sink, value as number),
  long: (sink, value) => writeLong(sink, value as number),
  float: (sink, value) => {
    sink.reserve(4);
    sink.length = sink.bytes.writeFloatLE(value as number, sink.length);
  },
  boolean: (sink, value) => writeByte(sink, value ? 1 : 0),
  'list<string>': (sink, value) => writeList(sink, value as readonly string[], false),
  'list<string?>': (sink, value) => writeList(sink, value as readonly (string | null)[], true),
};

function writeByte(sink: ByteSink, byte: number): void {
  sink.reserve(1);
  sink.bytes[sink.length++] = byte;
}

function writeList(sink: ByteSink, items: readonly (string | null)[], optional: boolean): void {
  if (items.length > 0) writeLong(sink, items.length);
  for (const item of items) {
    if (optional) writeByte(sink, item === null ? 0 : 2);
    if (item !== null) writeString(sink, item);
  }
  writeByte(sink, 0);
}

/** Writes the values of one record, in the order of the fields. */
export type WriteRecord = (sink: ByteSink, values: readonly Value[]) => void;

/** Compiles the encoder of one schema. Null in a field that is not optional throws TypeError. */
export function compileRecordWriter(fields: readonly Field[]): WriteRecord {
  const writers = fields.map(({ name, base, optional }): Write => {
    const write = WRITERS[base];
    if (!optional)
      return (sink, value) => {
        if (value === null) throw new TypeError(`the field ${name} can't be null`);
        write(sink, value);
      };
    return (sink, value) => {
      // The branch of the union: 0 for null, 1 for the type, both zigzag.
      if (value === null) return writeByte(sink, 0);
      writeByte(sink, 2);
      write(sink, value);
    };
  });
  return (sink, values) => {
    for (let i = 0; i < writers.length; i++) writers[i]!(sink, values[i]!);
  };
}
