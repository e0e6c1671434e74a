import { Button, Modal, Stack, TextInput } from '@mantine/core';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useRef, useState } from 'react';
import type { ApiToken, Role } from '../../api.ts';
import { call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Loaded, Note, Tag } from '../../parts/basics.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { CopyField } from '../../parts/copy.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { sayFailure } from '../../parts/say.ts';
import { useFocusBack } from '../../parts/use-focus-back.ts';
import { tokensQuery } from '../../queries.ts';
import { useSession } from '../../shell/session.ts';
import { RoleSelect } from './role-select.tsx';

/** Keys for programs. A token is shown once. */
export function Tokens(): ReactNode {
  const { t } = useI18n();
  const query = useQuery(tokensQuery);
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<string>();
  const create = useRef<HTMLButtonElement>(null);
  useFocusBack(made !== undefined, create);
  return (
    <Card
      flush
      title={t('settings.tokens')}
      about={t('tokens.about')}
      actions={
        <Button
          ref={create}
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setOpen(true)}
        >
          {t('tokens.add')}
        </Button>
      }
    >
      <Loaded query={query} rows={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={<IconKey size={32} stroke={1.5} />} title={t('tokens.none')}>
              {t('tokens.noneText')}
            </Empty>
          ) : (
            <Rows
              label={t('settings.tokens')}
              columns="minmax(160px, 1fr) 120px 150px 150px 90px"
              heads={[t('tokens.name'), t('users.role'), t('tokens.used'), t('tokens.expires'), '']}
            >
              <div role="rowgroup">
                {items.map((token) => (
                  <TokenRow key={token.id} token={token} />
                ))}
              </div>
            </Rows>
          )
        }
      </Loaded>
      {isOpen && <AddToken onClose={() => setOpen(false)} onMade={setMade} />}
      <Modal
        opened={made !== undefined}
        onClose={() => setMade(undefined)}
        returnFocus={false}
        title={t('tokens.made')}
        centered
        closeButtonProps={{ 'aria-label': t('close') }}
        styles={{ title: { fontWeight: 620 } }}
      >
        <Stack gap="md">
          <Note tone="warn">{t('tokens.once')}</Note>
          <CopyField label={t('tokens.token')} value={made ?? ''} />
          <Button onClick={() => setMade(undefined)}>{t('tokens.kept')}</Button>
        </Stack>
      </Modal>
    </Card>
  );
}

function TokenRow({ token }: { readonly token: ApiToken }): ReactNode {
  const { t, format } = useI18n();
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const revoke = useMutation({
    mutationFn: () => call('DELETE', `/tokens/${token.id}`),
    onError: sayFailure,
    onSettled: () => client.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  });
  return (
    <div className="row" role="row">
      <Cell wide>
        <span style={{ fontWeight: 600 }}>{token.name}</span>
        <div className="dim" style={{ fontSize: 12 }}>
          {t('tokens.by', { name: token.createdBy, time: format.date(token.createdAt) })}
        </div>
      </Cell>
      <Cell label={t('users.role')}>
        <Tag>{t(`role.${token.role}`)}</Tag>
      </Cell>
      <Cell label={t('tokens.used')}>
        {token.lastUsedAt === null ? t('never') : format.ago(token.lastUsedAt)}
      </Cell>
      <Cell label={t('tokens.expires')}>
        {token.expiresAt === null ? t('tokens.noEnd') : format.date(token.expiresAt)}
      </Cell>
      <Cell end corner>
        <Button
          size="compact-sm"
          variant="subtle"
          c="var(--mantine-color-error)"
          onClick={() => setOpen(true)}
          aria-label={t('tokens.revokeOf', { name: token.name })}
        >
          {t('tokens.revoke')}
        </Button>
        <Confirm
          title={t('tokens.revokeOf', { name: token.name })}
          opened={isOpen}
          onClose={() => setOpen(false)}
          onConfirm={() => revoke.mutate()}
          confirm={t('tokens.revoke')}
          isDangerous
          isBusy={revoke.isPending}
        >
          {t('tokens.revokeAbout')}
        </Confirm>
      </Cell>
    </div>
  );
}

function AddToken({
  onClose,
  onMade,
}: {
  onClose(): void;
  onMade(token: string): void;
}): ReactNode {
  const { t } = useI18n();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const { user } = useSession();
  const [role, setRole] = useState<Role>('viewer');
  const [until, setUntil] = useState('');
  const add = useMutation({
    mutationFn: () =>
      call<ApiToken & { token: string }>('POST', '/tokens', {
        body: { name, role, ...(until === '' ? {} : { expiresAt: `${until}T00:00:00.000Z` }) },
      }),
    async onSuccess({ token }) {
      onClose();
      onMade(token);
      await client.invalidateQueries({ queryKey: tokensQuery.queryKey });
    },
  });
  return (
    <Confirm
      title={t('tokens.add')}
      opened
      onClose={onClose}
      onConfirm={() => add.mutate()}
      confirm={t('tokens.add')}
      isBusy={add.isPending}
      isDisabled={name === ''}
      error={add.error}
    >
      <Stack gap="sm">
        <TextInput
          data-autofocus
          label={t('tokens.name')}
          description={t('tokens.nameAbout')}
          required
          autoComplete="off"
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <RoleSelect most={user.role} value={role} onChange={setRole} />
        <TextInput
          type="date"
          label={t('tokens.expires')}
          description={t('tokens.expiresAbout')}
          value={until}
          min={new Date().toISOString().slice(0, 10)}
          onChange={({ currentTarget }) => setUntil(currentTarget.value)}
        />
      </Stack>
    </Confirm>
  );
}
