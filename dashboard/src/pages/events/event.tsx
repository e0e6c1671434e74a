import { Group, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { EventDetail } from '../../api.ts';
import { codeOf } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Loaded, PageHead, Tag } from '../../parts/basics.tsx';
import { flatEvent, JsonView } from '../../parts/json-view.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { eventQuery } from '../../queries.ts';
import { NotFound } from '../../shell/faults.tsx';
import { EventTags } from './event-tags.tsx';

/** One event type: its properties, the fields they come from, and a sample. */
export function Event(): ReactNode {
  const { t } = useI18n();
  const { type } = useParams({ from: '/events/$type' });
  const query = useQuery(eventQuery(type));
  if (codeOf(query.error) === 'not_found') return <NotFound />;
  return (
    <>
      <Text size="sm" mb={6}>
        <Link to="/events">{t('library.title')}</Link>
        <span className="dim"> / </span>
        <span className="dim mono">{type}</span>
      </Text>
      <Loaded query={query} rows={4} height={90}>
        {(event) => <Whole event={event} />}
      </Loaded>
    </>
  );
}

function Whole({ event }: { readonly event: EventDetail }): ReactNode {
  const { t, known } = useI18n();
  const { properties, sample } = event;
  return (
    <>
      <PageHead
        name={event.event ?? event.label}
        title={
          <Group gap={10} component="span">
            {event.event ?? event.label} <EventTags event={event} />
          </Group>
        }
        about={
          <>
            {event.description}
            <div>
              {[
                event.family && t(`family.${event.family}`),
                event.channel && known(`channel.${event.channel}`, event.channel),
              ]
                .filter(Boolean)
                .join(' · ')}
            </div>
          </>
        }
      />
      <div className="stack">
        <Card flush title={t('event.properties')} about={t('event.propertiesAbout')}>
          {properties.length === 0 ? (
            <Empty title={t('event.noProperties')} />
          ) : (
            <Rows
              label={t('event.properties')}
              columns="minmax(180px, 1.2fr) minmax(180px, 1fr) 110px 170px"
              heads={[t('event.property'), t('event.field'), t('event.type'), '']}
            >
              <div role="rowgroup">
                {properties.map((property) => (
                  <div className="row" role="row" key={`${property.name} ${property.field ?? ''}`}>
                    <Cell wide>
                      <span className="mono">{property.name}</span>
                    </Cell>
                    <Cell label={t('event.field')}>
                      {property.field === null ? (
                        <span className="dim">{t('event.constant')}</span>
                      ) : (
                        <span className="mono dim">{property.field}</span>
                      )}
                    </Cell>
                    <Cell label={t('event.type')}>
                      <span className="mono dim">{property.type}</span>
                    </Cell>
                    <Cell>
                      {(property.required || property.pii) && (
                        <Group gap={6}>
                          {property.required && <Tag>{t('event.required')}</Tag>}
                          {property.pii && <Tag tone="warn">{t('pii')}</Tag>}
                        </Group>
                      )}
                    </Cell>
                  </div>
                ))}
              </div>
            </Rows>
          )}
        </Card>
        {sample && (
          <Card title={t('event.sample')} about={t('event.sampleAbout')}>
            <SimpleGrid cols={{ base: 1, md: sample.after ? 2 : 1 }}>
              <div>
                <Text size="sm" fw={600} mb={6}>
                  {t('preview.before')}
                </Text>
                <JsonView value={sample.before} label={t('preview.before')} />
              </div>
              {sample.after && (
                <div>
                  <Text size="sm" fw={600} mb={6}>
                    {t('preview.after')}
                  </Text>
                  <JsonView value={flatEvent(sample.after)} label={t('preview.after')} />
                </div>
              )}
            </SimpleGrid>
          </Card>
        )}
      </div>
    </>
  );
}
