import { Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { CohortDetail } from '../../api.ts';
import { call } from '../../client.ts';
import { COHORTS, cohortPath } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { say } from '../../parts/say.ts';
import { Choices } from '../form/choices.tsx';

interface DeleteProps {
  readonly cohort: CohortDetail;
  readonly opened: boolean;
  onClose(): void;
}

/** Forgets a cohort; whether Braze is to forget it too is for a person to say. */
export function DeleteCohort({ cohort, opened, onClose }: DeleteProps): ReactNode {
  const { t } = useI18n();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { id, name, inBraze } = cohort;
  const [how, setHow] = useState('clear');
  const remove = useMutation({
    mutationFn: () =>
      call('DELETE', cohortPath(id), { query: { clear: how === 'clear' ? 'true' : 'false' } }),
    async onSuccess() {
      say(t(how === 'clear' ? 'deleteCohort.clearing' : 'delete.said', { name }));
      if (how !== 'clear') {
        await navigate({ to: '/cohorts' });
        client.removeQueries({ queryKey: [...COHORTS, 'one', id] });
      } else onClose();
      await client.invalidateQueries({ queryKey: COHORTS });
    },
  });
  return (
    <Confirm
      title={t('delete.title', { name })}
      opened={opened}
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      confirm={t('delete')}
      isDangerous
      isBusy={remove.isPending}
      error={remove.error}
    >
      <Choices
        label={t('deleteCohort.how')}
        columns={1}
        value={how}
        isReadOnly={false}
        onChange={setHow}
        choices={(['clear', 'leave'] as const).map((value) => ({
          value,
          title: t(`deleteCohort.${value}`),
          about: t(`deleteCohort.${value}.about`, { n: inBraze }),
        }))}
      />
      <Text size="sm" c="dimmed">
        {t('deleteCohort.again')}
      </Text>
    </Confirm>
  );
}
