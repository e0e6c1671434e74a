import { SegmentedControl, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { memo, type ReactNode, useState } from 'react';
import type { SliceRow } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Tag, type Tone } from '../../parts/basics.tsx';
import { PagedRows } from '../../parts/paged-rows.tsx';
import { Cell } from '../../parts/rows.tsx';
import { slicesQuery } from '../../queries.ts';

const FILTERS = ['', 'open', 'done', 'problem'] as const;
const TONES: Readonly<Record<SliceRow['state'], Tone>> = {
  open: 'info',
  done: 'ok',
  problem: 'warn',
};

/** Files and pushes, newest first, each with how far it is settled. */
export function Slices({ name }: { readonly name: string }): ReactNode {
  const { t } = useI18n();
  const [state, setState] = useState('');
  const query = useInfiniteQuery(slicesQuery(name, state));
  return (
    <Card
      flush
      title={t('slices.title')}
      about={t('slices.about')}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t('slices.filter')}
          value={state}
          onChange={setState}
          data={FILTERS.map((value) => ({
            value,
            label: t(value === '' ? 'all' : `slice.${value}`),
          }))}
        />
      }
    >
      <PagedRows
        query={query}
        keyOf={({ slice }) => slice}
        row={(row, index) => <Row row={row} index={index} />}
        estimate={58}
        empty={t('slices.empty')}
        label={t('slices.title')}
        columns="minmax(240px, 1fr) 110px 100px 100px 150px"
        heads={[
          t('slices.slice'),
          t('slices.state'),
          { end: t('records') },
          { end: t('size') },
          { end: t('updated') },
        ]}
      />
    </Card>
  );
}

const Row = memo(function Row({
  row,
  index,
}: {
  readonly row: SliceRow;
  readonly index: number;
}): ReactNode {
  const { t, format } = useI18n();
  return (
    <div className="row" role="row" aria-rowindex={index + 2}>
      <Cell wide>
        <span className="mono">{row.slice}</span>
        {row.problem !== undefined && (
          <Text size="xs" className="tone-warn tone-text">
            {row.problem}
          </Text>
        )}
      </Cell>
      <Cell label={t('slices.state')}>
        <Tag tone={TONES[row.state]}>{t(`slice.${row.state}`)}</Tag>
      </Cell>
      <Cell end label={t('records')}>
        <span className="num">{format.number(row.records)}</span>
      </Cell>
      <Cell end label={t('size')}>
        <span className="num">{format.bytes(row.bytes)}</span>
      </Cell>
      <Cell end label={t('updated')}>
        <span className="num" title={format.dateTime(row.updatedAt)}>
          {format.ago(row.updatedAt)}
        </span>
      </Cell>
    </div>
  );
});
