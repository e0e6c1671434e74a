import { Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import type { CohortDetail } from '../../api.ts';
import { call, codeOf } from '../../client.ts';
import { COHORTS, cohortPath } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Note } from '../../parts/basics.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { say } from '../../parts/say.ts';

interface ResyncProps {
  readonly cohort: CohortDetail;
  readonly opened: boolean;
  onClose(): void;
}

/** Writes everybody again; what that costs is asked for first. */
export function Resync({ cohort: { id, name }, opened, onClose }: ResyncProps): ReactNode {
  const { t } = useI18n();
  const client = useQueryClient();
  const send = (confirm: boolean) =>
    call<{ writes: number }>('POST', cohortPath(id, 'resync'), { body: { confirm } });
  const { mutate: ask, error: asked } = useMutation({ mutationFn: () => send(false) });
  const resync = useMutation({
    mutationFn: () => send(true),
    async onSuccess({ writes }) {
      say(t('resync.said', { name, n: writes }));
      onClose();
      await client.invalidateQueries({ queryKey: COHORTS });
    },
  });
  useEffect(() => {
    if (opened) ask();
  }, [opened, ask]);
  const isCost = codeOf(asked) === 'needs_confirmation';
  return (
    <Confirm
      title={t('resync.title')}
      opened={opened}
      onClose={onClose}
      onConfirm={() => resync.mutate()}
      confirm={t('resync.confirm')}
      isBusy={resync.isPending}
      isDisabled={!isCost}
      error={resync.error ?? (isCost ? undefined : asked)}
    >
      <Text size="sm">{t('resync.about')}</Text>
      <div aria-live="polite">
        {isCost && (
          <Note tone="warn" title={t('resync.cost')}>
            {asked?.message}
          </Note>
        )}
      </div>
    </Confirm>
  );
}
