import type { ReactNode } from 'react';

/** Bars of one height, oldest first. Decoration: the sum stands beside it. */
export function Sparkline({
  values,
  width = 120,
  height = 28,
}: {
  readonly values: readonly number[];
  readonly width?: number;
  readonly height?: number;
}): ReactNode {
  const top = Math.max(1, ...values);
  const step = width / Math.max(1, values.length);
  // One path for all: very many of these stand on a page.
  const bars = (isWanted: (value: number) => boolean, heightOf: (value: number) => number) =>
    values
      .map((value, i) =>
        isWanted(value)
          ? `M${(i * step + step / 2).toFixed(1)} ${height}v${(-heightOf(value)).toFixed(1)}`
          : '',
      )
      .join('');
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      aria-hidden
      style={{ display: 'block', maxWidth: '100%' }}
      strokeWidth={Math.max(1, step - 1.5)}
    >
      <path
        d={bars(
          (value) => value <= 0,
          () => 1.5,
        )}
        stroke="var(--s-border)"
      />
      <path
        d={bars(
          (value) => value > 0,
          (value) => Math.max(2.5, (value / top) * height),
        )}
        stroke="var(--s-accent)"
        opacity={0.85}
      />
    </svg>
  );
}
