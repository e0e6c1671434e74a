import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import type { EventType } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Tag } from '../../parts/basics.tsx';

/** What a person should know of an event type before choosing it. */
export function EventTags({
  event,
}: {
  readonly event: Pick<EventType, 'pii' | 'mtuExempt' | 'status'>;
}): ReactNode {
  const { t } = useI18n();
  return (
    <>
      {event.pii && (
        <Tooltip label={t('pii.about')} multiline maw={280}>
          <span>
            <Tag tone="warn">{t('pii')}</Tag>
          </span>
        </Tooltip>
      )}
      {event.mtuExempt && (
        <Tooltip label={t('mtu.about')} multiline maw={280}>
          <span>
            <Tag tone="ok">{t('mtu')}</Tag>
          </span>
        </Tooltip>
      )}
      {event.status !== 'documented' && (
        <Tooltip label={t(`status.${event.status}.about`)} multiline maw={280}>
          <span>
            <Tag>{t(`status.${event.status}`)}</Tag>
          </span>
        </Tooltip>
      )}
    </>
  );
}
