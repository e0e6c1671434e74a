import { Button, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Session } from '../../api.ts';
import { call, trust } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Failure } from '../../parts/basics.tsx';
import { say } from '../../parts/say.ts';
import { sessionQuery } from '../../queries.ts';
import { PasswordField, useNewPassword } from '../../shell/password-fields.tsx';
import { useSession } from '../../shell/session.ts';

export function Password(): ReactNode {
  const { t } = useI18n();
  const { user, passwordNeeded } = useSession();
  const client = useQueryClient();
  const [current, setCurrent] = useState('');
  const next = useNewPassword(t('password.new'));
  const change = useMutation({
    mutationFn: () =>
      call<Session>('PUT', '/session/password', {
        body: { ...(passwordNeeded ? {} : { current }), new: next.value },
      }),
    onSuccess(session) {
      // The session is a new one, and so is what its calls must carry.
      client.setQueryData(sessionQuery.queryKey, trust(session));
      say(t('password.changed'));
      setCurrent('');
      next.clear();
    },
  });
  return (
    <Card title={t('password.change')} about={t('password.about')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
        style={{ maxWidth: 380 }}
      >
        <Stack gap="sm">
          {change.error !== null && <Failure error={change.error} />}
          <input type="hidden" name="username" autoComplete="username" value={user.name} readOnly />
          {!passwordNeeded && (
            <PasswordField
              label={t('password.current')}
              autoComplete="current-password"
              withAsterisk={false}
              value={current}
              onChange={setCurrent}
            />
          )}
          {next.fields}
          <Button
            type="submit"
            style={{ alignSelf: 'flex-start' }}
            loading={change.isPending}
            disabled={(current === '' && !passwordNeeded) || !next.isGood}
          >
            {t('password.change')}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
