import { Button, PasswordInput, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Session } from '../../api.ts';
import { call, trust } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Failure } from '../../parts/basics.tsx';
import { say } from '../../parts/say.ts';
import { sessionQuery } from '../../queries.ts';
import { PASSWORD_LENGTH } from '../../shell/password.ts';
import { useSession } from '../../shell/session.ts';

export function Password(): ReactNode {
  const { t } = useI18n();
  const { user, passwordNeeded } = useSession();
  const client = useQueryClient();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const change = useMutation({
    mutationFn: () =>
      call<Session>('PUT', '/session/password', {
        body: { ...(passwordNeeded ? {} : { current }), new: next },
      }),
    onSuccess(session) {
      // The session is a new one, and so is what its calls must carry.
      client.setQueryData(sessionQuery.queryKey, trust(session));
      say(t('password.changed'));
      setCurrent('');
      setNext('');
      setAgain('');
    },
  });
  const isShort = next !== '' && next.length < PASSWORD_LENGTH;
  const differs = again !== '' && again !== next;
  const show = { 'aria-label': t('password.show') };
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
            <PasswordInput
              label={t('password.current')}
              autoComplete="current-password"
              required
              withAsterisk={false}
              value={current}
              onChange={({ currentTarget }) => setCurrent(currentTarget.value)}
              visibilityToggleButtonProps={show}
            />
          )}
          <PasswordInput
            label={t('password.new')}
            description={t('password.rule', { n: PASSWORD_LENGTH })}
            autoComplete="new-password"
            required
            withAsterisk={false}
            value={next}
            error={isShort ? t('password.short', { n: PASSWORD_LENGTH }) : null}
            onChange={({ currentTarget }) => setNext(currentTarget.value)}
            visibilityToggleButtonProps={show}
          />
          <PasswordInput
            label={t('password.again')}
            autoComplete="new-password"
            required
            withAsterisk={false}
            value={again}
            error={differs ? t('password.differs') : null}
            onChange={({ currentTarget }) => setAgain(currentTarget.value)}
            visibilityToggleButtonProps={show}
          />
          <Button
            type="submit"
            style={{ alignSelf: 'flex-start' }}
            loading={change.isPending}
            disabled={
              (current === '' && !passwordNeeded) || isShort || next === '' || again !== next
            }
          >
            {t('password.change')}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
