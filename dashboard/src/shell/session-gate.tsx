import { Center, Loader } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import type { Session } from '../api.ts';
import { call, trust } from '../client.ts';
import { useI18n } from '../i18n/i18n.tsx';
import { startLive } from '../live.ts';
import { Failure } from '../parts/basics.tsx';
import { sessionQuery } from '../queries.ts';
import { SessionContext } from './session.ts';
import { Setup } from './setup.tsx';
import { SignIn } from './sign-in.tsx';

/** One-time token of the address, `#token=…`. It is taken out of the address at once, so that it stays in no history. */
function takeToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined;
  if (token !== undefined) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

const TOKEN = takeToken();

/** Shows the house to whoever is signed in, and the door to everybody else. */
export function SessionGate({ children }: { readonly children: ReactNode }): ReactNode {
  const { t } = useI18n();
  const client = useQueryClient();
  const session = useQuery(sessionQuery);
  const [token, setToken] = useState(TOKEN);
  const [linkError, setLinkError] = useState<unknown>();
  const enter = (entered: Session) => {
    trust(entered);
    setToken(undefined);
    client.setQueryData(sessionQuery.queryKey, entered);
  };
  const { state } = session.data ?? {};
  const isLinking = token !== undefined && state === 'signed-out';

  useEffect(() => {
    if (!isLinking) return;
    let isWanted = true;
    call<Session>('POST', '/session/link', { body: { token } }).then(
      (entered) => isWanted && enter(entered),
      (error: unknown) => {
        if (!isWanted) return;
        setToken(undefined);
        setLinkError(error);
      },
    );
    return () => {
      isWanted = false;
    };
    // `enter` is made anew with each drawing and does the same.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [isLinking, token]);

  const isIn = state === 'signed-in';
  useEffect(() => (isIn ? startLive() : undefined), [isIn]);

  if (session.error && !session.data)
    return (
      <Center mih="100vh" p="md">
        <Failure error={session.error} onRetry={() => void session.refetch()} />
      </Center>
    );
  if (!session.data || isLinking)
    return (
      <Center mih="100vh">
        <Loader aria-label={t('loading')} />
      </Center>
    );
  if (session.data.state === 'signed-in')
    return <SessionContext value={session.data}>{children}</SessionContext>;
  if (session.data.state === 'setup-needed')
    return <Setup token={token} onDone={enter} version={session.data.version} />;
  return (
    <SignIn
      oidc={session.data.oidc}
      version={session.data.version}
      linkError={linkError}
      onDone={enter}
    />
  );
}
