import { Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { say } from '../../parts/say.ts';
import { of } from '../../queries.ts';

interface DeleteProps {
  readonly name: string;
  readonly opened: boolean;
  onClose(): void;
}

export function DeleteConnection({ name, opened, onClose }: DeleteProps): ReactNode {
  const { t } = useI18n();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const remove = useMutation({
    mutationFn: () => call('DELETE', of(name)),
    async onSuccess() {
      say(t('delete.said', { name }));
      await navigate({ to: '/' });
      client.removeQueries({ queryKey: ['connections', 'one', name] });
      await client.invalidateQueries({ queryKey: ['connections'] });
    },
  });
  return (
    <Confirm
      title={t('delete.title', { name })}
      opened={opened}
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      confirm={t('delete')}
      isDangerous
      isBusy={remove.isPending}
      isDisabled={typed !== name}
      error={remove.error}
    >
      <Text size="sm">{t('delete.about')}</Text>
      <TextInput
        data-autofocus
        label={t('delete.type', { name })}
        value={typed}
        autoComplete="off"
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      />
    </Confirm>
  );
}
