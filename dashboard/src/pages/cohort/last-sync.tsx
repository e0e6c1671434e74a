import { Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { CohortDetail } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Tag } from '../../parts/basics.tsx';
import { countPages } from '../cohorts/standing.ts';
import { PageBar, rangesOf } from './page-bar.tsx';
import { SYNC_TONES } from './sync-words.ts';

/** The last export of Mixpanel, page by page; drawn anew while pages come. */
export function LastSync({ cohort: { lastSync } }: { readonly cohort: CohortDetail }): ReactNode {
  const { t, tn, format } = useI18n();
  if (!lastSync) return null;
  const { state, action, pages, pagesIn, added, removed, members } = lastSync;
  return (
    <Card
      title={t('sync.last')}
      about={`${t(`sync.${action}`)} · ${format.dateTime(lastSync.beganAt)}`}
      actions={
        <Tag tone={SYNC_TONES[state]} dot={state === 'receiving' ? 'beats' : true}>
          {t(`syncState.${state}`)}
        </Tag>
      }
    >
      <Stack gap={10}>
        <PageBar sync={lastSync} />
        <Group gap="4px 20px">
          <Text size="sm">
            {state === 'done'
              ? tn('sync.allPages', pages)
              : t('sync.pagesIn', {
                  n: countPages(lastSync),
                  of: pages,
                  which: rangesOf(pagesIn),
                })}
          </Text>
          <Text size="sm">{tn('sync.memberCount', members)}</Text>
          {state === 'done' && <Text size="sm">{t('sync.changed', { added, removed })}</Text>}
        </Group>
        <Text size="sm" c="dimmed">
          {t(`syncState.${state}.about`)}
        </Text>
      </Stack>
    </Card>
  );
}
