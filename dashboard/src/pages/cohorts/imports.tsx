import { Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { CohortImport } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Tag } from '../../parts/basics.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { StateTag } from '../../parts/state.tsx';
import { destinationTitle } from './destination-title.ts';

/** Where cohorts go: usually one workspace of Braze, or a few. */
export function Imports({ imports }: { readonly imports: readonly CohortImport[] }): ReactNode {
  const { t, tn, format, known } = useI18n();
  return (
    <Card flush title={t('imports.title')} about={t('imports.about')}>
      <Rows
        label={t('imports.title')}
        columns="minmax(180px, 1.6fr) minmax(170px, 1.2fr) 110px 140px 140px"
        heads={[
          t('imports.name'),
          t('cohorts.state'),
          { end: t('imports.keys') },
          { end: t('imports.called') },
          { end: t('imports.written') },
        ]}
      >
        <div role="rowgroup">
          {imports.map((each) => (
            <div className="row" role="row" key={each.name}>
              <Cell wide>
                <Link
                  to="/cohort-imports/$name"
                  params={{ name: each.name }}
                  style={{ fontWeight: 600, color: 'inherit' }}
                >
                  {each.name}
                </Link>
                <Text size="xs" c="dimmed">
                  {destinationTitle(each.destination, known)}
                </Text>
              </Cell>
              <Cell wide>
                <StateTag state={each.state} />
                {each.state.detail !== undefined && (
                  <Text size="xs" c="dimmed" mt={3} lineClamp={2}>
                    {each.state.detail}
                  </Text>
                )}
              </Cell>
              <Cell end label={t('imports.keys')}>
                {each.keys === 0 ? (
                  <Tag tone="warn">{t('imports.noKey')}</Tag>
                ) : (
                  <span className="num">{tn('imports.keyCount', each.keys)}</span>
                )}
              </Cell>
              <Cell end label={t('imports.called')}>
                <span className="num">
                  {each.receivedAt === null ? t('never') : format.ago(each.receivedAt)}
                </span>
              </Cell>
              <Cell end label={t('imports.written')}>
                <span className="num">
                  {each.writtenAt === null ? t('never') : format.ago(each.writtenAt)}
                </span>
              </Cell>
            </div>
          ))}
        </div>
      </Rows>
    </Card>
  );
}
