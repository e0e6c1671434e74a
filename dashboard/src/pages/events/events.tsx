import { CloseButton, Group, Select, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { EventType } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Loaded, PageHead } from '../../parts/basics.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { eventsQuery } from '../../queries.ts';
import { isFound } from '../form/selection.ts';
import { EventTags } from './event-tags.tsx';
import { UnknownEvents } from './unknown.tsx';

/** Every event type that Braze sends, with its name in Mixpanel. */
export function Events(): ReactNode {
  const { t } = useI18n();
  const query = useQuery(eventsQuery);
  return (
    <>
      <PageHead title={t('library.title')} about={t('library.about')} />
      <UnknownEvents />
      <Loaded query={query} rows={8}>
        {({ items }) => <Library events={items} />}
      </Loaded>
    </>
  );
}

function Library({ events }: { readonly events: readonly EventType[] }): ReactNode {
  const { t, tn, known } = useI18n();
  const [search, setSearch] = useState('');
  const [channel, setChannel] = useState<string | null>(null);
  const [family, setFamily] = useState<string | null>(null);
  const channels = [...new Set(events.flatMap((each) => each.channel ?? []))].toSorted();
  const shown = events.filter(
    (event) =>
      (search.trim() === '' || isFound(event, search.trim())) &&
      (channel === null || event.channel === channel) &&
      (family === null || event.family === family),
  );
  return (
    <Card flush title={tn('library.count', shown.length)}>
      <Group
        gap="sm"
        px={{ base: 16, sm: 20 }}
        py={12}
        style={{ borderBottom: '1px solid var(--s-border)' }}
      >
        <TextInput
          aria-label={t('events.search')}
          placeholder={t('events.search')}
          flex="1 1 220px"
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={
            search !== '' && (
              <CloseButton size="sm" aria-label={t('search.clear')} onClick={() => setSearch('')} />
            )
          }
          value={search}
          onChange={({ currentTarget }) => setSearch(currentTarget.value)}
        />
        <Select
          aria-label={t('library.family')}
          placeholder={t('library.family')}
          clearable
          clearButtonProps={{ 'aria-label': t('search.clear') }}
          w={{ base: '100%', xs: 210 }}
          data={[
            { value: 'Message Engagement', label: t('family.Message Engagement') },
            { value: 'Customer Behavior', label: t('family.Customer Behavior') },
          ]}
          value={family}
          onChange={setFamily}
        />
        <Select
          aria-label={t('library.channel')}
          placeholder={t('library.channel')}
          clearable
          clearButtonProps={{ 'aria-label': t('search.clear') }}
          searchable
          w={{ base: '100%', xs: 180 }}
          data={channels.map((each) => ({ value: each, label: known(`channel.${each}`, each) }))}
          value={channel}
          onChange={setChannel}
        />
      </Group>
      {shown.length === 0 ? (
        <Empty title={t('search.none')} />
      ) : (
        <Rows
          label={t('library.title')}
          columns="minmax(220px, 1.1fr) minmax(240px, 1.6fr) 130px"
          heads={[t('library.event'), t('library.description'), t('library.channel')]}
        >
          <div role="rowgroup">
            {shown.map((event) => (
              <EventRow key={event.type} event={event} />
            ))}
          </div>
        </Rows>
      )}
    </Card>
  );
}

function EventRow({ event }: { readonly event: EventType }): ReactNode {
  const { known } = useI18n();
  return (
    <div className="row" role="row">
      <Cell wide>
        <Group gap={8}>
          <Link to="/events/$type" params={{ type: event.type }} style={{ fontWeight: 600 }}>
            {event.event ?? event.label}
          </Link>
          <EventTags event={event} />
        </Group>
        <Text size="xs" c="dimmed" className="mono" mt={2}>
          {event.type}
        </Text>
      </Cell>
      <Cell wide>{event.description}</Cell>
      <Cell>
        <span className="dim">
          {event.channel === null ? '–' : known(`channel.${event.channel}`, event.channel)}
        </span>
      </Cell>
    </div>
  );
}
