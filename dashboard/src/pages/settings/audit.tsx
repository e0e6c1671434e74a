import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Failure, Waiting } from '../../parts/basics.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { VirtualRows } from '../../parts/virtual-rows.tsx';
import { rowsOf } from '../../pages-of.ts';
import { auditQuery } from '../../queries.ts';

/** Who changed what, newest first. */
export function Audit(): ReactNode {
  const { t, known, format } = useI18n();
  const query = useInfiniteQuery(auditQuery);
  const rows = rowsOf(
    query.data?.pages,
    (row) => `${row.at} ${row.actor} ${row.action} ${row.target} ${row.detail ?? ''}`,
  );
  return (
    <Card flush title={t('settings.audit')} about={t('audit.about')}>
      {query.error && !query.data && (
        <div style={{ padding: 16 }}>
          <Failure error={query.error} onRetry={() => void query.refetch()} />
        </div>
      )}
      {query.isPending && <Waiting rows={5} />}
      {query.data && rows.length === 0 && <Empty title={t('audit.none')} />}
      {rows.length > 0 && (
        <Rows
          label={t('settings.audit')}
          columns="180px 140px minmax(180px, 1fr) minmax(180px, 1fr)"
          heads={[t('audit.at'), t('audit.actor'), t('audit.action'), t('audit.detail')]}
        >
          <VirtualRows
            rows={rows}
            keyOf={(row) =>
              `${row.at} ${row.actor} ${row.action} ${row.target} ${row.detail ?? ''}`
            }
            estimate={48}
            row={(row, index) => (
              <div className="row" role="row" aria-rowindex={index + 2}>
                <Cell>
                  <span className="num">{format.dateTime(row.at)}</span>
                </Cell>
                <Cell>{row.actor}</Cell>
                <Cell>
                  {known(`audit.${row.action}`, row.action)}
                  {row.target !== '' && <strong style={{ fontWeight: 550 }}> {row.target}</strong>}
                </Cell>
                <Cell wide>
                  <span className="dim">{row.detail}</span>
                </Cell>
              </div>
            )}
            more={{
              has: query.hasNextPage,
              isLoading: query.isFetchingNextPage,
              load: () => void query.fetchNextPage(),
            }}
          />
        </Rows>
      )}
    </Card>
  );
}
