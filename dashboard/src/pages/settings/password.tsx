import { Button, PasswordInput, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Failure } from '../../parts/basics.tsx';
import { say } from '../../parts/say.ts';
import { PASSWORD_LENGTH } from '../../shell/password.ts';
import { useSession } from '../../shell/session.ts';

export function Password(): ReactNode {
  const { t } = useI18n();
  const { user } = useSession();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const change = useMutation({
    mutationFn: () => call('PUT', '/session/password', { body: { current, new: next } }),
    onSuccess() {
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
          <PasswordInput
            label={t('password.current')}
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={current}
            onChange={({ currentTarget }) => setCurrent(currentTarget.value)}
            visibilityToggleButtonProps={show}
          />
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
            disabled={current === '' || isShort || next === '' || again !== next}
          >
            {t('password.change')}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
