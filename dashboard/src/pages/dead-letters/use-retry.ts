import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { RetryResult } from '../../api.ts';
import { call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { sayFailure } from '../../parts/say.ts';

/** Of these only raw bytes are kept: a retry does nothing for them. */
const HOPELESS: ReadonlySet<string> = new Set([
  'corrupt_block',
  'bad_checksum',
  'block_too_large',
  'bad_block_header',
  'bad_sync_marker',
]);

export function canBeRetried(cause: string): boolean {
  return !HOPELESS.has(cause);
}

/** Which dead letters are meant. */
export type Which =
  | { readonly ids: readonly number[] }
  | {
      readonly filter: {
        readonly connection: string;
        readonly cause?: string;
        readonly eventType?: string;
      };
    };

/** Sends dead letters again, and says what came of it. */
export function useRetry() {
  const { t } = useI18n();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (which: Which) => call<RetryResult>('POST', '/dead-letters/retry', { body: which }),
    onSuccess({ delivered, skipped, refused, halted }) {
      notifications.show({
        title: t('retry.done'),
        message: halted ?? t('retry.result', { delivered, skipped, refused }),
        color: halted !== undefined || refused > 0 ? 'orange' : 'teal',
        withBorder: true,
        autoClose: 10_000,
      });
    },
    onError: sayFailure,
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ['dead-letters'] });
      await client.invalidateQueries({ queryKey: ['connections'] });
    },
  });
}
