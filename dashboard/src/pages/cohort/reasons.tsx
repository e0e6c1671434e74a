import { Text } from '@mantine/core';
import { IconUserCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { CohortDetail, CohortReason } from '../../api.ts';
import { reasonsQuery } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Loaded, Tag } from '../../parts/basics.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { reasonWords } from './user-words.ts';

/** Who could not be matched or was refused, by reason, each with what to do. */
export function Reasons({ cohort }: { readonly cohort: CohortDetail }): ReactNode {
  const { t, format, known } = useI18n();
  const query = useQuery(reasonsQuery(cohort.id));
  const todo = ({ kind, reason }: CohortReason) =>
    known(`reason.${reason}.todo`, t(kind === 'refused' ? 'reasons.refusedTodo' : 'reasons.todo'));
  return (
    <Card flush title={t('reasons.title')} about={t('reasons.about')}>
      <Loaded query={query} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={<IconUserCheck size={36} stroke={1.5} />} title={t('reasons.none')} />
          ) : (
            <Rows
              label={t('reasons.title')}
              columns="minmax(180px, 1fr) 120px 100px minmax(240px, 1.6fr)"
              heads={[
                t('reasons.reason'),
                t('cohorts.state'),
                { end: t('figure.members') },
                t('reasons.what'),
              ]}
            >
              <div role="rowgroup">
                {items.map((each) => (
                  <div className="row" role="row" key={`${each.kind} ${each.reason}`}>
                    <Cell wide>
                      <span style={{ fontWeight: 600 }}>{reasonWords(each.reason, known)}</span>
                    </Cell>
                    <Cell label={t('cohorts.state')}>
                      <Tag tone={each.kind === 'refused' ? 'bad' : 'warn'}>
                        {t(`userState.${each.kind}`)}
                      </Tag>
                    </Cell>
                    <Cell end label={t('figure.members')}>
                      <span className="num">{format.number(each.n)}</span>
                    </Cell>
                    <Cell wide label={t('reasons.what')}>
                      <Text size="sm" c="dimmed">
                        {todo(each)}
                      </Text>
                    </Cell>
                  </div>
                ))}
              </div>
            </Rows>
          )
        }
      </Loaded>
    </Card>
  );
}
