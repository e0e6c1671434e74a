import { Button, Group, Modal, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useI18n } from '../i18n/i18n.tsx';
import { Failure } from './basics.tsx';
import { useFocusBack } from './use-focus-back.ts';

interface ConfirmProps {
  readonly title: string;
  readonly opened: boolean;
  onClose(): void;
  onConfirm(): void;
  readonly confirm: string;
  readonly isDangerous?: boolean;
  readonly isBusy?: boolean;
  readonly isDisabled?: boolean;
  readonly error?: unknown;
  readonly children: ReactNode;
  readonly size?: string;
}

/** Asks before something is done that can't be taken back lightly. */
export function Confirm(props: ConfirmProps): ReactNode {
  const { t } = useI18n();
  useFocusBack(props.opened);
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      returnFocus={false}
      title={props.title}
      size={props.size ?? 'md'}
      centered
      closeButtonProps={{ 'aria-label': t('close') }}
      styles={{ title: { fontWeight: 620 } }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          props.onConfirm();
        }}
      >
        <Stack gap="md">
          {props.children}
          {props.error !== undefined && props.error !== null && <Failure error={props.error} />}
          <Group justify="flex-end" gap={8}>
            <Button variant="default" onClick={props.onClose}>
              {t('cancel')}
            </Button>
            <Button
              type="submit"
              loading={props.isBusy ?? false}
              disabled={props.isDisabled ?? false}
              {...(props.isDangerous ? { color: 'red.8' } : {})}
            >
              {props.confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
