import { Button, Divider, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Session } from '../api.ts';
import { call, codeOf, urlOf } from '../client.ts';
import { useI18n } from '../i18n/i18n.tsx';
import { Failure, Note } from '../parts/basics.tsx';
import { Door } from './door.tsx';
import { PasswordField } from './password-fields.tsx';

interface SignInProps {
  readonly oidc: boolean;
  readonly version: string;
  /** Why the one-time link of the address did not work. */
  readonly linkError: unknown;
  onDone(session: Session): void;
}

export function SignIn({ oidc, version, linkError, onDone }: SignInProps): ReactNode {
  const { t } = useI18n();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: () => call<Session>('POST', '/session', { body: { name, password } }),
    onSuccess: onDone,
    onError: () => setPassword(''),
  });
  return (
    <Door title={t('signIn.title')} about={t('signIn.about')} version={version}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          signIn.mutate();
        }}
      >
        <Stack gap="sm">
          {linkError !== undefined && !signIn.error && (
            <Note tone="warn" role="alert" title={t('signIn.linkFailed')}>
              {t('signIn.linkFailedHint')}
            </Note>
          )}
          {signIn.error !== null &&
            (codeOf(signIn.error) === 'wrong_credentials' ? (
              <Note tone="bad" role="alert">
                {t('signIn.wrong')}
              </Note>
            ) : (
              <Failure error={signIn.error} />
            ))}
          <TextInput
            label={t('user.name')}
            autoComplete="username"
            required
            withAsterisk={false}
            data-autofocus
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <PasswordField
            label={t('user.password')}
            autoComplete="current-password"
            withAsterisk={false}
            value={password}
            onChange={setPassword}
          />
          <Button type="submit" mt={6} loading={signIn.isPending}>
            {t('signIn.button')}
          </Button>
          {oidc && (
            <>
              <Divider label={t('or')} />
              <Button variant="default" component="a" href={urlOf('/oidc/start')}>
                {t('signIn.oidc')}
              </Button>
            </>
          )}
        </Stack>
      </form>
    </Door>
  );
}
