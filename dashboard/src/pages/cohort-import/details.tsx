import { Stack, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/i18n.tsx';
import { useForm, useText } from '../form/form.ts';

export function Details(): ReactNode {
  const { t } = useI18n();
  const { stored } = useForm();
  const name = useText(['name']);
  const contact = useText(['contact']);
  return (
    <Stack gap="md" maw={520}>
      <TextInput
        {...name}
        readOnly={name.readOnly || stored !== undefined}
        label={t('import.name')}
        description={t(stored === undefined ? 'import.nameAbout' : 'form.nameStays')}
        placeholder="crm"
        required
        autoComplete="off"
      />
      <TextInput
        {...contact}
        type="email"
        label={t('form.contact')}
        description={t('import.contactAbout')}
        placeholder={t('form.contactPlaceholder')}
        autoComplete="email"
      />
    </Stack>
  );
}
