import type { Connection } from '../api.ts';

/** Where a connection reads, in one line. */
export function placeOf({ source }: Pick<Connection, 'source'>): string {
  return [source.title, source.place].filter((each) => each !== '').join(' · ');
}
