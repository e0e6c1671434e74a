import { Button, Stack } from '@mantine/core';
import { IconPlugConnected } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import type { CheckResult } from '../../api.ts';
import { call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Failure, Note } from '../../parts/basics.tsx';
import { useForm, useOwner } from './form.ts';
import styles from './check.module.css';

/** Tries what was filled in, and says exactly what is wrong with it. */
export function Check({ what }: { readonly what: 'source' | 'destination' }): ReactNode {
  const { t } = useI18n();
  const { spec } = useForm();
  const owner = useOwner();
  const part = spec[what];
  const check = useMutation({
    mutationFn: () =>
      call<{ checks: readonly CheckResult[] }>('POST', '/check', {
        body: { ...owner, [what]: part },
      }),
  });
  const { reset } = check;
  // An answer is about what was filled in when it was asked.
  useEffect(() => reset(), [part, reset]);
  return (
    <Stack gap={0} align="flex-start">
      <Button
        variant="default"
        leftSection={<IconPlugConnected size={16} aria-hidden />}
        loading={check.isPending}
        onClick={() => check.mutate()}
      >
        {t(what === 'source' ? 'check.source' : 'check.destination')}
      </Button>
      <div aria-live="polite" className={styles['answers']}>
        {check.data?.checks.map(({ what, ok, detail }) => (
          <Note key={what} tone={ok ? 'ok' : 'bad'} title={t(ok ? 'check.ok' : 'check.failed')}>
            {detail}
          </Note>
        ))}
        {check.error !== null && <Failure error={check.error} />}
      </div>
    </Stack>
  );
}
