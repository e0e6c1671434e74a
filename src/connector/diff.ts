import type { z } from 'zod';
import { joined } from './issues.ts';
import { HIDDEN, redact } from './redact.ts';

/** One setting that differs. `before` and `after` are JSON texts with secrets hidden; left out: it is not there. */
export interface FieldChange {
  readonly place: string;
  readonly before?: string;
  readonly after?: string;
  /** Both are hidden, and they differ. */
  readonly isSecret: boolean;
}

/** What differs between two values of a schema. */
export function fieldChanges(
  schema: z.core.$ZodType,
  before: unknown,
  after: unknown,
): FieldChange[] {
  const [was, is] = [leavesOf(before), leavesOf(after)];
  const [wasShown, isShown] = [leavesOf(redact(schema, before)), leavesOf(redact(schema, after))];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((key) => was.get(key) !== is.get(key))
    .map((key) => {
      const hidden = JSON.stringify(HIDDEN);
      const of = (all: ReadonlyMap<string, string>, own: ReadonlyMap<string, string>) =>
        // Where a whole branch is hidden, its leaves have no place of their own.
        own.has(key) ? (all.get(key) ?? hidden) : undefined;
      const [old, now] = [of(wasShown, was), of(isShown, is)];
      return {
        place: joined('', JSON.parse(key) as string[]),
        ...(old === undefined ? {} : { before: old }),
        ...(now === undefined ? {} : { after: now }),
        isSecret: old === hidden && now === hidden,
      };
    });
}

/** Path as JSON text → value as JSON text. A list is one value; an object without any is none. */
function leavesOf(value: unknown, path: readonly string[] = []): Map<string, string> {
  if (value === undefined) return new Map();
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map([[JSON.stringify(path), JSON.stringify(value)]]);
  return new Map(
    Object.entries(value).flatMap(([key, each]) => [...leavesOf(each, [...path, key])]),
  );
}
