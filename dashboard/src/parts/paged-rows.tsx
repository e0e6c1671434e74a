import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Page } from '../api.ts';
import { rowsOf } from '../pages-of.ts';
import { Empty, Loaded } from './basics.tsx';
import { Rows, type RowsProps } from './rows.tsx';
import { VirtualRows } from './virtual-rows.tsx';

interface PagedRowsProps<T> extends Omit<RowsProps, 'children'> {
  readonly query: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
  readonly keyOf: (row: T) => string | number;
  readonly row: (row: T, index: number) => ReactNode;
  /** Height of a row in pixels, until it is measured. */
  readonly estimate: number;
  /** What is said when there are no rows. */
  readonly empty: string;
}

/** A table whose pages are asked for as they are scrolled to. */
export function PagedRows<T>({
  query,
  keyOf,
  row,
  estimate,
  empty,
  ...table
}: PagedRowsProps<T>): ReactNode {
  return (
    <Loaded query={query} rows={5}>
      {({ pages }) => {
        const rows = rowsOf(pages, keyOf);
        if (rows.length === 0) return <Empty title={empty} />;
        // -2: how many there are is not known yet.
        return (
          <Rows count={query.hasNextPage ? -2 : rows.length} {...table}>
            <VirtualRows
              rows={rows}
              keyOf={keyOf}
              estimate={estimate}
              row={row}
              more={{
                has: query.hasNextPage,
                isLoading: query.isFetchingNextPage,
                load: () => void query.fetchNextPage(),
              }}
            />
          </Rows>
        );
      }}
    </Loaded>
  );
}
