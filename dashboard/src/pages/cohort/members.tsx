import { ActionIcon, CloseButton, Group, Select, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconChevronDown, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { memo, type ReactNode, useState } from 'react';
import type { CohortDetail, CohortUser } from '../../api.ts';
import { cohortUsersQuery } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Tag } from '../../parts/basics.tsx';
import { JsonView } from '../../parts/json-view.tsx';
import { PagedRows } from '../../parts/paged-rows.tsx';
import { Cell } from '../../parts/rows.tsx';
import { idOf, reasonWords, USER_STATES, USER_TONES } from './user-words.ts';

/** Who is in it, as Mixpanel and as Braze know them, and where each stands. */
export function Members({ cohort }: { readonly cohort: CohortDetail }): ReactNode {
  const { t } = useI18n();
  const [state, setState] = useState<string | null>(null);
  const [search, setSearch] = useState('');
  const [wanted] = useDebouncedValue(search.trim(), 200);
  const query = useInfiniteQuery(
    cohortUsersQuery(cohort.id, {
      ...(state === null ? {} : { state }),
      ...(wanted === '' ? {} : { search: wanted }),
    }),
  );
  return (
    <Card
      flush
      title={t('cohort.tab.members')}
      about={t('members.about')}
      actions={
        <Group gap={8} w={{ base: '100%', sm: 'auto' }}>
          <Select
            aria-label={t('cohorts.state')}
            placeholder={t('members.anyState')}
            w={{ base: '100%', xs: 180 }}
            clearable
            clearButtonProps={{ 'aria-label': t('search.clear') }}
            data={USER_STATES.map((value) => ({ value, label: t(`userState.${value}`) }))}
            value={state}
            onChange={setState}
          />
          <TextInput
            aria-label={t('members.search')}
            placeholder={t('members.search')}
            w={{ base: '100%', xs: 220 }}
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
        keyOf={({ member, user }) => `${member} ${user === null ? '' : idOf(user)}`}
        row={(row, index) => <Row member={row} index={index} />}
        estimate={58}
        empty={t('members.empty')}
        label={t('cohort.tab.members')}
        columns="minmax(180px, 1.2fr) minmax(180px, 1.2fr) minmax(140px, 1fr) 32px"
        heads={[t('members.mixpanel'), t('members.braze'), t('cohorts.state'), '']}
      />
    </Card>
  );
}

const Row = memo(function Row({
  member: { member, user, state, reason, fields },
  index,
}: {
  readonly member: CohortUser;
  readonly index: number;
}): ReactNode {
  const { t, known } = useI18n();
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="row" role="row" aria-rowindex={index + 2}>
      <Cell wide>
        <span className="mono">{member}</span>
      </Cell>
      <Cell wide>
        <UserId user={user} />
      </Cell>
      <Cell wide>
        <Tag tone={USER_TONES[state]}>{t(`userState.${state}`)}</Tag>
        {reason !== null && (
          <Text size="xs" c="dimmed" mt={3}>
            {reasonWords(reason, known)}
          </Text>
        )}
      </Cell>
      <Cell end corner>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="dimmed"
          aria-expanded={isOpen}
          aria-label={t('members.fieldsOf', { name: member })}
          onClick={() => setOpen(!isOpen)}
        >
          <IconChevronDown size={18} style={isOpen ? { transform: 'rotate(180deg)' } : {}} />
        </ActionIcon>
      </Cell>
      {isOpen && (
        <div role="cell" style={{ gridColumn: '1 / -1' }}>
          <JsonView value={fields} label={t('members.fields')} />
        </div>
      )}
    </div>
  );
});

export function UserId({ user }: { readonly user: CohortUser['user'] }): ReactNode {
  const { t } = useI18n();
  if (user === null) return <span className="dim">–</span>;
  return (
    <>
      <span className="mono">{idOf(user)}</span>
      <Text size="xs" c="dimmed">
        {t(`userKind.${user.kind}`)}
      </Text>
    </>
  );
}
