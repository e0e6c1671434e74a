import { Anchor, Group, Text } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { LinkButton } from '../../parts/links.tsx';
import { sayFailure } from '../../parts/say.ts';
import { draftsQuery } from '../../queries.ts';
import { isStep } from '../form/steps.ts';

/** How many are shown until a person asks for all. */
const FEW = 2;

/** Forms that were left half filled, to go on with. */
export function Drafts(): ReactNode {
  const { t, tn, format } = useI18n();
  const client = useQueryClient();
  const { data } = useQuery(draftsQuery);
  const discard = useMutation({
    mutationFn: (id: string) => call('DELETE', `/drafts/${encodeURIComponent(id)}`),
    onSettled: () => client.invalidateQueries({ queryKey: draftsQuery.queryKey }),
    onError: sayFailure,
  });
  const [isWhole, setWhole] = useState(false);
  if (!data || data.items.length === 0) return null;
  const sorted = data.items.toSorted((a, b) => b.updatedAt.localeCompare(a.updatedAt));
  const shown = isWhole ? sorted : sorted.slice(0, FEW);
  return (
    <section aria-label={t('drafts.title')} style={{ marginBottom: 16 }}>
      {shown.map(({ id, name, step, updatedAt }) => (
        <div
          className="note tone-accent"
          key={id}
          style={{ marginBottom: 8, alignItems: 'center' }}
        >
          <IconPencil size={18} aria-hidden />
          <Group justify="space-between" gap="xs" component="div">
            <Text size="sm" component="div">
              <strong>{name === null || name === '' ? t('drafts.unnamed') : name}</strong>{' '}
              <span className="dim">
                {t('drafts.left', { step: stepName(step), time: format.ago(updatedAt) })}
              </span>
            </Text>
            <Group gap="md">
              <Anchor
                component="button"
                type="button"
                size="sm"
                c="dimmed"
                onClick={() => discard.mutate(id)}
              >
                {t('drafts.discard')}
              </Anchor>
              <LinkButton to="/new" search={{ draft: id }} size="xs">
                {t('drafts.continue')}
              </LinkButton>
            </Group>
          </Group>
        </div>
      ))}
      {shown.length < sorted.length && (
        <Anchor component="button" type="button" size="sm" onClick={() => setWhole(true)}>
          {tn('drafts.more', sorted.length - shown.length)}
        </Anchor>
      )}
    </section>
  );

  function stepName(step: string): string {
    return isStep(step) ? t(`step.${step}`) : step;
  }
}
