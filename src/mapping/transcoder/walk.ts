import { decode, type Cursor, MalformedRecord } from './decode.ts';
import type { Field, Shape } from './shape.ts';

/**
 * Steps over one record that starts at `p` and notes in `at` where the value of each field begins, -1 for null.
 * Returns the place after the record, or -1 when the bytes do not follow the schema.
 */
export type Walk = (d: Uint8Array, p: number, at: Int32Array) => number;

/**
 * Generates the walk of a writer schema. Being a pass of its own, it proves a whole block sound before its
 * first byte is sent, and lets fields be written in any order afterwards.
 */
export function generateWalk(fields: readonly Field[]): Walk {
  const shapes = fields.map((field) => field.shape);
  const lines = fields.map((field, i) => walkField(field.shape, i));
  const source = `return function walk(d, p, at) {
${lines.join('\n')}
return p <= d.length ? p : -1;
}`;
  // oxlint-disable-next-line no-implied-eval, no-new-func -- the text is made of indexes and constants only
  const make = new Function('skipText', 'skipVarint', 'skipOther', 'shapes', source) as (
    ...helpers: unknown[]
  ) => Walk;
  return make(skipText, skipVarint, skipOther, shapes);
}

/** A union of null and one other type, as Avro writes optional fields. */
export function optionalOf(shape: Shape): { value: Shape; nullFirst: boolean } | undefined {
  if (shape.kind !== 'union' || shape.branches.length !== 2) return undefined;
  const [first, second] = shape.branches as [Shape, Shape];
  if (first.kind === 'null' && second.kind !== 'null') return { value: second, nullFirst: true };
  if (second.kind === 'null' && first.kind !== 'null') return { value: first, nullFirst: false };
  return undefined;
}

function walkField(shape: Shape, i: number): string {
  const optional = optionalOf(shape);
  if (!optional) return `at[${i}] = ${shape.kind === 'null' ? -1 : 'p'};\n${walkValue(shape, i)}`;
  const [none, some] = optional.nullFirst ? [0, 2] : [2, 0];
  return `if (d[p] === ${none}) { at[${i}] = -1; p++; }
else if (d[p] === ${some}) { at[${i}] = ++p; ${walkValue(optional.value, i)} }
else return -1;`;
}

function walkValue(shape: Shape, i: number): string {
  switch (shape.kind) {
    case 'null':
      return '';
    case 'boolean':
      return 'if (d[p++] > 1) return -1;';
    case 'int':
    case 'long':
      return 'if (d[p] < 128) p++; else if ((p = skipVarint(d, p)) < 0) return -1;';
    case 'float':
      return 'p += 4;';
    case 'double':
      return 'p += 8;';
    case 'bytes':
    case 'string':
      return 'if (d[p] < 128 && (d[p] & 1) === 0) p += 1 + (d[p] >> 1); else if ((p = skipText(d, p)) < 0) return -1;';
    case 'fixed':
      return `p += ${shape.size};`;
    case 'enum':
    case 'union':
    case 'record':
    case 'array':
    case 'map':
      return `if ((p = skipOther(shapes[${i}], d, at[${i}], ${shape.kind !== 'union'})) < 0) return -1;`;
  }
}

function skipVarint(d: Uint8Array, from: number): number {
  for (let p = from; p < from + 10 && p < d.length; p++) if (d[p]! < 128) return p + 1;
  return -1;
}

function skipText(d: Uint8Array, from: number): number {
  let length = 0;
  let scale = 1;
  for (let p = from; p < from + 5 && p < d.length; p++) {
    length += (d[p]! & 0x7f) * scale;
    if (d[p]! < 128) return length % 2 === 0 ? p + 1 + length / 2 : -1;
    scale *= 128;
  }
  return -1;
}

function skipOther(shape: Shape, d: Uint8Array, from: number, unwrap: boolean): number {
  const cursor: Cursor = { bytes: d, at: from, invalidTexts: 0 };
  const optional = unwrap ? optionalOf(shape) : undefined;
  try {
    decode(optional?.value ?? shape, cursor, 0);
    return cursor.at;
  } catch (error) {
    if (error instanceof MalformedRecord) return -1;
    throw error;
  }
}
