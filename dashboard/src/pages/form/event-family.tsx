import { Checkbox, Group, Text, Title, UnstyledButton } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
import { type ReactNode, useId, useState } from 'react';
import type { EventType } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { EventTags } from '../events/event-tags.tsx';
import styles from './event-family.module.css';
import { byChannel, type Group as ChannelGroup } from './selection.ts';

export interface Volumes {
  /** Events a day by type. */
  readonly perDay: ReadonlyMap<string, number>;
  readonly total: number;
}

interface FamilyProps {
  readonly title: string;
  readonly about: string;
  readonly selectAll: string;
  readonly events: readonly EventType[];
  readonly selected: ReadonlySet<string>;
  readonly volumes: Volumes | undefined;
  readonly isReadOnly: boolean;
  readonly isSearching: boolean;
  onChoose(types: readonly string[], isWanted: boolean): void;
}

/** One of Braze's two groups of events, by channel. */
export function EventFamily(props: FamilyProps): ReactNode {
  const { t } = useI18n();
  const { events, selected, onChoose } = props;
  if (events.length === 0) return null;
  const chosen = events.filter(({ type }) => selected.has(type)).length;
  return (
    <section className="card flush" aria-label={props.title}>
      <div className="card-head">
        <Group justify="space-between" gap="xs">
          <Title order={3}>{props.title}</Title>
          <Text size="sm" c="dimmed" className="num">
            {t('events.of', { n: chosen, of: events.length })}
          </Text>
        </Group>
        <Text size="sm" c="dimmed">
          {props.about}
        </Text>
        <Checkbox
          mt="sm"
          label={props.selectAll}
          fw={550}
          disabled={props.isReadOnly}
          checked={chosen === events.length}
          indeterminate={chosen > 0 && chosen < events.length}
          onChange={() =>
            onChoose(
              events.map(({ type }) => type),
              chosen < events.length,
            )
          }
        />
      </div>
      {byChannel(events).map((group) => (
        <Channel key={group.channel} {...props} group={group} />
      ))}
    </section>
  );
}

function Channel({ group, ...props }: FamilyProps & { readonly group: ChannelGroup }): ReactNode {
  const { t, known, format } = useI18n();
  const id = useId();
  const [wasOpened, setOpened] = useState(false);
  const isOpen = wasOpened || props.isSearching;
  const { events, channel } = group;
  const chosen = events.filter(({ type }) => props.selected.has(type)).length;
  const name = known(`channel.${channel}`, channel);
  const perDay = events.reduce((sum, { type }) => sum + (props.volumes?.perDay.get(type) ?? 0), 0);
  return (
    <div className={styles['channel']}>
      <div className={styles['head']}>
        <Checkbox
          aria-label={t('events.allOf', { channel: name })}
          disabled={props.isReadOnly}
          checked={chosen === events.length}
          indeterminate={chosen > 0 && chosen < events.length}
          onChange={() =>
            props.onChoose(
              events.map(({ type }) => type),
              chosen < events.length,
            )
          }
        />
        <UnstyledButton
          className={styles['toggle']}
          aria-expanded={isOpen}
          aria-controls={id}
          onClick={() => setOpened(!isOpen)}
        >
          <IconChevronRight
            size={16}
            aria-hidden
            className={styles['chevron']}
            data-open={isOpen || undefined}
          />
          <span className={styles['name']}>{name}</span>
          <span className="num dim">{t('events.of', { n: chosen, of: events.length })}</span>
          {props.volumes && (
            <span className={`num dim ${styles['volume']}`}>
              {t('estimate.perDay', { n: format.compact(perDay) })}
            </span>
          )}
        </UnstyledButton>
      </div>
      <div id={id} hidden={!isOpen}>
        {isOpen && events.map((event) => <EventChoice key={event.type} event={event} {...props} />)}
      </div>
    </div>
  );
}

function EventChoice({ event, ...props }: FamilyProps & { readonly event: EventType }): ReactNode {
  const { t, format } = useI18n();
  const id = useId();
  const perDay = props.volumes?.perDay.get(event.type) ?? 0;
  const share = props.volumes && props.volumes.total > 0 ? perDay / props.volumes.total : 0;
  return (
    <label className={styles['event']} htmlFor={id}>
      <Checkbox
        id={id}
        aria-label={event.event ?? event.label}
        disabled={props.isReadOnly}
        checked={props.selected.has(event.type)}
        onChange={({ currentTarget }) => props.onChoose([event.type], currentTarget.checked)}
      />
      <div>
        <Group gap={8}>
          <Text size="sm" fw={550} component="span">
            {event.event ?? event.label}
          </Text>
          <EventTags event={event} />
        </Group>
        <Text size="xs" c="dimmed">
          {event.description}
        </Text>
        <Text size="xs" c="dimmed" className="mono">
          {event.type}
        </Text>
      </div>
      {props.volumes && (
        <div className={styles['share']}>
          <span className="num">{t('estimate.perDay', { n: format.compact(perDay) })}</span>
          <span className="num dim">{format.percent(share)}</span>
          <span className={styles['bar']} aria-hidden>
            <span style={{ width: `${Math.max(share * 100, perDay > 0 ? 1.5 : 0)}%` }} />
          </span>
        </div>
      )}
    </label>
  );
}
