import { z } from 'zod';

/** What is shown in place of a secret. */
export const HIDDEN = '***';

/**
 * A copy in which every value is hidden whose schema says `secret`. What the schema does not know is hidden too: a
 * field of another version may be one.
 */
export function redact(schema: z.core.$ZodType, value: unknown): unknown {
  if (value === undefined || value === null) return value;
  if (isSecret(schema)) return HIDDEN;
  const inner = innerOf(schema);
  if (inner) return redact(inner, value);
  if (schema instanceof z.ZodObject && isObject(value))
    return mapValues(value, (each, key) => {
      const field = (schema.shape as Record<string, z.core.$ZodType>)[key];
      return field ? redact(field, each) : HIDDEN;
    });
  if (schema instanceof z.ZodRecord && isObject(value))
    return mapValues(value, (each) => redact(schema.valueType, each));
  if (schema instanceof z.ZodArray && Array.isArray(value))
    return value.map((each: unknown) => redact(schema.element, each));
  if (schema instanceof z.ZodUnion) {
    const option =
      schema.options.find((each) => z.safeParse(each, value).success) ??
      schema.options.find((each) => isOfKind(each, value));
    if (option) return redact(option, value);
  }
  return holdsSecret(schema) || typeof value === 'object' ? HIDDEN : value;
}

/** Whether a value says that it is this choice of several, though it is not complete or not right yet. */
function isOfKind(schema: z.core.$ZodType, value: unknown): boolean {
  if (!(schema instanceof z.ZodObject) || !isObject(value)) return false;
  const kind = (schema.shape as Record<string, z.core.$ZodType>)['kind'];
  return kind !== undefined && z.safeParse(kind, value['kind']).success;
}

/** Every secret in a value, by its schema; for taking them out of texts that are shown. */
export function secretsOf(schema: z.core.$ZodType, value: unknown): string[] {
  return hiddenIn(value, redact(schema, value));
}

function hiddenIn(value: unknown, shown: unknown): string[] {
  if (shown === HIDDEN) return textsIn(value);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    hiddenIn(each, (shown as Record<string, unknown>)[key]),
  );
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function isSecret(schema: z.core.$ZodType): boolean {
  return z.globalRegistry.get(schema)?.['secret'] === true;
}

/** What a wrapper wraps. Secrecy may be said on either. */
function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  )
    return schema.unwrap();
  return schema instanceof z.ZodPipe ? schema.in : undefined;
}

function holdsSecret(schema: z.core.$ZodType): boolean {
  if (isSecret(schema)) return true;
  const inner = innerOf(schema);
  if (inner) return holdsSecret(inner);
  if (schema instanceof z.ZodObject) return Object.values(schema.shape).some(holdsSecret);
  if (schema instanceof z.ZodRecord) return holdsSecret(schema.valueType);
  if (schema instanceof z.ZodArray) return holdsSecret(schema.element);
  return schema instanceof z.ZodUnion && schema.options.some(holdsSecret);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapValues(
  value: Readonly<Record<string, unknown>>,
  to: (each: unknown, key: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, to(each, key)]));
}
