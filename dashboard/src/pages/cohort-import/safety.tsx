import { SimpleGrid, Stack, Switch } from '@mantine/core';
import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { useForm, useValue } from '../form/form.ts';
import { USUAL } from './import-spec.ts';
import { NumberField } from './number-field.tsx';

/** When removals wait for a person, and how fast one user is written again. */
export function Safety(): ReactNode {
  const { t } = useI18n();
  const { set, isReadOnly } = useForm();
  const empties = useValue(['guard', 'empties']) !== false;
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg" verticalSpacing="md">
        <NumberField
          path={['guard', 'share']}
          label={t('guard.share')}
          about={t('guard.shareAbout')}
          usual={USUAL.share}
          min={0}
          max={100}
          unit={0.01}
          suffix=" %"
        />
        <NumberField
          path={['guard', 'atLeast']}
          label={t('guard.atLeast')}
          about={t('guard.atLeastAbout')}
          usual={USUAL.atLeast}
          min={0}
          max={1_000_000_000}
        />
      </SimpleGrid>
      <Switch
        label={t('guard.holdsEmpty')}
        description={t('guard.holdsEmptyAbout')}
        checked={empties}
        disabled={isReadOnly}
        onChange={({ currentTarget }) => set(['guard', 'empties'], currentTarget.checked)}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg" verticalSpacing="md">
        <NumberField
          path={['spacing']}
          label={t('import.spacing')}
          about={t('import.spacingAbout')}
          usual={USUAL.spacing}
          min={0}
          max={86_400}
          suffix=" s"
        />
        <NumberField
          path={['expire']}
          label={t('import.expire')}
          about={t('import.expireAbout')}
          usual={USUAL.expire}
          min={1}
          max={259_200}
          suffix=" s"
        />
      </SimpleGrid>
    </Stack>
  );
}
