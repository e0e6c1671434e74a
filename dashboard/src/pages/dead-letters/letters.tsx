import { Button, Drawer, Text } from '@mantine/core';
import { IconDownload, IconRefresh } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { memo, type ReactNode, useState } from 'react';
import type { DeadLetterGroup, DeadLetterRow } from '../../api.ts';
import { urlOf } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Note, PageHead } from '../../parts/basics.tsx';
import { PagedRows } from '../../parts/paged-rows.tsx';
import { Cell } from '../../parts/rows.tsx';
import { deadLettersQuery } from '../../queries.ts';
import { useMay } from '../../shell/session.ts';
import styles from './letters.module.css';
import { Letter } from './letter.tsx';
import { canBeRetried, useRetry } from './use-retry.ts';

interface Filter {
  readonly cause: string;
  readonly connection?: string;
  readonly eventType?: string;
}

/** The dead letters of one cause. There may be very many: only those in sight are in the page. */
export function Letters({
  filter,
  groups,
}: {
  readonly filter: Filter;
  readonly groups: readonly DeadLetterGroup[];
}): ReactNode {
  const { t, tn, known } = useI18n();
  const mayEdit = useMay('editor');
  const retry = useRetry();
  const [open, setOpen] = useState<number>();
  const query = useInfiniteQuery(deadLettersQuery({ ...filter }));
  const n = groups.reduce((sum, each) => sum + each.n, 0);
  const title = known(`cause.${filter.cause}`, filter.cause);
  const advice = groups[0]?.advice;
  const connections = [...new Set(groups.map(({ connection }) => connection))];

  return (
    <>
      <Text size="sm" mb={6}>
        <Link
          to="/dead-letters"
          search={filter.connection === undefined ? {} : { connection: filter.connection }}
        >
          {t('deadLetters.title')}
        </Link>
        <span className="dim"> / </span>
        <span className="dim">{title}</span>
      </Text>
      <PageHead title={title} about={n > 0 ? tn('deadLetters.count', n) : undefined}>
        {mayEdit && n > 0 && canBeRetried(filter.cause) && (
          <Button
            leftSection={<IconRefresh size={16} aria-hidden />}
            loading={retry.isPending}
            onClick={() => {
              for (const connection of connections)
                retry.mutate({ filter: { ...filter, connection } });
            }}
          >
            {t('retry.these')}
          </Button>
        )}
        <Button
          variant="default"
          component="a"
          href={urlOf('/dead-letters/export', { ...filter })}
          download
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          {t('deadLetters.export')}
        </Button>
      </PageHead>
      {advice !== undefined && (
        <div style={{ marginBottom: 16 }}>
          <Note title={t('deadLetters.whatToDo')}>{known(`advice.${filter.cause}`, advice)}</Note>
        </div>
      )}
      <Card flush label={title}>
        <PagedRows
          query={query}
          keyOf={({ id }) => id}
          row={(row, index) => (
            <Row row={row} index={index} isOpen={row.id === open} onOpen={setOpen} />
          )}
          estimate={66}
          empty={t('deadLetters.empty')}
          label={title}
          columns="80px minmax(180px, 1fr) minmax(220px, 1.6fr) 130px"
          count={n}
          heads={['№', t('types.type'), t('deadLetters.detail'), { end: t('deadLetters.at') }]}
        />
      </Card>
      <Drawer
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
        position="right"
        size="lg"
        title={open === undefined ? '' : t('letter.title', { id: String(open) })}
        closeButtonProps={{ 'aria-label': t('close') }}
        styles={{ title: { fontWeight: 620 } }}
      >
        {open !== undefined && <Letter id={open} onGone={() => setOpen(undefined)} />}
      </Drawer>
    </>
  );
}

const Row = memo(function Row({
  row,
  index,
  isOpen,
  onOpen,
}: {
  readonly row: DeadLetterRow;
  readonly index: number;
  readonly isOpen: boolean;
  onOpen(id: number): void;
}): ReactNode {
  const { t, format } = useI18n();
  return (
    <div
      className={`row link ${styles['row']}`}
      role="row"
      aria-rowindex={index + 2}
      aria-current={isOpen}
    >
      <Cell>
        <button
          type="button"
          className={styles['open']}
          onClick={() => onOpen(row.id)}
          aria-label={t('letter.open', { id: String(row.id) })}
        >
          #{row.id}
        </button>
      </Cell>
      <Cell wide>
        <div className="clip">{row.eventType}</div>
        <Text size="xs" c="dimmed">
          {row.connection}
        </Text>
      </Cell>
      <Cell wide>
        <Text size="sm" lineClamp={1}>
          {row.detail}
        </Text>
        <div className="mono dim clip">{row.preview}</div>
      </Cell>
      <Cell end>
        <span className="num" title={format.dateTime(row.at)}>
          {format.ago(row.at)}
        </span>
      </Cell>
    </div>
  );
});
