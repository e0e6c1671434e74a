import { Stack, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { Note } from '../../parts/basics.tsx';
import { Choices } from './choices.tsx';
import { useForm, useValue } from './form.ts';
import { textIn } from './spec.ts';

/** The UTC hour of a moment, as `YYYY-MM-DD-HH`. */
export function hourOf(at: Date): string {
  return at.toISOString().slice(0, 13).replace('T', '-');
}

/** How far back to begin. Braze's own connector knows no past. */
export function Backfill(): ReactNode {
  const { t } = useI18n();
  const form = useForm();
  const since = useValue(['since']);
  const isPushed = textIn(form.spec, ['source', 'kind']) === 'inbox';
  const moment = typeof since === 'string' ? since : '';
  // An hour is what "from now on" stores; a person picks a day.
  const mode = moment === '' ? 'all' : moment.length > 10 ? 'now' : 'date';
  if (isPushed) return <Note>{t('backfill.pushed')}</Note>;
  return (
    <Stack gap="md">
      <Choices
        label={t('backfill.label')}
        value={mode}
        isReadOnly={form.isReadOnly}
        onChange={(value) => {
          const now = new Date();
          if (value === 'all') form.set(['since'], undefined);
          if (value === 'now') form.set(['since'], hourOf(now));
          if (value === 'date')
            form.set(['since'], hourOf(new Date(now.getTime() - 30 * 86_400_000)).slice(0, 10));
        }}
        choices={(['all', 'date', 'now'] as const).map((value) => ({
          value,
          title: t(`backfill.${value}`),
          about: t(`backfill.${value}.about`),
        }))}
      />
      {mode === 'date' && (
        <TextInput
          type="date"
          label={t('backfill.since')}
          description={t('backfill.utc')}
          maw={240}
          readOnly={form.isReadOnly}
          value={moment}
          max={new Date().toISOString().slice(0, 10)}
          error={form.fault(['since']) ?? null}
          onChange={({ currentTarget }) =>
            currentTarget.value !== '' && form.set(['since'], currentTarget.value)
          }
        />
      )}
    </Stack>
  );
}
