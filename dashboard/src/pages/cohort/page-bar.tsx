import type { ReactNode } from 'react';
import type { CohortSync } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { countPages } from '../cohorts/standing.ts';
import styles from './page-bar.module.css';

/** Up to this many pages each is a square of its own; more are drawn as stretches of a bar. */
const MOST_SQUARES = 60;

/** Which pages of a sync are in. */
export function PageBar({ sync }: { readonly sync: CohortSync }): ReactNode {
  const { t } = useI18n();
  const { pages, pagesIn } = sync;
  const label = t('sync.pagesIn', { n: countPages(sync), of: pages, which: rangesOf(pagesIn) });
  if (pages <= MOST_SQUARES)
    return (
      <div className={styles['squares']} role="img" aria-label={label}>
        {Array.from({ length: pages }, (_, i) => (
          <span
            key={i}
            data-in={pagesIn.some(([from = 0, to = 0]) => i + 1 >= from && i + 1 <= to)}
          />
        ))}
      </div>
    );
  return (
    <div className={styles['bar']} role="img" aria-label={label}>
      {pagesIn.map(([from = 1, to = 1]) => (
        <span
          key={from}
          style={{
            left: `${((from - 1) / pages) * 100}%`,
            width: `${((to - from + 1) / pages) * 100}%`,
          }}
        />
      ))}
    </div>
  );
}

const FEW = 5;

/** `1–4, 6`; of very many, the first few. */
export function rangesOf(ranges: CohortSync['pagesIn']): string {
  if (ranges.length === 0) return '–';
  const words = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  return words.length > FEW ? `${words.slice(0, FEW).join(', ')}, …` : words.join(', ');
}
