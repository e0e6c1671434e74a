import { z } from 'zod';
import { problem } from '../problem.ts';

const MOST = 200;

export const isoTime = z.iso.datetime().describe('ISO 8601, UTC');

export function iso(at: number): string {
  return new Date(at).toISOString();
}

export function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}

const cursor = z.string().max(500).optional().describe('`next` of the page before');

/** Query of a list that comes in pages. */
export const paging = z.object({
  cursor,
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(MOST)
    .default(50)
    .describe(`Items a page, at most ${MOST}`),
});

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('`cursor` of the next page; null: this is the last'),
  });
}

export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item) });
}

/** Headers of a change. */
export const ifMatch = z.object({
  'if-match': z.string().optional().describe('The ETag that was read'),
});

export function etagOf(revision: number): string {
  return `"${revision}"`;
}

/** Throws Problem 428 without one. */
export function revisionFrom(header: string | undefined): number {
  if (header === undefined)
    throw problem(428, 'precondition_required', 'If-Match is missing', {
      hint: 'Send the ETag that it was read with.',
    });
  const found = /^\s*(?:W\/)?"(\d+)"\s*$/.exec(header)?.[1];
  if (found === undefined)
    throw problem(412, 'conflict', 'If-Match holds no ETag of this service', {
      hint: 'Send the ETag that it was read with.',
    });
  return Number(found);
}

/** No body. */
export const nothing = z.undefined().describe('Done; nothing to say');

function sealCursor(key: string | number): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

function wrongCursor() {
  return problem(422, 'invalid', 'cursor: it is none that an answer gave', {
    fields: [{ path: 'cursor', message: 'is none that an answer gave' }],
  });
}

function openCursor(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    throw wrongCursor();
  }
}

/** The key of a list by name. Throws Problem. */
export function nameAfter(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const key = openCursor(text);
  if (typeof key === 'string') return key;
  throw wrongCursor();
}

/** The key of a list by id. Throws Problem. */
export function idBefore(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const key = openCursor(text);
  if (Number.isSafeInteger(key)) return key as number;
  throw wrongCursor();
}

/** A page of what was asked for with one more than its limit. */
export function paged<T>(
  found: readonly T[],
  limit: number,
  keyOf: (item: T) => string | number,
): { items: readonly T[]; next: string | null } {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last ? sealCursor(keyOf(last)) : null };
}

/** A connection, or a part of one, as a person writes it: checked by the engine, once kept secrets are filled in. */
export function specBody(
  schema: 'Connection' | 'Source' | 'Destination' | 'Settings' | 'CohortImport',
) {
  return z.record(z.string(), z.unknown()).meta({ 'x-schema': schema });
}

export const connectionName = z.object({
  name: z.string().min(1).max(64).describe('Name of the connection'),
});

export const skippedBy = z
  .record(z.string(), z.number())
  .describe('Not sent on purpose, by reason');

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string().describe('The status in words'),
    status: z.number().int(),
    code: z.string().describe('Stable; what to tell cases apart by'),
    detail: z.string().describe('What is wrong, for a person'),
    hint: z.string().optional().describe('What to do'),
    fields: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe('Of what was sent, the places that are wrong'),
  })
  .describe('RFC 9457');
