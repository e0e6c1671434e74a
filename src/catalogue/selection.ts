import { allEvents, storageOnlyEvents, unconfirmedEvents } from './event-types.ts';

/**
 * Whether a type is selected by one of the patterns: a type, or a wildcard. A `*` at the end stands for anything below
 * (`users.messages.email.*`), elsewhere for one part (`users.messages.*.Click`).
 */
export function selectEvents(patterns: readonly string[]): (type: string) => boolean {
  const tests = patterns.map(toRegExp);
  return (type) => tests.some((test) => test.test(type));
}

/** Patterns that select no known type, each with types that look alike. New types come, so this is no error. */
export function unknownPatterns(
  patterns: readonly string[],
): { pattern: string; similar: string[] }[] {
  const known = knownTypes();
  return patterns
    .filter((pattern) => !known.some(selectEvents([pattern])))
    .map((pattern) => ({ pattern, similar: similarTo(pattern, [...known, ...groupsOf(known)]) }));
}

/** `users.messages.email.*` and the like. */
function groupsOf(types: readonly string[]): string[] {
  return [...new Set(types.map((type) => `${type.slice(0, type.lastIndexOf('.'))}.*`))];
}

function knownTypes(): string[] {
  return [
    ...allEvents().map((event) => event.type),
    ...unconfirmedEvents().flatMap((event) => [event.type, ...(event.aliases ?? [])]),
    ...storageOnlyEvents().map((event) => event.type),
  ];
}

function toRegExp(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  const last = parts.pop()!;
  const head = parts.join('[^.]*');
  if (parts.length === 0) return new RegExp(`^${last}$`);
  return last === '' ? new RegExp(`^${head}.*$`) : new RegExp(`^${head}[^.]*${last}$`);
}

/** Up to three of the names that hardly differ from the one wanted, the nearest first. */
export function similarTo(name: string, names: readonly string[]): string[] {
  const wanted = name.toLowerCase();
  return names
    .map((each) => ({ each, distance: distanceBetween(wanted, each.toLowerCase()) }))
    .filter(({ each, distance }) => distance <= Math.max(3, each.length / 5))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ each }) => each);
}

/** How many letters must be added, removed or replaced to make one text the other. */
function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same));
    }
    row = next;
  }
  return row[b.length]!;
}
