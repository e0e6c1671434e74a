import { Button, Checkbox, CloseButton, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconRuler2, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import type { EventType, Family } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Empty, Failure, Loaded, Note, Tag } from '../../parts/basics.tsx';
import { eventsQuery } from '../../queries.ts';
import { EventFamily, type Volumes } from './event-family.tsx';
import { useForm, useValue } from './form.ts';
import { isFound, patternsFor, selectedBy, volumeOf } from './selection.ts';
import { useEstimate } from './use-estimate.ts';

export function Events(): ReactNode {
  const events = useQuery(eventsQuery);
  return (
    <Loaded query={events} rows={6}>
      {({ items }) => <Picker events={items} />}
    </Loaded>
  );
}

const FAMILIES: readonly Family[] = ['Message Engagement', 'Customer Behavior'];

function Picker({ events }: { readonly events: readonly EventType[] }): ReactNode {
  const { t, tn, format } = useI18n();
  const form = useForm();
  const [search, setSearch] = useState('');
  const estimate = useEstimate();
  const volumes: Volumes | undefined = useMemo(
    () =>
      estimate.data && {
        perDay: new Map(estimate.data.types.map((each) => [each.type, each.eventsPerDay])),
        total: estimate.data.totalPerDay,
      },
    [estimate.data],
  );
  const types = useMemo(() => events.map(({ type }) => type), [events]);
  const written = useValue(['settings', 'events']);
  const patterns = useMemo(() => (Array.isArray(written) ? written.map(String) : ['*']), [written]);
  const selected = useMemo(() => selectedBy(patterns, types), [patterns, types]);
  const shown = events.filter((event) => search.trim() === '' || isFound(event, search.trim()));
  const choose = (wanted: readonly string[], isWanted: boolean) => {
    const next = new Set(selected);
    for (const type of wanted) {
      if (isWanted) next.add(type);
      else next.delete(type);
    }
    form.set(['settings', 'events'], patternsFor(next, types, patterns));
  };
  const sum = volumes && volumeOf(volumes.perDay, selected);
  const others = shown.filter(({ family }) => family === null);
  const fault = form.fault(['settings', 'events']);

  return (
    <Stack gap="md">
      {fault !== undefined && (
        <Note tone="bad" role="alert">
          {fault}
        </Note>
      )}
      <Group justify="space-between" gap="sm">
        <TextInput
          aria-label={t('events.search')}
          placeholder={t('events.search')}
          w={{ base: '100%', xs: 320 }}
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={
            search !== '' && (
              <CloseButton size="sm" aria-label={t('search.clear')} onClick={() => setSearch('')} />
            )
          }
          value={search}
          onChange={({ currentTarget }) => setSearch(currentTarget.value)}
        />
        {estimate.canAsk && (
          <Button
            variant="default"
            leftSection={<IconRuler2 size={16} aria-hidden />}
            loading={estimate.isFetching}
            onClick={() => estimate.ask()}
          >
            {t('estimate.ask')}
          </Button>
        )}
      </Group>
      <div className="note tone-accent" role="status">
        <div>
          <strong>{t('events.selected', { n: selected.size, of: types.length })}</strong>
          {sum && (
            <>
              {' · '}
              {t('estimate.sum', {
                n: format.compact(sum.perMonth),
                share: format.percent(sum.share),
              })}
            </>
          )}
          {estimate.data && (
            <Text size="xs" c="dimmed" mt={2}>
              {t('estimate.sampled', {
                files: tn('estimate.files', estimate.data.sampled.files),
                bytes: format.bytes(estimate.data.sampled.bytes),
              })}
            </Text>
          )}
          {!estimate.data && !estimate.canAsk && (
            <Text size="xs" c="dimmed" mt={2}>
              {t('estimate.none')}
            </Text>
          )}
        </div>
      </div>
      {estimate.error !== null && <Failure error={estimate.error} onRetry={() => estimate.ask()} />}
      {shown.length === 0 && <Empty title={t('search.none')} />}
      {FAMILIES.map((family) => (
        <EventFamily
          key={family}
          title={t(`family.${family}`)}
          about={t(`family.${family}.about`)}
          selectAll={t(`family.${family}.all`)}
          events={shown.filter((event) => event.family === family)}
          selected={selected}
          volumes={volumes}
          isReadOnly={form.isReadOnly}
          isSearching={search.trim() !== ''}
          onChoose={choose}
        />
      ))}
      {others.length > 0 && (
        <EventFamily
          title={t('family.other')}
          about={t('family.other.about')}
          selectAll={t('family.other.all')}
          events={others}
          selected={selected}
          volumes={volumes}
          isReadOnly={form.isReadOnly}
          isSearching={search.trim() !== ''}
          onChoose={choose}
        />
      )}
      <Foreign patterns={patterns} types={types} />
    </Stack>
  );
}

/** Types that were selected by name and that nobody knows yet. */
function Foreign({
  patterns,
  types,
}: {
  readonly patterns: readonly string[];
  readonly types: readonly string[];
}): ReactNode {
  const { t } = useI18n();
  const form = useForm();
  const foreign = patterns.filter((each) => each !== '*' && selectedBy([each], types).size === 0);
  if (foreign.length === 0) return null;
  return (
    <section className="card" aria-label={t('events.foreign')}>
      <Text size="sm" fw={600} mb="xs">
        {t('events.foreign')}
      </Text>
      <Stack gap={6}>
        {foreign.map((pattern) => (
          <Group key={pattern} gap="sm">
            <Checkbox
              checked
              disabled={form.isReadOnly}
              label={<span className="mono">{pattern}</span>}
              onChange={() =>
                form.set(
                  ['settings', 'events'],
                  patterns.filter((each) => each !== pattern),
                )
              }
            />
            <Tag tone="warn">{t('status.new')}</Tag>
          </Group>
        ))}
      </Stack>
    </section>
  );
}
