import { Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Tag } from '../../parts/basics.tsx';
import { eventsQuery } from '../../queries.ts';
import { useForm } from './form.ts';
import { selectedBy } from './selection.ts';
import { faultsOf, getIn, textIn } from './spec.ts';
import { type Step, STEPS } from './steps.ts';

/** Everything that was chosen, once more, before it is launched. */
export function Summary({ onOpen }: { onOpen(step: Step): void }): ReactNode {
  const { t, known } = useI18n();
  const { spec } = useForm();
  const events = useQuery(eventsQuery);
  const patterns = getIn(spec, ['settings', 'events']);
  const types = events.data?.items.map(({ type }) => type) ?? [];
  const selected = selectedBy(Array.isArray(patterns) ? patterns.map(String) : ['*'], types);
  const region = textIn(spec, ['destination', 'region']);
  const kind = textIn(spec, ['source', 'kind']);
  const pii = textIn(spec, ['settings', 'privacy', 'pii']) || 'keep';
  const lines: Partial<Record<Step, string>> = {
    details: [textIn(spec, ['name']), textIn(spec, ['contact'])].filter(Boolean).join(' · '),
    credentials: [
      known(`credentials.${textIn(spec, ['destination', 'credentials', 'kind'])}`, ''),
      known(`region.${region}`, ''),
    ]
      .filter(Boolean)
      .join(' · '),
    source: [
      known(`source.${kind}`, kind),
      textIn(spec, ['source', 'bucket']) ||
        textIn(spec, ['source', 'path']) ||
        textIn(spec, ['source', 'container']),
    ]
      .filter(Boolean)
      .join(' · '),
    events: t('events.selected', { n: selected.size, of: types.length }),
    privacy: `${t('privacy.pii')}: ${known(`treatment.${pii}`, pii)}`,
  };
  return (
    <div style={{ marginTop: 16 }}>
      <Card title={t('summary.title')}>
        {STEPS.filter((step) => lines[step] !== undefined).map((step) => (
          <Group
            key={step}
            justify="space-between"
            wrap="nowrap"
            py={8}
            style={{ borderTop: '1px solid var(--s-border)' }}
          >
            <div style={{ minWidth: 0 }}>
              <Text size="xs" c="dimmed">
                {t(`step.${step}`)}
              </Text>
              <Text size="sm">{lines[step] === '' ? '–' : lines[step]}</Text>
            </div>
            <Group gap="xs" wrap="nowrap">
              {Object.keys(faultsOf(step, spec)).length > 0 && (
                <Tag tone="warn">{t('incomplete')}</Tag>
              )}
              <Button
                size="compact-sm"
                variant="subtle"
                onClick={() => onOpen(step)}
                aria-label={`${t('change')}: ${t(`step.${step}`)}`}
              >
                {t('change')}
              </Button>
            </Group>
          </Group>
        ))}
      </Card>
    </div>
  );
}
