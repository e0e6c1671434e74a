import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { AuditEntry } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card } from '../../parts/basics.tsx';
import { PagedRows } from '../../parts/paged-rows.tsx';
import { Cell } from '../../parts/rows.tsx';
import { auditQuery } from '../../queries.ts';

const keyOf = ({ at, actor, action, target, detail }: AuditEntry): string =>
  `${at} ${actor} ${action} ${target} ${detail ?? ''}`;

/** Who changed what, newest first. */
export function Audit(): ReactNode {
  const { t, known, format } = useI18n();
  const query = useInfiniteQuery(auditQuery);
  return (
    <Card flush title={t('settings.audit')} about={t('audit.about')}>
      <PagedRows
        query={query}
        keyOf={keyOf}
        row={(row, index) => (
          <div className="row" role="row" aria-rowindex={index + 2}>
            <Cell>
              <span className="num">{format.dateTime(row.at)}</span>
            </Cell>
            <Cell>{row.actor}</Cell>
            <Cell wide>
              {known(`action.${row.action}`, row.action)}
              {row.target !== '' && <strong style={{ fontWeight: 550 }}> {row.target}</strong>}
            </Cell>
            <Cell wide>
              {(row.detail ?? '') !== '' && <span className="dim">{row.detail}</span>}
            </Cell>
          </div>
        )}
        estimate={48}
        empty={t('audit.none')}
        label={t('settings.audit')}
        narrow="auto 1fr"
        columns="190px 140px minmax(180px, 1fr) minmax(180px, 1fr)"
        heads={[t('audit.at'), t('audit.actor'), t('audit.action'), t('audit.detail')]}
      />
    </Card>
  );
}
