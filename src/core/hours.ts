export const HOUR_MS = 3_600_000;

/** The UTC hour of an instant, as `YYYY-MM-DD-HH`: as Braze names folders. `at`: milliseconds since the epoch. */
export function hourOf(at: number): string {
  return new Date(at).toISOString().slice(0, 13).replace('T', '-');
}

/**
 * The start of an hour given as `YYYY-MM-DD-HH`, in milliseconds since the epoch. A name that is no hour, such as
 * `2026-02-30-24`, counts on from the start of its month.
 */
export function startOf(hour: string): number {
  const [year = 0, month = 1, day = 1, of = 0] = hour.split('-').map(Number);
  return Date.UTC(year, month - 1, day, of);
}

/** `hours` may be negative. */
export function addHours(hour: string, hours: number): string {
  return hourOf(startOf(hour) + hours * HOUR_MS);
}
