import { Button, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Session } from '../api.ts';
import { call } from '../client.ts';
import { useI18n } from '../i18n/i18n.tsx';
import { Failure } from '../parts/basics.tsx';
import { Door } from './door.tsx';
import { useNewPassword } from './password-fields.tsx';

/** Takes the token out of what was pasted: the token itself, or the whole link. */
export function tokenIn(text: string): string {
  const trimmed = text.trim();
  const [, fragment] = trimmed.split('#token=');
  return fragment === undefined ? trimmed : decodeURIComponent(fragment);
}

interface SetupProps {
  readonly token: string | undefined;
  readonly version: string;
  onDone(session: Session): void;
}

/** First start: the first admin chooses a password. */
export function Setup({ token: given, version, onDone }: SetupProps): ReactNode {
  const { t } = useI18n();
  const [pasted, setPasted] = useState('');
  const [name, setName] = useState('admin');
  const password = useNewPassword(t('user.password'));
  const setUp = useMutation({
    mutationFn: () =>
      call<Session>('POST', '/setup', {
        body: { token: given ?? tokenIn(pasted), name, password: password.value },
      }),
    onSuccess: onDone,
  });
  return (
    <Door title={t('setup.title')} about={t('setup.about')} version={version}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (password.isGood) setUp.mutate();
        }}
      >
        <Stack gap="sm">
          {setUp.error !== null && <Failure error={setUp.error} />}
          {given === undefined && (
            <TextInput
              label={t('setup.token')}
              description={t('setup.tokenAbout')}
              autoComplete="off"
              required
              withAsterisk={false}
              value={pasted}
              onChange={({ currentTarget }) => setPasted(currentTarget.value)}
            />
          )}
          <TextInput
            label={t('user.name')}
            autoComplete="username"
            required
            withAsterisk={false}
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          {password.fields}
          <Button type="submit" mt={6} loading={setUp.isPending}>
            {t('setup.button')}
          </Button>
        </Stack>
      </form>
    </Door>
  );
}
