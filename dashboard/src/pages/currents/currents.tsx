import { Button, CloseButton, Menu, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import {
  IconArrowRight,
  IconArrowsRight,
  IconChevronDown,
  IconPlus,
  IconSearch,
} from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Fragment, type ReactNode, useState } from 'react';
import type { Connection } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Failure, Figure, PageHead, Waiting } from '../../parts/basics.tsx';
import { LinkItem } from '../../parts/links.tsx';
import { Rows } from '../../parts/rows.tsx';
import { needsAttention } from '../../parts/state.tsx';
import { VirtualRows } from '../../parts/virtual-rows.tsx';
import { rowsOf } from '../../pages-of.ts';
import { connectionsQuery } from '../../queries.ts';
import { useMay } from '../../shell/session.ts';
import { CurrentRow } from './current-row.tsx';
import { Drafts } from './drafts.tsx';

const COLUMNS = 'minmax(140px, 1.5fr) minmax(120px, 1.3fr) 190px 84px 92px 28px';

/** Every connection at a glance. */
export function Currents(): ReactNode {
  const { t, tn } = useI18n();
  const mayEdit = useMay('editor');
  const [search, setSearch] = useState('');
  const [wanted] = useDebouncedValue(search.trim(), 200);
  const query = useInfiniteQuery(connectionsQuery(wanted));
  const rows = rowsOf(query.data?.pages, ({ name }) => name);
  const isWhole = !query.hasNextPage;
  const isEmpty = query.data !== undefined && rows.length === 0 && wanted === '' && search === '';

  return (
    <>
      <PageHead title={t('currents.title')} about={t('currents.about')}>
        {mayEdit && !isEmpty && <CreateMenu />}
      </PageHead>
      {mayEdit && <Drafts />}
      {query.error && !query.data && (
        <Failure error={query.error} onRetry={() => void query.refetch()} />
      )}
      {isEmpty && (
        <Card label={t('currents.title')}>
          <Empty icon={<Path />} title={t('currents.empty')} action={mayEdit && <CreateMenu />}>
            {t(mayEdit ? 'currents.emptyText' : 'currents.emptyViewer')}
          </Empty>
        </Card>
      )}
      {!isEmpty && !(query.error && !query.data) && (
        <>
          {wanted === '' && isWhole && rows.length > 0 && <Overview rows={rows} />}
          <Card
            flush
            title={query.data && isWhole ? tn('currents.count', rows.length) : t('currents.title')}
            actions={
              <TextInput
                aria-label={t('currents.search')}
                placeholder={t('currents.search')}
                size="sm"
                w={{ base: '100%', xs: 260 }}
                leftSection={<IconSearch size={16} aria-hidden />}
                rightSection={
                  search !== '' && (
                    <CloseButton
                      size="sm"
                      aria-label={t('search.clear')}
                      onClick={() => setSearch('')}
                    />
                  )
                }
                value={search}
                onChange={({ currentTarget }) => setSearch(currentTarget.value)}
              />
            }
          >
            {!query.data && <Waiting rows={5} height={52} />}
            {query.data && rows.length === 0 && <Empty title={t('search.none')} />}
            {rows.length > 0 && (
              <Rows
                label={t('currents.title')}
                columns={COLUMNS}
                count={isWhole ? rows.length : -2}
                heads={[
                  t('currents.name'),
                  t('currents.state'),
                  t('currents.last24h'),
                  { end: t('lag') },
                  { end: t('deadLetters') },
                  '',
                ]}
              >
                <VirtualRows
                  rows={rows}
                  keyOf={({ name }) => name}
                  row={(row, index) => <CurrentRow connection={row} index={index} />}
                  estimate={73}
                  more={{
                    has: query.hasNextPage,
                    isLoading: query.isFetchingNextPage,
                    load: () => void query.fetchNextPage(),
                  }}
                />
              </Rows>
            )}
          </Card>
        </>
      )}
    </>
  );
}

function CreateMenu(): ReactNode {
  const { t } = useI18n();
  return (
    <Menu position="bottom-end" width={280} withinPortal>
      <Menu.Target>
        <Button
          leftSection={<IconPlus size={16} aria-hidden />}
          rightSection={<IconChevronDown size={14} aria-hidden />}
        >
          {t('currents.create')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <LinkItem to="/new" leftSection={<IconArrowsRight size={16} aria-hidden />}>
          {t('currents.createMixpanel')}
        </LinkItem>
      </Menu.Dropdown>
    </Menu>
  );
}

function Overview({ rows }: { readonly rows: readonly Connection[] }): ReactNode {
  const { t, tn, format } = useI18n();
  const delivered = rows.reduce((sum, { last24h }) => sum + last24h.delivered, 0);
  const letters = rows.reduce((sum, each) => sum + each.deadLetters, 0);
  const lag = Math.max(...rows.map(({ lagSeconds }) => lagSeconds ?? 0));
  const troubled = rows.filter(({ state }) => needsAttention(state)).length;
  return (
    <div className="figures" style={{ marginBottom: 16 }}>
      <Figure label={t('currents.delivered24h')}>{format.number(delivered)}</Figure>
      <Figure label={t('currents.worstLag')}>
        {lag === 0 ? t('lag.none') : format.duration(lag)}
      </Figure>
      <Figure label={t('deadLetters')} tone={letters > 0 ? 'bad' : undefined}>
        {format.number(letters)}
      </Figure>
      <Figure label={t('currents.attention')} tone={troubled > 0 ? 'bad' : 'ok'}>
        {troubled === 0 ? t('currents.allWell') : tn('currents.troubled', troubled)}
      </Figure>
    </div>
  );
}

/** The way of an event, for whoever has none yet. */
function Path(): ReactNode {
  return (
    <div style={{ display: 'flex', alignItems: 'center', gap: 14, marginBottom: 14 }}>
      {['Braze', 'Sluice', 'Mixpanel'].map((name, i) => (
        <Fragment key={name}>
          {i > 0 && <IconArrowRight size={18} className="dim" />}
          <span
            className={`tag ${i === 1 ? 'tone-accent' : ''}`}
            style={{ fontSize: 14, padding: '6px 14px' }}
          >
            {name}
          </span>
        </Fragment>
      ))}
    </div>
  );
}
