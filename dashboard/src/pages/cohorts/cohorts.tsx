import { CloseButton, Group, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { CohortImport } from '../../api.ts';
import { cohortsQuery, importsQuery } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Failure, PageHead, Waiting } from '../../parts/basics.tsx';
import { LinkButton } from '../../parts/links.tsx';
import { PagedRows } from '../../parts/paged-rows.tsx';
import { rowsOf } from '../../pages-of.ts';
import { useMay } from '../../shell/session.ts';
import { CohortRow } from './cohort-row.tsx';
import { Imports } from './imports.tsx';
import { Start } from './start.tsx';

const COLUMNS =
  'minmax(130px, 1.6fr) minmax(124px, 1.1fr) 136px 58px 84px 78px minmax(88px, 0.7fr)';

/** Cohorts of Mixpanel on their way into Braze, and the imports that bring them. */
export function Cohorts(): ReactNode {
  const { t } = useI18n();
  const mayEdit = useMay('editor');
  const imports = useQuery(importsQuery);
  const all = imports.data?.items;
  return (
    <>
      <PageHead title={t('cohorts.title')} about={t('cohorts.about')}>
        {mayEdit && all !== undefined && all.length > 0 && (
          <LinkButton to="/create-cohort-import" leftSection={<IconPlus size={16} aria-hidden />}>
            {t('imports.create')}
          </LinkButton>
        )}
      </PageHead>
      {imports.error && !all && (
        <Failure error={imports.error} onRetry={() => void imports.refetch()} />
      )}
      {!all && !imports.error && <Waiting rows={4} height={72} />}
      {all?.length === 0 && <Start imports={all} />}
      {all && all.length > 0 && (
        <div className="stack">
          <List imports={all} />
          <Imports imports={all} />
        </div>
      )}
    </>
  );
}

function List({ imports }: { readonly imports: readonly CohortImport[] }): ReactNode {
  const { t, tn } = useI18n();
  const navigate = useNavigate();
  const { import: only } = useSearch({ from: '/cohorts' });
  const [search, setSearch] = useState('');
  const [wanted] = useDebouncedValue(search.trim(), 200);
  const query = useInfiniteQuery(
    cohortsQuery({
      ...(only === undefined ? {} : { import: only }),
      ...(wanted === '' ? {} : { search: wanted }),
    }),
  );
  const rows = rowsOf(query.data?.pages, ({ id }) => id);
  const isAsked = search !== '' || wanted !== '' || only !== undefined;
  if (query.data && rows.length === 0 && !isAsked) return <Start imports={imports} />;
  const states = new Map(imports.map(({ name, state }) => [name, state]));
  return (
    <Card
      flush
      title={
        query.data && !query.hasNextPage ? tn('cohorts.count', rows.length) : t('cohorts.title')
      }
      actions={
        <Group gap={8} w={{ base: '100%', sm: 'auto' }}>
          {(imports.length > 1 || only !== undefined) && (
            <Select
              aria-label={t('cohorts.import')}
              placeholder={t('cohorts.allImports')}
              w={{ base: '100%', xs: 190 }}
              clearable
              clearButtonProps={{ 'aria-label': t('search.clear') }}
              data={[...new Set([...imports.map(({ name }) => name), ...(only ? [only] : [])])]}
              value={only ?? null}
              onChange={(value) =>
                void navigate({
                  to: '/cohorts',
                  search: value === null ? {} : { import: value },
                  replace: true,
                })
              }
            />
          )}
          <TextInput
            aria-label={t('cohorts.search')}
            placeholder={t('cohorts.search')}
            w={{ base: '100%', xs: 230 }}
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
        </Group>
      }
    >
      <PagedRows
        query={query}
        keyOf={({ id }) => id}
        row={(row, index) => (
          <CohortRow cohort={row} state={states.get(row.import)} index={index} />
        )}
        estimate={73}
        empty={t('search.none')}
        label={t('cohorts.title')}
        columns={COLUMNS}
        heads={[
          t('cohorts.name'),
          t('cohorts.state'),
          t('cohorts.size'),
          { end: t('cohorts.inBraze') },
          { end: t('cohorts.pending') },
          { end: t('cohorts.unmatched') },
          { end: t('cohorts.lastSync') },
        ]}
      />
    </Card>
  );
}
