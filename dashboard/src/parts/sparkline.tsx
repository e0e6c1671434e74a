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
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      aria-hidden
      style={{ display: 'block', maxWidth: '100%' }}
    >
      {values.map((value, i) => {
        const tall = value === 0 ? 1.5 : Math.max(2.5, (value / top) * height);
        return (
          <rect
            key={i}
            x={i * step + 0.75}
            y={height - tall}
            width={Math.max(1, step - 1.5)}
            height={tall}
            rx={1.25}
            fill={value === 0 ? 'var(--s-border)' : 'var(--s-accent)'}
            opacity={value === 0 ? 1 : 0.85}
          />
        );
      })}
    </svg>
  );
}
