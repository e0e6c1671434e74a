import { useInfiniteQuery } from '@tanstack/react-query';
import { memo, type ReactNode } from 'react';
import type { CohortSync } from '../../api.ts';
import { syncsQuery } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Tag } from '../../parts/basics.tsx';
import { PagedRows } from '../../parts/paged-rows.tsx';
import { Cell } from '../../parts/rows.tsx';
import { Pending } from '../cohorts/cohort-row.tsx';
import { countPages } from '../cohorts/standing.ts';
import { rangesOf } from './page-bar.tsx';
import { SYNC_TONES } from './sync-words.ts';

/** Every export that came, newest first. */
export function Syncs({ id }: { readonly id: number }): ReactNode {
  const { t } = useI18n();
  const query = useInfiniteQuery(syncsQuery(id));
  return (
    <Card flush title={t('syncs.title')} about={t('syncs.about')}>
      <PagedRows
        query={query}
        keyOf={(each) => each.id}
        row={(row, index) => <Row sync={row} index={index} />}
        estimate={46}
        empty={t('syncs.empty')}
        label={t('syncs.title')}
        columns="minmax(150px, 1.2fr) minmax(150px, 1fr) 120px 130px 100px 120px"
        heads={[
          t('syncs.began'),
          t('syncs.what'),
          t('cohorts.state'),
          t('syncs.pages'),
          { end: t('cohorts.size') },
          { end: t('syncs.changed') },
        ]}
      />
    </Card>
  );
}

const Row = memo(function Row({
  sync,
  index,
}: {
  readonly sync: CohortSync;
  readonly index: number;
}): ReactNode {
  const { t, format } = useI18n();
  const { state, pages } = sync;
  const n = countPages(sync);
  return (
    <div className="row" role="row" aria-rowindex={index + 2}>
      <Cell wide>{format.dateTime(sync.beganAt)}</Cell>
      <Cell label={t('syncs.what')}>{t(`sync.${sync.action}`)}</Cell>
      <Cell label={t('cohorts.state')}>
        <Tag tone={SYNC_TONES[state]}>{t(`syncState.${state}`)}</Tag>
      </Cell>
      <Cell label={t('syncs.pages')}>
        <span className="num" title={rangesOf(sync.pagesIn)}>
          {t('syncs.of', { n, of: pages })}
        </span>
      </Cell>
      <Cell end label={t('cohorts.size')}>
        <span className="num">{format.number(sync.members)}</span>
      </Cell>
      <Cell end label={t('syncs.changed')}>
        <Pending adds={sync.added} removes={sync.removed} isExact />
      </Cell>
    </div>
  );
});
