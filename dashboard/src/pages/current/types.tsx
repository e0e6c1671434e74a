import { Button, Text, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { TypeFigures } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Loaded, Tag } from '../../parts/basics.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { typesQuery } from '../../queries.ts';
import { skippedOf } from './balance.tsx';

/** How many are shown until a person asks for all. */
const FEW = 15;

export function Types({ name }: { readonly name: string }): ReactNode {
  const { t } = useI18n();
  const query = useQuery(typesQuery(name));
  const [isWhole, setWhole] = useState(false);
  const shownOf = (items: readonly TypeFigures[]) => {
    const sorted = items.toSorted((a, b) => b.read - a.read);
    return isWhole || sorted.length <= FEW + 3 ? sorted : sorted.slice(0, FEW);
  };
  return (
    <Card flush title={t('types.title')} about={t('types.about')}>
      <Loaded query={query} rows={5}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('types.empty')} />
          ) : (
            <Rows
              label={t('types.title')}
              columns="minmax(220px, 2fr) repeat(4, minmax(90px, 1fr))"
              heads={[
                t('types.type'),
                { end: t('read') },
                { end: t('delivered') },
                { end: t('skipped') },
                { end: t('deadLetters') },
              ]}
            >
              <div role="rowgroup">
                {shownOf(items).map((row) => (
                  <TypeRow key={row.type} row={row} name={name} />
                ))}
              </div>
              {shownOf(items).length < items.length && (
                <div style={{ padding: 12, textAlign: 'center' }} role="presentation">
                  <Button variant="subtle" size="sm" onClick={() => setWhole(true)}>
                    {t('types.all', { n: items.length })}
                  </Button>
                </div>
              )}
            </Rows>
          )
        }
      </Loaded>
    </Card>
  );
}

function TypeRow({ row, name }: { readonly row: TypeFigures; readonly name: string }): ReactNode {
  const { t, tn, format, known } = useI18n();
  const skipped = skippedOf(row);
  const reasons = Object.entries(row.skipped).map(
    ([reason, n]) => `${known(`skip.${reason}`, reason)}: ${format.number(n)}`,
  );
  const fields = Object.keys(row.newFields);
  return (
    <div className="row" role="row">
      <Cell wide>
        <Link to="/events/$type" params={{ type: row.type }} style={{ fontWeight: 550 }}>
          {row.event ?? row.type}
        </Link>
        <Text size="xs" c="dimmed" className="mono">
          {row.type}
        </Text>
        {fields.length > 0 && (
          <Tooltip label={fields.join(', ')} multiline maw={320}>
            <span>
              <Tag tone="info">{tn('types.newFields', fields.length)}</Tag>
            </span>
          </Tooltip>
        )}
      </Cell>
      <Cell end label={t('read')}>
        <span className="num">{format.number(row.read)}</span>
      </Cell>
      <Cell end label={t('delivered')}>
        <span className="num">{format.number(row.delivered)}</span>
      </Cell>
      <Cell end label={t('skipped')}>
        <span className={skipped === 0 ? 'num dim' : 'num'}>{format.number(skipped)}</span>
        {reasons.length > 0 && skipped > 0 && (
          <Text size="xs" c="dimmed">
            {reasons.join(' · ')}
          </Text>
        )}
      </Cell>
      <Cell end label={t('deadLetters')}>
        {row.deadLetters === 0 ? (
          <span className="num dim">0</span>
        ) : (
          <Link to="/dead-letters" search={{ connection: name, type: row.type }}>
            <span className="num">{format.number(row.deadLetters)}</span>
          </Link>
        )}
      </Cell>
    </div>
  );
}
