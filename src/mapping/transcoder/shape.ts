import { SluiceError } from '../../core/errors.ts';

/** An Avro type, names resolved. Recursive types make the graph cyclic. */
export type Shape =
  | { readonly kind: 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string' }
  | { readonly kind: 'fixed'; readonly size: number }
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | { readonly kind: 'array' | 'map'; items: Shape }
  | { readonly kind: 'union'; readonly branches: readonly Shape[] }
  | { readonly kind: 'record'; readonly fields: Field[] };

export interface Field {
  readonly name: string;
  readonly shape: Shape;
}

const PRIMITIVES = new Set([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
]);

/** The fields of a writer schema. Throws SluiceError `unsupported_schema` when it is no record of Avro types. */
export function recordFields(schema: unknown): readonly Field[] {
  const shape = resolve(schema, new Map(), '', 0);
  if (shape.kind !== 'record') throw unsupported('it is not a record');
  return shape.fields;
}

/** Types nested deeper are no events, and recursion over them is not safe. */
const MAX_DEPTH = 200;

function resolve(
  schema: unknown,
  named: Map<string, Shape>,
  namespace: string,
  depth: number,
): Shape {
  if (depth > MAX_DEPTH) throw unsupported(`its types nest more than ${MAX_DEPTH} levels deep`);
  if (typeof schema === 'string') {
    if (PRIMITIVES.has(schema)) return { kind: schema } as Shape;
    const found = named.get(`${namespace}.${schema}`) ?? named.get(schema);
    if (!found) throw unsupported(`the type ${JSON.stringify(schema)} is not defined`);
    return found;
  }
  if (Array.isArray(schema))
    return {
      kind: 'union',
      branches: schema.map((each) => resolve(each, named, namespace, depth + 1)),
    };
  if (typeof schema !== 'object' || schema === null) throw unsupported('a type is missing');

  const type = schema as Record<string, unknown>;
  const space = namespaceOf(type) ?? namespace;
  const remember = (shape: Shape): Shape => {
    const name = type['name'];
    if (typeof name !== 'string')
      throw unsupported(`a type of kind ${String(type['type'])} has no name`);
    named.set(name, shape);
    if (!name.includes('.') && space) named.set(`${space}.${name}`, shape);
    return shape;
  };
  switch (type['type']) {
    case 'record':
    case 'error': {
      const fields: Field[] = [];
      const shape = remember({ kind: 'record', fields });
      if (!Array.isArray(type['fields'])) throw unsupported('a record has no fields');
      for (const field of type['fields'] as Record<string, unknown>[]) {
        if (typeof field?.['name'] !== 'string') throw unsupported('a field has no name');
        fields.push({
          name: field['name'],
          shape: resolve(field['type'], named, space, depth + 1),
        });
      }
      return shape;
    }
    case 'enum':
      if (!Array.isArray(type['symbols'])) throw unsupported('an enum has no symbols');
      return remember({ kind: 'enum', symbols: type['symbols'] as string[] });
    case 'fixed':
      if (!Number.isSafeInteger(type['size']) || (type['size'] as number) < 0)
        throw unsupported('a fixed type has no size');
      return remember({ kind: 'fixed', size: type['size'] as number });
    case 'array':
      return { kind: 'array', items: resolve(type['items'], named, space, depth + 1) };
    case 'map':
      return { kind: 'map', items: resolve(type['values'], named, space, depth + 1) };
    default:
      return resolve(type['type'], named, space, depth + 1);
  }
}

/** A union of null and one other type, as Avro writes optional fields. */
export function optionalOf(shape: Shape): { value: Shape; nullFirst: boolean } | undefined {
  if (shape.kind !== 'union' || shape.branches.length !== 2) return undefined;
  const [first, second] = shape.branches as [Shape, Shape];
  if (first.kind === 'null' && second.kind !== 'null') return { value: second, nullFirst: true };
  if (second.kind === 'null' && first.kind !== 'null') return { value: first, nullFirst: false };
  return undefined;
}

/** A name with dots brings its namespace along. */
function namespaceOf({ name, namespace }: Record<string, unknown>): string | undefined {
  if (typeof name === 'string' && name.includes('.')) return name.slice(0, name.lastIndexOf('.'));
  return typeof namespace === 'string' ? namespace : undefined;
}

function unsupported(why: string): SluiceError {
  return new SluiceError('unsupported_schema', `the writer schema can't be used: ${why}`, {
    hint: 'Only files that Currents wrote belong here: move it away, or fetch it again if it is one.',
  });
}
