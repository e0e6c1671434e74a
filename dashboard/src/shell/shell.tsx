import {
  AppShell,
  Burger,
  Group,
  Menu,
  NavLink,
  Text,
  UnstyledButton,
  VisuallyHidden,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconArrowsRight,
  IconBook2,
  IconLogout,
  IconMailExclamation,
  IconSettings,
  IconUserCircle,
  IconUsersGroup,
} from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';
import { call } from '../client.ts';
import { useI18n } from '../i18n/i18n.tsx';
import { useIsConnected } from '../live.ts';
import { Tag } from '../parts/basics.tsx';
import { LinkItem } from '../parts/links.tsx';
import { sayFailure } from '../parts/say.ts';
import { groupsQuery } from '../queries.ts';
import { LanguageChoice, SchemeChoice } from './choices.tsx';
import { Logo } from './logo.tsx';
import { useSession } from './session.ts';

const PAGES = [
  { to: '/', label: 'nav.currents', icon: IconArrowsRight, under: ['/connections', '/new'] },
  { to: '/dead-letters', label: 'nav.deadLetters', icon: IconMailExclamation, under: [] },
  {
    to: '/cohorts',
    label: 'nav.cohorts',
    icon: IconUsersGroup,
    under: ['/cohorts', '/cohort-imports', '/create-cohort-import'],
  },
  { to: '/events', label: 'nav.events', icon: IconBook2, under: ['/events'] },
  { to: '/settings', label: 'nav.settings', icon: IconSettings, under: [] },
] as const;

/** Navigation on the left, the page on the right; on a small screen the navigation is behind a button. */
export function Shell(): ReactNode {
  const { t } = useI18n();
  const [isOpen, { toggle, close }] = useDisclosure();
  const path = useLocation({ select: ({ pathname }) => pathname });
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    close();
    // Whoever uses a screen reader goes on at the start of the new page, not in the navigation.
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: true });
  }, [path, close]);

  return (
    <AppShell
      header={{ height: { base: 56, sm: 0 } }}
      navbar={{ width: 244, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
    >
      <a href="#page" className="skip-link" onClick={() => main.current?.focus()}>
        {t('nav.skip')}
      </a>
      <AppShell.Header hiddenFrom="sm" withBorder>
        <Group h="100%" px="md" justify="space-between">
          <Brand />
          <Burger
            opened={isOpen}
            onClick={toggle}
            size="sm"
            aria-label={isOpen ? t('nav.close') : t('nav.open')}
            aria-expanded={isOpen}
          />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label={t('nav.label')} data-away={!isOpen}>
        <AppShell.Section visibleFrom="sm" px={8} pt={8} pb={18}>
          <Brand />
        </AppShell.Section>
        <AppShell.Section grow>
          {PAGES.map(({ to, label, icon: Icon, under }) => {
            const isHere = path === to || under.some((each) => path.startsWith(each));
            return (
              <NavLink
                key={to}
                component={Link}
                to={to}
                onClick={close}
                label={t(label)}
                leftSection={<Icon size={18} stroke={1.7} aria-hidden />}
                rightSection={to === '/dead-letters' ? <DeadLetterCount /> : null}
                active={isHere}
                aria-current={isHere ? 'page' : undefined}
                styles={{
                  root: {
                    borderRadius: 8,
                    marginBottom: 2,
                    ...(isHere
                      ? { background: 'var(--s-accent-soft)', color: 'var(--s-accent)' }
                      : {}),
                  },
                  label: { fontWeight: isHere ? 600 : 500 },
                }}
              />
            );
          })}
        </AppShell.Section>
        <AppShell.Section>
          <Foot />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main
        ref={main}
        id="page"
        tabIndex={-1}
        // The open menu covers a small screen: what is behind it is out of reach.
        data-covered={isOpen}
        style={{ outline: 'none', background: 'var(--s-page)' }}
      >
        <div style={{ maxWidth: 1240, margin: '0 auto', padding: 'clamp(16px, 3vw, 36px)' }}>
          <Outlet />
        </div>
      </AppShell.Main>
    </AppShell>
  );
}

function Brand(): ReactNode {
  return (
    <UnstyledButton component={Link} to="/" aria-label="Sluice">
      <Group gap={10} wrap="nowrap">
        <Logo />
        <Text fw={650} size="lg" lh={1}>
          Sluice
        </Text>
      </Group>
    </UnstyledButton>
  );
}

function DeadLetterCount(): ReactNode {
  const { format } = useI18n();
  const { data } = useQuery(groupsQuery());
  const n = data?.items.reduce((sum, each) => sum + each.n, 0) ?? 0;
  return n > 0 ? <Tag tone="bad">{format.compact(n)}</Tag> : null;
}

function Foot(): ReactNode {
  const { t } = useI18n();
  const { user, version } = useSession();
  const client = useQueryClient();
  const isConnected = useIsConnected();
  const signOut = useMutation({
    mutationFn: () => call('DELETE', '/session'),
    onSuccess: () => {
      // Nothing of one user may be left on the page for the next.
      client.clear();
      location.assign('/');
    },
    onError: sayFailure,
  });
  return (
    <>
      <Group gap={6} px={10} pb={8} wrap="nowrap" role="status">
        <Tag tone={isConnected ? 'ok' : 'warn'} dot>
          {t(isConnected ? 'live.on' : 'live.off')}
        </Tag>
        <Text size="xs" c="dimmed">
          {version}
        </Text>
      </Group>
      <Group
        gap={0}
        wrap="nowrap"
        justify="space-between"
        style={{ borderTop: '1px solid var(--s-border)', paddingTop: 8 }}
      >
        <Menu position="top-start" width={220} withinPortal>
          <Menu.Target>
            <UnstyledButton px={10} py={6} style={{ borderRadius: 8, minWidth: 0, flex: 1 }}>
              <Group gap={8} wrap="nowrap">
                <VisuallyHidden>{t('account')}</VisuallyHidden>
                <IconUserCircle size={20} stroke={1.6} aria-hidden style={{ flex: 'none' }} />
                <div style={{ minWidth: 0 }}>
                  <Text size="sm" fw={550} lh={1.2} truncate>
                    {user.name}
                  </Text>
                  <Text size="xs" c="dimmed" lh={1.3}>
                    {t(`role.${user.role}`)}
                  </Text>
                </div>
              </Group>
            </UnstyledButton>
          </Menu.Target>
          <Menu.Dropdown>
            <LinkItem to="/settings" search={{ tab: 'password' }}>
              {t('password.change')}
            </LinkItem>
            <Menu.Item
              leftSection={<IconLogout size={16} aria-hidden />}
              onClick={() => signOut.mutate()}
            >
              {t('signOut')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
        <LanguageChoice />
        <SchemeChoice />
      </Group>
    </>
  );
}
