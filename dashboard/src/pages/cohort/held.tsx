import { Button, Group, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { CohortDetail } from '../../api.ts';
import { call } from '../../client.ts';
import { COHORTS, cohortPath } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Note } from '../../parts/basics.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { say } from '../../parts/say.ts';
import { useMay } from '../../shell/session.ts';

/** Removals that wait for a person: how many, why, and the way to let them go. */
export function Held({ cohort }: { readonly cohort: CohortDetail }): ReactNode {
  const { t, format } = useI18n();
  const mayEdit = useMay('editor');
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isOpen, setOpen] = useState(false);
  const { id, name, held } = cohort;
  const approve = useMutation({
    mutationFn: () => call('POST', cohortPath(id, 'approve')),
    async onSuccess() {
      say(t('held.said', { name }));
      setOpen(false);
      await client.invalidateQueries({ queryKey: COHORTS });
    },
  });
  if (!held) return null;
  if (held.why === 'full')
    return (
      <Note tone="bad" role="alert" title={t('held.full')}>
        {t('held.fullAbout')}
      </Note>
    );
  const { removes, inBraze, why, since } = held;
  const values = { removes, of: inBraze, share: format.percent(removes / Math.max(1, inBraze)) };
  return (
    <Note tone="warn" role="alert" title={t('held.title', values)}>
      {t(`held.${why}`, values)} {t('held.about', { time: format.ago(since) })}
      <Group gap={8} mt={10}>
        {mayEdit && (
          <Button size="sm" onClick={() => setOpen(true)}>
            {t('held.approve')}
          </Button>
        )}
        <Button
          size="sm"
          variant="default"
          onClick={() =>
            void navigate({
              to: '/cohorts/$id',
              params: { id: String(id) },
              search: { tab: 'pending' },
              resetScroll: false,
            })
          }
        >
          {t('held.look')}
        </Button>
      </Group>
      {!mayEdit && <Text size="sm">{t('held.viewer')}</Text>}
      <Confirm
        title={t('held.confirm')}
        opened={isOpen}
        onClose={() => setOpen(false)}
        onConfirm={() => approve.mutate()}
        confirm={t('held.approve')}
        isDangerous
        isBusy={approve.isPending}
        error={approve.error}
      >
        <Text size="sm">{t('held.confirmAbout', values)}</Text>
        <Text size="sm" c="dimmed">
          {t('held.back')}
        </Text>
      </Confirm>
    </Note>
  );
}
