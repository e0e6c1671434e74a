import type { FigurePoint } from '../../api.ts';

/** What became of everything in a stretch of time. */
export function sumOf(points: readonly FigurePoint[]) {
  const sum = { read: 0, delivered: 0, skipped: 0, deadLetters: 0 };
  for (const each of points) {
    sum.read += each.read;
    sum.delivered += each.delivered;
    sum.skipped += each.skipped;
    sum.deadLetters += each.deadLetters;
  }
  return sum;
}
