import type { CohortSize } from '../../api.ts';

/** Members at `n` instants, evenly spread until now: a size stands until the next is known. Nothing before the first. */
export function sampled(
  sizes: readonly CohortSize[],
  n: number,
  from: number,
  to: number,
): number[] {
  const step = (to - from) / n;
  const values: number[] = [];
  let next = 0;
  for (let i = 1; i <= n; i++) {
    while (next < sizes.length && Date.parse(sizes[next]!.at) <= from + i * step) next++;
    values.push(next === 0 ? 0 : sizes[next - 1]!.members);
  }
  return values;
}
