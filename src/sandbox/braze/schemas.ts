import rows from './schemas.json' with { type: 'json' };

/** The types that occur in Currents writer schemas, without the union with null. */
export type BaseType =
  | 'string'
  | 'int'
  | 'long'
  | 'float'
  | 'boolean'
  | 'list<string>'
  | 'list<string?>';

export interface Field {
  readonly name: string;
  readonly base: BaseType;
  /** A union with null, null being the default. */
  readonly optional: boolean;
  /** Braze's mark of personal data. */
  readonly pii?: boolean;
}

export interface EventSchema {
  /** The Currents type, for example `users.messages.email.Click`. */
  readonly type: string;
  /** In the order in which they are written. */
  readonly fields: readonly Field[];
}

/**
 * The writer schemas of Braze's public sample files, release 10 of Currents, by type and in order of type.
 * In `schemas.json` a `?` behind a type stands for a union with null, a `!` at the end for Braze's mark of personal data.
 */
export const SCHEMAS: ReadonlyMap<string, EventSchema> = new Map(
  Object.entries<Readonly<Record<string, string>>>(rows).map(([type, fields]) => [
    type,
    { type, fields: Object.entries(fields).map(([name, text]) => fieldOf(name, text)) },
  ]),
);

/** Every type there is, in order. */
export const ALL_TYPES: readonly string[] = [...SCHEMAS.keys()];

function fieldOf(name: string, text: string): Field {
  const pii = text.endsWith('!');
  const type = pii ? text.slice(0, -1) : text;
  const optional = type.endsWith('?');
  return { name, base: (optional ? type.slice(0, -1) : type) as BaseType, optional, pii };
}

/** The schema as it stands in the header of a file: `namespace` is `dataexport.<store>.inner.` and the type's front. */
export function writerSchema({ type, fields }: EventSchema, store: string): object {
  const dot = type.lastIndexOf('.');
  return {
    type: 'record',
    name: type.slice(dot + 1),
    namespace: `dataexport.${store}.inner.${type.slice(0, dot)}`,
    fields: fields.map(({ name, base, optional, pii = false }) => ({
      name,
      type: optional ? ['null', avroType(base)] : avroType(base),
      ...(pii && { pii: true }),
      ...(optional && { default: null }),
    })),
  };
}

function avroType(base: BaseType): unknown {
  if (base === 'list<string>') return { type: 'array', items: 'string' };
  if (base === 'list<string?>') return { type: 'array', items: ['null', 'string'] };
  return base;
}
