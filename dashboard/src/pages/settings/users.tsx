import { Button, Menu, Select, Stack, TextInput } from '@mantine/core';
import { IconDots, IconUserPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Role, User } from '../../api.ts';
import { call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Loaded, Tag } from '../../parts/basics.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { say, sayFailure } from '../../parts/say.ts';
import { usersQuery } from '../../queries.ts';
import { PASSWORD_LENGTH, PasswordField } from '../../shell/password-fields.tsx';
import { useSession } from '../../shell/session.ts';
import { RoleSelect } from './role-select.tsx';

export function Users(): ReactNode {
  const { t } = useI18n();
  const query = useQuery(usersQuery);
  const [isOpen, setOpen] = useState(false);
  return (
    <Card
      flush
      title={t('settings.users')}
      about={t('users.about')}
      actions={
        <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setOpen(true)}>
          {t('users.add')}
        </Button>
      }
    >
      <Loaded query={query} rows={3}>
        {({ items }) => (
          <Rows
            label={t('settings.users')}
            columns="minmax(160px, 1fr) 170px 160px 160px 44px"
            heads={[t('user.name'), t('users.role'), t('users.seen'), t('users.created'), '']}
          >
            <div role="rowgroup">
              {items.map((user) => (
                <UserRow key={user.name} user={user} />
              ))}
            </div>
          </Rows>
        )}
      </Loaded>
      {isOpen && <AddUser onClose={() => setOpen(false)} />}
    </Card>
  );
}

function useChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({
      method,
      name,
      body,
    }: {
      method: 'PATCH' | 'DELETE';
      name: string;
      body?: object;
    }) => call(method, `/users/${encodeURIComponent(name)}`, body ? { body } : {}),
    onError: sayFailure,
    onSettled: () => client.invalidateQueries({ queryKey: usersQuery.queryKey }),
  });
}

function UserRow({ user }: { readonly user: User }): ReactNode {
  const { t, format } = useI18n();
  const { user: self } = useSession();
  const change = useChange();
  const [isOpen, setOpen] = useState(false);
  const isSelf = user.name === self.name;
  return (
    <div className="row" role="row">
      <Cell wide>
        <span style={{ fontWeight: 600 }}>{user.name}</span>{' '}
        {isSelf && <Tag tone="accent">{t('users.you')}</Tag>}{' '}
        {user.disabled && <Tag>{t('users.disabled')}</Tag>}{' '}
        {user.signIn === 'oidc' && <Tag tone="info">{t('users.oidc')}</Tag>}
      </Cell>
      <Cell wide label={t('users.role')}>
        {isSelf && t(`role.${user.role}`)}
        {!isSelf && (
          <Select
            aria-label={t('users.roleOf', { name: user.name })}
            size="xs"
            w={150}
            allowDeselect={false}
            data={(['admin', 'editor', 'viewer'] as const).map((value) => ({
              value,
              label: t(`role.${value}`),
            }))}
            value={user.role}
            onChange={(role) =>
              role !== null && change.mutate({ method: 'PATCH', name: user.name, body: { role } })
            }
          />
        )}
      </Cell>
      <Cell label={t('users.seen')}>
        {user.lastSeenAt === null ? t('never') : format.ago(user.lastSeenAt)}
      </Cell>
      <Cell label={t('users.created')}>{format.date(user.createdAt)}</Cell>
      <Cell end corner>
        {!isSelf && (
          <Menu position="bottom-end" withinPortal>
            <Menu.Target>
              <Button
                variant="subtle"
                color="gray"
                c="dimmed"
                size="compact-sm"
                px={6}
                aria-label={t('users.more', { name: user.name })}
              >
                <IconDots size={18} />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                onClick={() =>
                  change.mutate({
                    method: 'PATCH',
                    name: user.name,
                    body: { disabled: !user.disabled },
                  })
                }
              >
                {t(user.disabled ? 'users.enable' : 'users.disable')}
              </Menu.Item>
              <Menu.Item c="var(--mantine-color-error)" onClick={() => setOpen(true)}>
                {t('delete')}…
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
        <Confirm
          title={t('users.delete', { name: user.name })}
          opened={isOpen}
          onClose={() => setOpen(false)}
          onConfirm={() =>
            change.mutate(
              { method: 'DELETE', name: user.name },
              { onSettled: () => setOpen(false) },
            )
          }
          confirm={t('delete')}
          isDangerous
          isBusy={change.isPending}
        >
          {t('users.deleteAbout')}
        </Confirm>
      </Cell>
    </div>
  );
}

function AddUser({ onClose }: { onClose(): void }): ReactNode {
  const { t } = useI18n();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [role, setRole] = useState<Role>('editor');
  const add = useMutation({
    mutationFn: () => call('POST', '/users', { body: { name, role, password } }),
    async onSuccess() {
      say(t('users.added', { name }));
      onClose();
      await client.invalidateQueries({ queryKey: usersQuery.queryKey });
    },
  });
  return (
    <Confirm
      title={t('users.add')}
      opened
      onClose={onClose}
      onConfirm={() => add.mutate()}
      confirm={t('users.add')}
      isBusy={add.isPending}
      isDisabled={name === '' || password.length < PASSWORD_LENGTH}
      error={add.error}
    >
      <Stack gap="sm">
        <TextInput
          data-autofocus
          label={t('user.name')}
          required
          autoComplete="off"
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <RoleSelect value={role} onChange={setRole} />
        <PasswordField
          label={t('users.firstPassword')}
          description={t('password.rule', { n: PASSWORD_LENGTH })}
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
        />
      </Stack>
    </Confirm>
  );
}
