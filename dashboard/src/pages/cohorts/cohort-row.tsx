import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { memo, type ReactNode } from 'react';
import type { Cohort, State } from '../../api.ts';
import { cohortQuery, sizesQuery } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Cell } from '../../parts/rows.tsx';
import { Sparkline } from '../../parts/sparkline.tsx';
import styles from './cohort-row.module.css';
import { sampled } from './sampled.ts';
import { standingOf } from './standing.ts';
import { StandingTag } from './standing-tag.tsx';

const DAYS_MS = 30 * 86_400_000;

/** One cohort in the list. What the list does not hold is asked for as it comes into sight. */
export const CohortRow = memo(function CohortRow({
  cohort,
  state,
  index,
}: {
  readonly cohort: Cohort;
  /** What its import is doing. */
  readonly state: State | undefined;
  readonly index: number;
}): ReactNode {
  const { t, format } = useI18n();
  const detail = useQuery(cohortQuery(cohort.id)).data;
  const sizes = useQuery(sizesQuery(cohort.id)).data?.items ?? [];
  // The newer of the two: the list is asked for less often.
  const now = detail ?? cohort;
  const standing = standingOf(now, detail?.state ?? state, detail?.lastSync);
  const to = Date.now();
  return (
    <div className={`row link ${styles['row']}`} role="row" aria-rowindex={index + 2}>
      <div role="cell" className={styles['name']}>
        <Link to="/cohorts/$id" params={{ id: String(now.id) }} className={styles['link']}>
          {now.name}
        </Link>
        <Text size="xs" c="dimmed" className="clip">
          <span className="mono">{now.cohortId}</span> · {now.import}
        </Text>
      </div>
      <div role="cell" className={styles['state']}>
        <StandingTag standing={standing} />
        {'why' in standing && standing.why !== undefined && (
          <Text size="xs" c="dimmed" mt={3} lineClamp={2}>
            {standing.why}
          </Text>
        )}
      </div>
      <div role="cell" className={styles['size']}>
        <Sparkline values={sampled(sizes, 24, to - DAYS_MS, to)} width={80} />
        <span className="num">
          {format.compact(now.members)}
          <span className={styles['unit']}> {t('cohorts.members')}</span>
        </span>
      </div>
      <Cell end label={t('cohorts.inBraze')}>
        <span className="num" title={format.number(now.inBraze)}>
          {format.compact(now.inBraze)}
        </span>
      </Cell>
      <Cell end label={t('cohorts.pending')}>
        <Pending adds={now.pendingAdds} removes={now.pendingRemoves} />
      </Cell>
      <Cell end label={t('cohorts.unmatched')}>
        <span className={now.unmatched === 0 ? 'num dim' : 'num tone-warn tone-text'}>
          {format.compact(now.unmatched)}
        </span>
      </Cell>
      <Cell end label={t('cohorts.lastSync')}>
        <span className="num" title={format.dateTime(now.receivedAt)}>
          {format.ago(now.receivedAt)}
        </span>
      </Cell>
    </div>
  );
});

export function Pending({
  adds,
  removes,
  isExact = false,
}: {
  readonly adds: number;
  readonly removes: number;
  readonly isExact?: boolean;
}): ReactNode {
  const { format } = useI18n();
  const words = isExact ? format.number : format.compact;
  if (adds + removes === 0) return <span className="num dim">0</span>;
  return (
    <span className="num">
      {adds > 0 && <span className="tone-ok tone-text">+{words(adds)}</span>}
      {adds > 0 && removes > 0 && ' '}
      {removes > 0 && <span className="tone-bad tone-text">−{words(removes)}</span>}
    </span>
  );
}
