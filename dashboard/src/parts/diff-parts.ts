import type { Change, Json } from '../api.ts';

/** What of a value is no longer there, and what is new. Lists are compared by their entries. */
export function partsOf(change: Change): { readonly gone: string[]; readonly come: string[] } {
  const before = entriesOf(change.before);
  const after = entriesOf(change.after);
  return {
    gone: before.filter((each) => !after.includes(each)),
    come: after.filter((each) => !before.includes(each)),
  };
}

function entriesOf(value: Json | undefined): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.map(textOf);
  return [textOf(value)];
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
