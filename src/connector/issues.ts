import type { z } from 'zod';

/** One place that is wrong, with dots between the levels: `source.bucket`. Empty for the whole. */
export interface Wrong {
  readonly place: string;
  readonly message: string;
}

/** What zod found, in words and without the values. Of a choice, what is wrong with its likeliest branch. */
export function wrongPlaces(error: z.ZodError): Wrong[] {
  return error.issues.flatMap((issue) => placesOf(issue, ''));
}

export function inWords(wrong: readonly Wrong[], whole: string): string {
  return wrong.map(({ place, message }) => `${place || whole}: ${message}`).join('; ');
}

function placesOf(issue: z.core.$ZodIssue, above: string): Wrong[] {
  const place = joined(above, issue.path);
  if (issue.code !== 'invalid_union' || issue.errors.length === 0)
    return [{ place, message: worded(issue) }];
  const depth = (branch: readonly z.core.$ZodIssue[]): number =>
    Math.max(0, ...branch.map(({ path }) => path.length));
  const [likeliest] = issue.errors.toSorted((a, b) => depth(b) - depth(a));
  return likeliest!.flatMap((each) => placesOf(each, place));
}

function worded({ code, message }: z.core.$ZodIssue): string {
  const isNumber = code === 'invalid_type' && message.endsWith('expected string, received number');
  // An id or a token of digits alone; as a number it may have lost some.
  return isNumber ? 'this is a text: put it in quotes' : message;
}

/** A place below another: `connections[0]` and `name` give `connections[0].name`. */
export function joined(above: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((place, key) => {
    if (typeof key === 'number') return `${place}[${key}]`;
    return place === '' ? String(key) : `${place}.${String(key)}`;
  }, above);
}
