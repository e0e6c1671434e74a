import { Group, Stack, Text, TextInput, type TextInputProps } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ApiError, call, codeOf } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Note } from '../../parts/basics.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { say } from '../../parts/say.ts';
import { of } from '../../queries.ts';

interface JobDialogProps {
  readonly name: string;
  readonly kind: 'backfill' | 'replay';
  readonly opened: boolean;
  onClose(): void;
}

/** The two fields stand side by side: what is said of them goes below, so that they stay on one line. */
const DATE_ORDER: NonNullable<TextInputProps['inputWrapperOrder']> = [
  'label',
  'input',
  'description',
  'error',
];

/** Orders a stretch of hours to be read once more, or for the first time. */
export function JobDialog({ name, kind, opened, onClose }: JobDialogProps): ReactNode {
  const { t } = useI18n();
  const client = useQueryClient();
  const [since, setSince] = useState('');
  const [until, setUntil] = useState('');
  const order = useMutation({
    mutationFn: (confirm: boolean) =>
      call('POST', of(name, 'jobs'), {
        body: { kind, since, ...(until === '' ? {} : { until }), ...(confirm ? { confirm } : {}) },
      }),
    async onSuccess() {
      say(t(`job.${kind}.said`));
      close();
      await client.invalidateQueries({ queryKey: ['connections', 'one', name] });
    },
  });
  const close = () => {
    order.reset();
    onClose();
  };
  const asks = codeOf(order.error) === 'needs_confirmation' ? order.error : null;
  return (
    <Confirm
      title={t(`job.${kind}`)}
      opened={opened}
      onClose={close}
      onConfirm={() => order.mutate(asks !== null)}
      confirm={t(asks ? 'job.anyway' : `job.${kind}.start`)}
      isBusy={order.isPending}
      isDisabled={since === ''}
      error={asks ? undefined : order.error}
    >
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {t(`job.${kind}.about`)}
        </Text>
        <Group grow align="flex-start">
          <TextInput
            type="date"
            data-autofocus
            inputWrapperOrder={DATE_ORDER}
            label={t('job.since')}
            description={t('backfill.utc')}
            required
            value={since}
            onChange={({ currentTarget }) => {
              order.reset();
              setSince(currentTarget.value);
            }}
          />
          <TextInput
            type="date"
            inputWrapperOrder={DATE_ORDER}
            label={t('job.until')}
            description={t('job.untilAbout')}
            value={until}
            min={since}
            onChange={({ currentTarget }) => {
              order.reset();
              setUntil(currentTarget.value);
            }}
          />
        </Group>
        {asks && (
          <Note tone="warn" role="alert" title={t('job.confirm')}>
            {asks.message}
            {asks instanceof ApiError && asks.hint !== undefined && <div>{asks.hint}</div>}
          </Note>
        )}
      </Stack>
    </Confirm>
  );
}
