import { useElementSize } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { chipsOf, cut, HEIGHT, type Part } from './filter-chips.ts';

const PAD = 16;
const HEAD = 40;

/** The row that a person makes on Braze's page for segments: drawn, with the values of this very cohort. */
export function FilterPicture({
  title,
  parts,
  label,
}: {
  readonly title: string;
  readonly parts: readonly Part[];
  /** The same in words. */
  readonly label: string;
}): ReactNode {
  const { ref, width } = useElementSize();
  const { chips, height } = chipsOf(parts, Math.max(0, width - 2 * PAD));
  const total = HEAD + 2 * PAD + height;
  return (
    <div ref={ref} style={{ maxWidth: 860 }}>
      {width > 0 && (
        <svg
          role="img"
          aria-label={label}
          width={width}
          height={total}
          viewBox={`0 0 ${width} ${total}`}
          style={{ display: 'block' }}
          fontFamily="inherit"
          fontSize={13}
        >
          <rect
            x={0.5}
            y={0.5}
            width={width - 1}
            height={total - 1}
            rx={10}
            fill="var(--s-subtle)"
            stroke="var(--mantine-color-default-border)"
          />
          <path d={`M0 ${HEAD + 0.5}H${width}`} stroke="var(--s-border)" />
          {[0, 1, 2].map((i) => (
            <circle key={i} cx={18 + i * 13} cy={HEAD / 2} r={4} fill="var(--s-chart-mute)" />
          ))}
          <text x={62} y={HEAD / 2 + 4.5} fontWeight={600} fill="var(--mantine-color-text)">
            {cut(title, width - 62 - PAD)}
          </text>
          <g transform={`translate(${PAD} ${HEAD + PAD})`}>
            {chips.map(({ label: name, text, x, y, width: wide }, i) => (
              <g key={name} transform={`translate(${x} ${y})`}>
                <text y={11} fontSize={11} fill="var(--mantine-color-dimmed)">
                  {cut(name, wide)}
                </text>
                <rect
                  x={0.5}
                  y={18.5}
                  width={wide - 1}
                  height={HEIGHT - 19}
                  rx={7}
                  fill={i === 0 ? 'var(--mantine-color-body)' : 'var(--s-accent-soft)'}
                  stroke={i === 0 ? 'var(--mantine-color-default-border)' : 'var(--s-accent)'}
                />
                <text
                  x={12}
                  y={18 + (HEIGHT - 18) / 2 + 4.5}
                  fontWeight={i === 0 ? 500 : 600}
                  fill={i === 0 ? 'var(--mantine-color-text)' : 'var(--s-accent)'}
                >
                  {cut(text, wide - 40)}
                </text>
                <path
                  d={`M${wide - 22} ${18 + (HEIGHT - 18) / 2 - 2}l5 5l5 -5`}
                  fill="none"
                  stroke="var(--mantine-color-dimmed)"
                  strokeWidth={1.5}
                />
              </g>
            ))}
          </g>
        </svg>
      )}
    </div>
  );
}
