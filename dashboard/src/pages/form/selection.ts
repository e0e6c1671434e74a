import type { EventType } from '../../api.ts';

/**
 * Whether a type is selected by one of the patterns, as the service reads them: a `*` at the end stands for anything
 * below, elsewhere for one part.
 */
export function matcherOf(patterns: readonly string[]): (type: string) => boolean {
  const tests = patterns.map((pattern) => {
    const parts = pattern
      .split('*')
      .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`));
    const last = parts.pop()!;
    const head = parts.join('[^.]*');
    if (parts.length === 0) return new RegExp(`^${last}$`);
    return new RegExp(last === '' ? `^${head}.*$` : `^${head}[^.]*${last}$`);
  });
  return (type) => tests.some((test) => test.test(type));
}

export function selectedBy(patterns: readonly string[], types: readonly string[]): Set<string> {
  return new Set(types.filter(matcherOf(patterns)));
}

/**
 * The patterns that select these types and no others. All of them is `*`. Wildcards that stood there before stay as
 * long as everything below them is selected, since they also stand for types that are yet to come.
 */
export function patternsFor(
  selected: ReadonlySet<string>,
  types: readonly string[],
  before: readonly string[],
): string[] {
  if (types.every((type) => selected.has(type))) return ['*'];
  const kept = before.filter((pattern) => {
    if (!pattern.includes('*')) return !types.includes(pattern) || selected.has(pattern);
    const below = types.filter(matcherOf([pattern]));
    return below.length === 0 ? pattern !== '*' : below.every((type) => selected.has(type));
  });
  const isCovered = matcherOf(kept);
  return [...kept, ...types.filter((type) => selected.has(type) && !isCovered(type))];
}

export interface Group {
  readonly channel: string;
  readonly events: readonly EventType[];
}

/** By channel, in order of name. */
export function byChannel(events: readonly EventType[]): Group[] {
  const groups = new Map<string, EventType[]>();
  for (const event of events) {
    const channel = event.channel ?? 'other';
    groups.set(channel, [...(groups.get(channel) ?? []), event]);
  }
  return [...groups]
    .map(([channel, each]) => ({ channel, events: each }))
    .toSorted((a, b) => a.channel.localeCompare(b.channel));
}

/** Whether an event is what a person looks for: each word is somewhere in its names or its description. */
export function isFound(event: EventType, search: string): boolean {
  const text =
    `${event.type} ${event.event ?? ''} ${event.label} ${event.channel ?? ''} ${event.description}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** How much the selected types bring, by the figures of a sample. */
export function volumeOf(
  perDay: ReadonlyMap<string, number>,
  selected: ReadonlySet<string>,
): { readonly perMonth: number; readonly share: number } {
  let all = 0;
  let some = 0;
  for (const [type, n] of perDay) {
    all += n;
    if (selected.has(type)) some += n;
  }
  return { perMonth: Math.round(some * 30), share: all === 0 ? 0 : some / all };
}
