import type { Page } from './api.ts';

/**
 * The rows of several pages as one list. What changes between two page requests can bring a row twice: the one that
 * was fetched last stays, at the place of the first.
 */
export function rowsOf<T>(
  pages: readonly Page<T>[] | undefined,
  keyOf: (row: T) => string | number,
): T[] {
  const rows = new Map<string | number, T>();
  for (const page of pages ?? []) for (const row of page.items) rows.set(keyOf(row), row);
  return [...rows.values()];
}
