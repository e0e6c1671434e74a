/** What became of the records of one event type. `read` is counted apart from the outcomes, so that the sum can be checked. */
export interface TypeCounts {
  read: number;
  delivered: number;
  /** By reason. */
  skipped: Record<string, number>;
  deadLetters: number;
  /** Delivered, but with a value that had to be mended; by rule. Outside the balance. */
  adjusted: Record<string, number>;
  /** Fields that carry a value but have no place in the plan; by field name. Outside the balance. */
  newFields: Record<string, number>;
}

/** Counts by Currents type, for example `users.messages.email.Click`. */
export type Counts = Map<string, TypeCounts>;

export function emptyCounts(): TypeCounts {
  return {
    read: 0,
    delivered: 0,
    skipped: tally(),
    deadLetters: 0,
    adjusted: tally(),
    newFields: tally(),
  };
}

/** Without a prototype: a field called `constructor` or `__proto__` is counted like any other. */
function tally(): Record<string, number> {
  return Object.create(null) as Record<string, number>;
}

export function bump(into: Record<string, number>, key: string, by = 1): void {
  into[key] = (into[key] ?? 0) + by;
}

export function countsOf(counts: Counts, eventType: string): TypeCounts {
  let found = counts.get(eventType);
  if (!found) {
    found = emptyCounts();
    counts.set(eventType, found);
  }
  return found;
}

export function addTypeCounts(into: TypeCounts, from: TypeCounts): void {
  into.read += from.read;
  into.delivered += from.delivered;
  into.deadLetters += from.deadLetters;
  for (const [reason, n] of Object.entries(from.skipped)) bump(into.skipped, reason, n);
  for (const [rule, n] of Object.entries(from.adjusted)) bump(into.adjusted, rule, n);
  for (const [field, n] of Object.entries(from.newFields)) bump(into.newFields, field, n);
}

export function addCounts(into: Counts, from: Counts): void {
  for (const [eventType, counts] of from) addTypeCounts(countsOf(into, eventType), counts);
}

/** The sum over all event types. */
export function totalOf(counts: Counts): TypeCounts {
  const total = emptyCounts();
  for (const each of counts.values()) addTypeCounts(total, each);
  return total;
}

export function skippedOf(counts: TypeCounts): number {
  return Object.values(counts.skipped).reduce((sum, n) => sum + n, 0);
}

/** Whether read = delivered + skipped + dead letters, for every event type. */
export function isBalanced(counts: Counts): boolean {
  for (const each of counts.values()) {
    if (each.read !== each.delivered + skippedOf(each) + each.deadLetters) return false;
  }
  return true;
}
