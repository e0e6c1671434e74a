import type { ReactNode } from 'react';

export interface RowsProps {
  readonly label: string;
  /** Widths of the columns, as CSS grid has them. */
  readonly columns: string;
  /** Widths where there is no room for those; two equal ones unless told. */
  readonly narrow?: string;
  /** Names of the columns; `end`: aligned to the right. */
  readonly heads: readonly (string | { readonly end: string })[];
  /** How many rows there are in all, when not all of them are in the page; -2 while nobody knows. */
  readonly count?: number;
  readonly children: ReactNode;
}

/** A table that becomes a list of cards where there is no room for columns. */
export function Rows({ label, columns, narrow, heads, count, children }: RowsProps): ReactNode {
  return (
    <div
      className="rows"
      role="table"
      aria-label={label}
      aria-rowcount={count === undefined ? undefined : count + 1}
      style={{ '--cols': columns, '--narrow': narrow } as React.CSSProperties}
    >
      <div role="rowgroup">
        <div className="row head" role="row">
          {heads.map((head, i) => (
            <div key={i} role="columnheader" className={typeof head === 'string' ? '' : 'end'}>
              {typeof head === 'string' ? head : head.end}
            </div>
          ))}
        </div>
      </div>
      {children}
    </div>
  );
}

export function Cell({
  label,
  end = false,
  wide = false,
  corner = false,
  children,
}: {
  /** Name of the column, shown where the columns are gone. */
  readonly label?: string;
  readonly end?: boolean;
  /** Takes the whole width where the columns are gone. */
  readonly wide?: boolean;
  /** Goes to the upper right where the columns are gone. */
  readonly corner?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div
      role="cell"
      className={[end && 'end', wide && 'wide', corner && 'corner'].filter(Boolean).join(' ')}
    >
      {label !== undefined && (
        <span className="label" aria-hidden>
          {label}
        </span>
      )}
      {children}
    </div>
  );
}
