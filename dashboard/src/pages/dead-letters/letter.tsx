import { Button, Group, Stack, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { DeadLetter } from '../../api.ts';
import { codeOf } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Empty, Loaded, Note } from '../../parts/basics.tsx';
import { JsonView } from '../../parts/json-view.tsx';
import { deadLetterQuery } from '../../queries.ts';
import { useMay } from '../../shell/session.ts';
import { useRetry } from './use-retry.ts';

/** One dead letter whole: what it is, what was said to it, and what to do. */
export function Letter({ id, onGone }: { readonly id: number; onGone(): void }): ReactNode {
  const { t } = useI18n();
  const query = useQuery(deadLetterQuery(id));
  if (codeOf(query.error) === 'not_found') return <Empty title={t('letter.gone')} />;
  return (
    <Loaded query={query} rows={3} height={90}>
      {(letter) => <Whole letter={letter} onGone={onGone} />}
    </Loaded>
  );
}

function Whole({ letter, onGone }: { readonly letter: DeadLetter; onGone(): void }): ReactNode {
  const { t, tn, known, format } = useI18n();
  const mayEdit = useMay('editor');
  const retry = useRetry();
  return (
    <Stack gap="md">
      <Note tone="bad" title={known(`cause.${letter.cause}`, letter.cause)}>
        {letter.detail}
      </Note>
      <Note title={t('deadLetters.whatToDo')}>
        {known(`advice.${letter.cause}`, letter.advice)}
      </Note>
      <dl
        style={{
          display: 'grid',
          gridTemplateColumns: 'auto 1fr',
          gap: '6px 16px',
          margin: 0,
          fontSize: 14,
        }}
      >
        <dt className="dim">{t('letter.connection')}</dt>
        <dd style={{ margin: 0 }}>
          <Link to="/connections/$name" params={{ name: letter.connection }}>
            {letter.connection}
          </Link>
        </dd>
        <dt className="dim">{t('types.type')}</dt>
        <dd style={{ margin: 0 }} className="mono">
          {letter.eventType}
        </dd>
        <dt className="dim">{t('letter.from')}</dt>
        <dd style={{ margin: 0 }} className="mono">
          {letter.slice}
        </dd>
        <dt className="dim">{t('deadLetters.at')}</dt>
        <dd style={{ margin: 0 }}>
          {format.dateTime(letter.at)}
          {letter.retries > 0 && ` · ${tn('letter.retries', letter.retries)}`}
        </dd>
      </dl>
      {letter.event && (
        <Part title={t('letter.event')}>
          <JsonView value={letter.event} label={t('letter.event')} />
        </Part>
      )}
      {letter.source && (
        <Part title={t('letter.record')}>
          <JsonView value={letter.source} label={t('letter.record')} />
        </Part>
      )}
      {letter.bytes !== undefined && (
        <Part title={t('letter.bytes')}>
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <pre className="json" tabIndex={0} role="region" aria-label={t('letter.bytes')}>
            {letter.bytes}
          </pre>
        </Part>
      )}
      {mayEdit && (
        <Group>
          <Button
            leftSection={<IconRefresh size={16} aria-hidden />}
            loading={retry.isPending}
            disabled={letter.kind === 'bytes'}
            onClick={() =>
              retry.mutate(
                { ids: [letter.id] },
                { onSuccess: ({ delivered, skipped }) => delivered + skipped > 0 && onGone() },
              )
            }
          >
            {t('retry')}
          </Button>
          <Text size="xs" c="dimmed" flex={1}>
            {t(`letter.retry.${letter.kind}`)}
          </Text>
        </Group>
      )}
    </Stack>
  );
}

function Part({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div>
      <Text size="sm" fw={600} mb={6}>
        {title}
      </Text>
      {children}
    </div>
  );
}
