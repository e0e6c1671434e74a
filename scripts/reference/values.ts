import type { z } from 'zod';
import { code } from './markdown.ts';

export type Schema = z.core.JSONSchema.JSONSchema;

export function schemaOf(schema: Schema | boolean, place: string): Schema {
  if (typeof schema === 'boolean') throw new Error(`${place} has no schema`);
  return schema;
}

export function defaultOf({ default: value }: Schema): string {
  return value === undefined ? 'none' : code(JSON.stringify(value));
}

/** The values in words. Throws for what no setting has had yet, so that the page never says less than the schema. */
export function valuesOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((each) => code(String(each))).join(', ');
  if (schema.anyOf)
    return schema.anyOf.map((each) => valuesOf(schemaOf(each, 'a choice'))).join(', or ');
  switch (schema.type) {
    case 'string':
      return schema.maxLength === undefined
        ? 'a text'
        : `a text of at most ${schema.maxLength} characters`;
    case 'number':
      return `a number${boundsOf(schema)}`;
    case 'integer':
      return `a whole number${boundsOf(schema)}`;
    case 'boolean':
      return '`true` or `false`';
    case 'array':
      return `a list; each entry ${valuesOf(schemaOf(schema.items as Schema, 'a list'))}`;
    case 'object':
      return `by name: ${valuesOf(schemaOf(schema.additionalProperties!, 'a map'))}`;
    default:
      throw new Error(`no words for ${JSON.stringify(schema)}`);
  }
}

/** The largest whole number is no bound that anybody set. */
function boundsOf({ minimum, maximum }: Schema): string {
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER)
    return `, ${minimum} to ${maximum}`;
  return minimum === undefined ? '' : `, at least ${minimum}`;
}
