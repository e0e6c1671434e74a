import { Button, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { TestResult } from '../../api.ts';
import { call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Failure, Note, Tag, type Tone } from '../../parts/basics.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { of } from '../../queries.ts';

const TONES: Readonly<Record<TestResult['outcome'], Tone>> = {
  sent: 'ok',
  skipped: 'mute',
  rejected: 'bad',
  'not-sent': 'warn',
};

interface TestEventsProps {
  readonly name: string;
  readonly opened: boolean;
  onClose(): void;
}

/** One marked test event of each selected type, and what Mixpanel said to it. */
export function TestEvents({ name, opened, onClose }: TestEventsProps): ReactNode {
  const { t } = useI18n();
  const test = useMutation({
    mutationFn: () =>
      call<{ results: readonly TestResult[]; halted?: string }>('POST', of(name, 'test'), {
        body: {},
      }),
  });
  return (
    <Modal
      opened={opened}
      onClose={() => {
        test.reset();
        onClose();
      }}
      title={t('test.send')}
      size="lg"
      centered
      closeButtonProps={{ 'aria-label': t('close') }}
      styles={{ title: { fontWeight: 620 } }}
    >
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {t('test.about')}
        </Text>
        <Button
          style={{ alignSelf: 'flex-start' }}
          loading={test.isPending}
          onClick={() => test.mutate()}
        >
          {t(test.data ? 'test.again' : 'test.send')}
        </Button>
        <div aria-live="polite">
          {test.error !== null && <Failure error={test.error} />}
          {test.data?.halted !== undefined && (
            <Note tone="bad" title={t('state.halted')}>
              {test.data.halted}
            </Note>
          )}
          {test.data && test.data.results.length > 0 && <Results results={test.data.results} />}
        </div>
      </Stack>
    </Modal>
  );
}

function Results({ results }: { readonly results: readonly TestResult[] }): ReactNode {
  const { t, tn } = useI18n();
  const delivered = results.filter(({ outcome }) => outcome === 'sent').length;
  return (
    <>
      <Text size="sm" fw={600} mb={8}>
        {tn('test.delivered', delivered)}
      </Text>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div
        className="card flush"
        style={{ maxHeight: 380, overflow: 'auto' }}
        tabIndex={0}
        role="region"
        aria-label={t('test.results')}
      >
        <Rows
          label={t('test.results')}
          columns="minmax(0, 1fr) 130px"
          heads={[t('types.type'), { end: t('test.outcome') }]}
        >
          <div role="rowgroup">
            {results.map(({ type, event, outcome, detail }) => (
              <div className="row" role="row" key={type}>
                <Cell wide>
                  {event ?? type}
                  <Text size="xs" c="dimmed">
                    {detail ?? type}
                  </Text>
                </Cell>
                <Cell end>
                  <Tag tone={TONES[outcome]}>{t(`testOutcome.${outcome}`)}</Tag>
                </Cell>
              </div>
            ))}
          </div>
        </Rows>
      </div>
    </>
  );
}
