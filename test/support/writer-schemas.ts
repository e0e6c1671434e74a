import { SCHEMAS, writerSchema } from '../../src/sandbox/braze/schemas.ts';

export interface AvroField {
  readonly name: string;
  readonly type: unknown;
}

/** Fields of the real writer schema of a type; none when no sample of it was ever published. */
export function schemaFields(type: string): readonly AvroField[] {
  const found = SCHEMAS.get(type);
  return found ? (writerSchema(found, 'S3') as { fields: AvroField[] }).fields : [];
}

/** A record schema of the given fields, named as Braze names it. */
export function schemaOf(type: string, fields: readonly AvroField[]): unknown {
  const dot = type.lastIndexOf('.');
  return {
    type: 'record',
    name: type.slice(dot + 1),
    namespace: `dataexport.S3.inner.${type.slice(0, dot)}`,
    fields: fields.map(({ name, type: fieldType }) => ({ name, type: fieldType })),
  };
}
