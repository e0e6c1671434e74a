import { Button, Stack } from '@mantine/core';
import { IconPlugConnected } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Failure, Note } from '../../parts/basics.tsx';
import { useForm } from '../form/form.ts';

/** Tries what was filled in, without side effects. */
export function CheckImport(): ReactNode {
  const { t } = useI18n();
  const { spec, stored } = useForm();
  const { destination } = spec;
  const check = useMutation({
    mutationFn: () =>
      call<{ ok: boolean; detail: string }>('POST', '/cohort-imports/check', {
        body: { ...(stored === undefined ? {} : { name: stored }), spec },
      }),
  });
  const { reset, data } = check;
  // An answer is about what was filled in when it was asked.
  useEffect(() => reset(), [destination, reset]);
  return (
    <Stack gap="sm" align="flex-start">
      <Button
        variant="default"
        leftSection={<IconPlugConnected size={16} aria-hidden />}
        loading={check.isPending}
        onClick={() => check.mutate()}
      >
        {t('import.check')}
      </Button>
      <div aria-live="polite" style={{ width: '100%' }}>
        {data && (
          <Note tone={data.ok ? 'ok' : 'bad'} title={t(data.ok ? 'check.ok' : 'check.failed')}>
            {data.detail}
          </Note>
        )}
        {check.error !== null && <Failure error={check.error} />}
      </div>
    </Stack>
  );
}
