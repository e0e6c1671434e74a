import { Button, Group, SimpleGrid, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconEye } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Preview as Answer, PreviewLine } from '../../api.ts';
import { call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Empty, Failure, Note, Tag, type Tone, Waiting } from '../../parts/basics.tsx';
import { flatEvent, JsonView } from '../../parts/json-view.tsx';
import { useForm, useOwner } from './form.ts';
import styles from './preview.module.css';
import { textIn } from './spec.ts';

const TONES: Readonly<Record<PreviewLine['outcome'], Tone>> = {
  event: 'ok',
  skip: 'mute',
  'dead-letter': 'bad',
};

/** Real events, as Braze wrote them and as Mixpanel will get them. Nothing is sent. */
export function Preview(): ReactNode {
  const { t } = useI18n();
  const { spec, isReadOnly } = useForm();
  const owner = useOwner();
  const { source, settings = {}, salt } = spec;
  const [asked, setAsked] = useState(!isReadOnly);
  const query = useQuery({
    queryKey: ['preview', owner, source, settings, salt],
    queryFn: ({ signal }) =>
      call<Answer>('POST', '/preview', {
        body: {
          ...owner,
          source,
          settings,
          limit: 20,
          ...(salt === undefined ? {} : { salt }),
        },
        signal,
      }),
    enabled: asked && textIn(source, ['kind']) !== '',
    staleTime: Infinity,
    retry: false,
  });
  if (textIn(source, ['kind']) === '') return <Empty title={t('preview.noSource')} />;
  if (!asked)
    return (
      <Button
        variant="default"
        leftSection={<IconEye size={16} aria-hidden />}
        onClick={() => setAsked(true)}
      >
        {t('preview.show')}
      </Button>
    );
  if (query.error && !query.data)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Waiting rows={2} height={160} />;
  const { lines, note } = query.data;
  return (
    <Stack gap="md">
      <Group justify="space-between" gap="xs">
        <Text size="sm" c="dimmed">
          {t('preview.about')}
        </Text>
        <Button
          size="xs"
          variant="default"
          loading={query.isFetching}
          onClick={() => void query.refetch()}
        >
          {t('preview.again')}
        </Button>
      </Group>
      {note !== undefined && <Note>{note}</Note>}
      {lines.length === 0 ? <Empty title={t('preview.none')} /> : <Lines lines={lines} />}
    </Stack>
  );
}

function Lines({ lines }: { readonly lines: readonly PreviewLine[] }): ReactNode {
  const { t } = useI18n();
  const [chosen, setIndex] = useState<number>();
  // What is sent says more than what is not.
  const sent = lines.findIndex(({ outcome }) => outcome === 'event');
  const line = lines[chosen ?? sent] ?? lines[0]!;
  return (
    <div className={styles['preview']}>
      <ul className={styles['list']} aria-label={t('preview.records')}>
        {lines.map((each, i) => (
          <li key={i}>
            <UnstyledButton
              className={styles['line']}
              aria-current={each === line}
              onClick={() => setIndex(i)}
            >
              <span className="clip">{shortName(each)}</span>
              <Tag tone={TONES[each.outcome]}>{t(`outcome.${each.outcome}`)}</Tag>
            </UnstyledButton>
          </li>
        ))}
      </ul>
      <div aria-live="polite" style={{ minWidth: 0 }}>
        <Text size="xs" c="dimmed" className="mono" mb={10}>
          {line.type}
        </Text>
        <BeforeAfter line={line} />
      </div>
    </div>
  );
}

function shortName({ type, after }: PreviewLine): string {
  return typeof after?.['event'] === 'string' ? after['event'] : type;
}

function BeforeAfter({ line }: { readonly line: PreviewLine }): ReactNode {
  const { t, known } = useI18n();
  const after = line.after && flatEvent(line.after);
  const was = new Set(Object.keys(line.before));
  const is = new Set(Object.keys(after ?? {}));
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
      <div>
        <Text size="sm" fw={600} mb={6}>
          {t('preview.before')}
        </Text>
        <JsonView
          value={line.before}
          label={t('preview.before')}
          {...(after ? { marks: { kind: 'gone' as const, keys: without(was, is) } } : {})}
        />
      </div>
      <div>
        <Text size="sm" fw={600} mb={6}>
          {t('preview.after')}
        </Text>
        {after ? (
          <JsonView
            value={after}
            label={t('preview.after')}
            marks={{ kind: 'new', keys: without(is, was) }}
          />
        ) : (
          <Note
            tone={TONES[line.outcome]}
            title={t(line.outcome === 'skip' ? 'preview.skipped' : 'preview.deadLetter')}
          >
            {line.reason !== undefined && known(`skip.${line.reason}`, line.reason)}
            {line.cause !== undefined && known(`cause.${line.cause}`, line.cause)}
            {line.detail !== undefined && <div>{line.detail}</div>}
          </Note>
        )}
      </div>
    </SimpleGrid>
  );
}

function without(some: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...some].filter((each) => !others.has(each)));
}
