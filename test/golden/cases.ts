import { readdirSync, readFileSync } from 'node:fs';
import type { CatalogueEvent, Property } from '../../src/catalogue/catalogue.ts';
import { schemaFields } from '../support/writer-schemas.ts';

/** One type's golden file: a source record, and the event that it must become. */
export interface Golden {
  readonly type: string;
  readonly record: Readonly<Record<string, unknown>>;
  readonly event: {
    readonly event: string;
    readonly properties: Readonly<Record<string, unknown>>;
  };
}

export interface GoldenField {
  readonly name: string;
  readonly type: unknown;
}

const FOLDER = new URL('./events/', import.meta.url);

export function goldenPath(type: string): URL {
  return new URL(`${type}.json`, FOLDER);
}

export function readGolden(type: string): Golden {
  return JSON.parse(readFileSync(goldenPath(type), 'utf8')) as Golden;
}

export function goldenTypes(): string[] {
  return readdirSync(FOLDER).map((name) => name.replace(/\.json$/, ''));
}

/** The fields of a type: those of the real writer schema, then those that only the catalogue knows. */
export function fieldsOf(event: CatalogueEvent): GoldenField[] {
  const known = schemaFields(event.type);
  const names = new Set(known.map(({ name }) => name));
  const missing = event.properties.filter(({ field }) => field !== null && !names.has(field));
  return [
    ...known,
    ...missing.map((property) => ({ name: property.field!, type: avroTypeOf(property) })),
  ];
}

function avroTypeOf({ type, field, required }: Property): unknown {
  const plain = type === 'array<string>' ? { type: 'array', items: 'string' } : type;
  return required && field !== null ? plain : ['null', plain];
}

/** A record of a type in which every field carries a value that can be told from all others. */
export function recordOf(event: CatalogueEvent): Record<string, unknown> {
  return Object.fromEntries(fieldsOf(event).map((field) => [field.name, valueOf(field, event)]));
}

function valueOf({ name, type }: GoldenField, event: CatalogueEvent): unknown {
  if (name === 'id') return '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
  if (name === 'time') return 1_780_000_000;
  if (name === event.dynamic?.field)
    return '{"color":"red","size":42,"price":9.5,"new":true,"tags":["a","b"]}';
  const plain = Array.isArray(type) ? type.find((each) => each !== 'null') : type;
  switch (typeof plain === 'object' ? 'array' : plain) {
    case 'int':
      return name.length;
    case 'long':
      return 1_780_000_000_123;
    case 'float':
      // As a reader widens the 32-bit float nearest to 3.14.
      return 3.140000104904175;
    case 'double':
      return 2.5;
    case 'boolean':
      return true;
    case 'array':
      return [`${name} 1`, `${name} 2`];
    default:
      return `the ${name}`;
  }
}
