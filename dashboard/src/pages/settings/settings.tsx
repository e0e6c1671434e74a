import { Tabs } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Role } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { PageHead } from '../../parts/basics.tsx';
import { TabList } from '../../parts/tab-list.tsx';
import { may, useSession } from '../../shell/session.ts';
import { Alerts } from './alerts.tsx';
import { Audit } from './audit.tsx';
import { Password } from './password.tsx';
import { Service } from './service.tsx';
import { Tokens } from './tokens.tsx';
import { Users } from './users.tsx';

const TABS = ['service', 'alerts', 'users', 'tokens', 'audit', 'password'] as const;
/** The role that is needed to see it. */
const NEEDS: Readonly<Partial<Record<(typeof TABS)[number], Role>>> = {
  users: 'admin',
  tokens: 'editor',
  audit: 'admin',
};

export function Settings(): ReactNode {
  const { t } = useI18n();
  const { user } = useSession();
  const navigate = useNavigate();
  const { tab } = useSearch({ from: '/settings' });
  const tabs = TABS.filter((each) => may(user.role, NEEDS[each] ?? 'viewer'));
  const shown = tabs.find((each) => each === tab) ?? 'service';
  return (
    <>
      <PageHead title={t('settings.title')} />
      <Tabs
        value={shown}
        keepMounted={false}
        onChange={(next) =>
          void navigate({
            to: '/settings',
            search: next === null ? {} : { tab: next },
            replace: true,
          })
        }
      >
        <TabList tabs={tabs} shown={shown} labelOf={(each) => t(`settings.${each}`)} />
        <Tabs.Panel value="service">
          <Service />
        </Tabs.Panel>
        <Tabs.Panel value="alerts">
          <Alerts />
        </Tabs.Panel>
        <Tabs.Panel value="users">
          <Users />
        </Tabs.Panel>
        <Tabs.Panel value="tokens">
          <Tokens />
        </Tabs.Panel>
        <Tabs.Panel value="audit">
          <Audit />
        </Tabs.Panel>
        <Tabs.Panel value="password">
          <Password />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
