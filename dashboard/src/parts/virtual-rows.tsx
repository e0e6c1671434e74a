import { Loader } from '@mantine/core';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useI18n } from '../i18n/i18n.tsx';

interface VirtualRowsProps<T> {
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string | number;
  readonly row: (row: T, index: number) => ReactNode;
  /** Height of a row in pixels, until it is measured. */
  readonly estimate: number;
  readonly more?: { readonly has: boolean; readonly isLoading: boolean; load(): void };
}

/** Only the rows near the window are in the page, whatever their number. The next page is asked for before it is reached. */
export function VirtualRows<T>({
  rows,
  keyOf,
  row,
  estimate,
  more,
}: VirtualRowsProps<T>): ReactNode {
  const { t } = useI18n();
  const place = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const top = place.current?.getBoundingClientRect().top ?? 0;
    setMargin(top + window.scrollY);
  }, [rows.length]);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => estimate,
    overscan: 6,
    useFlushSync: false,
    scrollMargin: margin,
    getItemKey: (i) => keyOf(rows[i]!),
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  const { has = false, isLoading = false } = more ?? {};
  useEffect(() => {
    if (has && !isLoading && last >= rows.length - 20) more?.load();
  }, [has, isLoading, last, rows.length, more]);

  return (
    <div ref={place} role="rowgroup">
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="presentation">
        {items.map((item) => (
          <div
            key={item.key}
            ref={virtual.measureElement}
            data-index={item.index}
            role="presentation"
            style={{
              position: 'absolute',
              insetInline: 0,
              top: 0,
              transform: `translateY(${item.start - margin}px)`,
            }}
          >
            {row(rows[item.index]!, item.index)}
          </div>
        ))}
      </div>
      {isLoading && (
        <div style={{ padding: 12, textAlign: 'center' }} role="presentation">
          <Loader size="sm" aria-label={t('loading')} />
        </div>
      )}
    </div>
  );
}
