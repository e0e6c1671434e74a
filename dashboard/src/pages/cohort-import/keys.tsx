import { Button, Group, Modal, NumberInput, Stack, Text, TextInput } from '@mantine/core';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useRef, useState } from 'react';
import type { ImportKey, NewImportKey } from '../../api.ts';
import { call } from '../../client.ts';
import { importPath, IMPORTS, keysQuery } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Empty, Loaded, Note, Tag } from '../../parts/basics.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { CopyField } from '../../parts/copy.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { sayFailure } from '../../parts/say.ts';
import { useFocusBack } from '../../parts/use-focus-back.ts';
import { urlWithKey } from './webhook.ts';

interface KeysProps {
  readonly name: string;
  readonly receiveUrl: string;
  onMade(key: string): void;
}

/** Keys that let Mixpanel in. A key is shown once. */
export function Keys({ name, receiveUrl, onMade }: KeysProps): ReactNode {
  const { t, format } = useI18n();
  const client = useQueryClient();
  const query = useQuery(keysQuery(name));
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<NewImportKey>();
  const create = useRef<HTMLButtonElement>(null);
  useFocusBack(made !== undefined, create);
  const take = (key: NewImportKey) => {
    setMade(key);
    onMade(key.key);
    void client.invalidateQueries({ queryKey: IMPORTS });
  };
  const close = () => setMade(undefined);
  return (
    <Card
      flush
      title={t('keys.title')}
      about={t('keys.about')}
      actions={
        <Button
          ref={create}
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setOpen(true)}
        >
          {t('keys.add')}
        </Button>
      }
    >
      <Loaded query={query} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={<IconKey size={32} stroke={1.5} />} title={t('keys.none')}>
              {t('keys.noneText')}
            </Empty>
          ) : (
            <Rows
              label={t('keys.title')}
              columns="minmax(170px, 1fr) 150px 150px 130px 190px"
              heads={[t('keys.key'), t('keys.created'), t('tokens.used'), t('cohorts.state'), '']}
            >
              <div role="rowgroup">
                {items.map((each) => (
                  <KeyRow key={each.id} given={each} onMade={take} />
                ))}
              </div>
            </Rows>
          )
        }
      </Loaded>
      {isOpen && <AddKey name={name} onClose={() => setOpen(false)} onMade={take} />}
      <Modal
        opened={made !== undefined}
        onClose={close}
        returnFocus={false}
        title={t('keys.made')}
        centered
        size="lg"
        closeButtonProps={{ 'aria-label': t('close') }}
        styles={{ title: { fontWeight: 620 } }}
      >
        <Stack gap="md">
          <Note tone="warn">{t('tokens.once')}</Note>
          <CopyField label={t('keys.url')} value={made ? urlWithKey(receiveUrl, made.key) : ''} />
          <CopyField label={t('keys.keyAlone')} value={made?.key ?? ''} />
          {made?.oldEndsAt !== undefined && (
            <Text size="sm" c="dimmed">
              {t('keys.oldEnds', { time: format.dateTime(made.oldEndsAt) })}
            </Text>
          )}
          <Button onClick={close}>{t('tokens.kept')}</Button>
        </Stack>
      </Modal>
    </Card>
  );
}

function KeyRow({
  given,
  onMade,
}: {
  readonly given: ImportKey;
  onMade(key: NewImportKey): void;
}): ReactNode {
  const { t, format } = useI18n();
  const client = useQueryClient();
  const [open, setOpen] = useState<'rotate' | 'end'>();
  const close = () => setOpen(undefined);
  const { id, note, hint, createdAt, usedAt, endsAt } = given;
  const name = note === '' ? `${hint}…` : note;
  const hasEnded = endsAt !== null && Date.parse(endsAt) <= Date.now();
  const end = useMutation({
    mutationFn: () => call('DELETE', importPath(given.import, 'keys', id)),
    onSuccess: close,
    onError: sayFailure,
    onSettled: () => client.invalidateQueries({ queryKey: IMPORTS }),
  });
  return (
    <div className="row" role="row">
      <Cell wide>
        <span style={{ fontWeight: 600 }}>{note === '' ? t('keys.noNote') : note}</span>
        <Text size="xs" c="dimmed" className="mono">
          {hint}…
        </Text>
      </Cell>
      <Cell label={t('keys.created')}>{format.date(createdAt)}</Cell>
      <Cell label={t('tokens.used')}>{usedAt === null ? t('never') : format.ago(usedAt)}</Cell>
      <Cell wide label={t('cohorts.state')}>
        {hasEnded ? (
          <Tag>{t('keys.ended')}</Tag>
        ) : endsAt === null ? (
          <Tag tone="ok">{t('keys.good')}</Tag>
        ) : (
          <Tag tone="warn">{t('keys.ends', { time: format.ago(endsAt) })}</Tag>
        )}
      </Cell>
      <Cell end wide>
        {!hasEnded && (
          <Group gap={4} wrap="nowrap">
            <Button
              size="compact-sm"
              variant="subtle"
              onClick={() => setOpen('rotate')}
              aria-label={t('keys.rotateOf', { name })}
            >
              {t('keys.rotate')}
            </Button>
            <Button
              size="compact-sm"
              variant="subtle"
              c="var(--mantine-color-error)"
              onClick={() => setOpen('end')}
              aria-label={t('keys.endOf', { name })}
            >
              {t('keys.end')}
            </Button>
          </Group>
        )}
        {open === 'rotate' && <RotateKey given={given} onClose={close} onMade={onMade} />}
        <Confirm
          title={t('keys.endOf', { name })}
          opened={open === 'end'}
          onClose={close}
          onConfirm={() => end.mutate()}
          confirm={t('keys.end')}
          isDangerous
          isBusy={end.isPending}
        >
          {t('keys.endAbout')}
        </Confirm>
      </Cell>
    </div>
  );
}

function AddKey({
  name,
  onClose,
  onMade,
}: {
  readonly name: string;
  onClose(): void;
  onMade(key: NewImportKey): void;
}): ReactNode {
  const { t } = useI18n();
  const [note, setNote] = useState('');
  const add = useMutation({
    mutationFn: () => call<NewImportKey>('POST', importPath(name, 'keys'), { body: { note } }),
    onSuccess(key) {
      onClose();
      onMade(key);
    },
  });
  return (
    <Confirm
      title={t('keys.add')}
      opened
      onClose={onClose}
      onConfirm={() => add.mutate()}
      confirm={t('keys.add')}
      isBusy={add.isPending}
      error={add.error}
    >
      <TextInput
        data-autofocus
        label={t('keys.note')}
        description={t('keys.noteAbout')}
        maxLength={200}
        autoComplete="off"
        value={note}
        onChange={({ currentTarget }) => setNote(currentTarget.value)}
      />
    </Confirm>
  );
}

const HOURS = { most: 168, usual: 24 } as const;

function RotateKey({
  given,
  onClose,
  onMade,
}: {
  readonly given: ImportKey;
  onClose(): void;
  onMade(key: NewImportKey): void;
}): ReactNode {
  const { t } = useI18n();
  const [hours, setHours] = useState<string | number>(HOURS.usual);
  const rotate = useMutation({
    mutationFn: () =>
      call<NewImportKey>('POST', importPath(given.import, 'keys', given.id, 'rotate'), {
        body: { hours },
      }),
    onSuccess(key) {
      onClose();
      onMade(key);
    },
  });
  return (
    <Confirm
      title={t('keys.rotateOf', { name: given.note === '' ? `${given.hint}…` : given.note })}
      opened
      onClose={onClose}
      onConfirm={() => rotate.mutate()}
      confirm={t('keys.rotate')}
      isBusy={rotate.isPending}
      isDisabled={typeof hours !== 'number'}
      error={rotate.error}
    >
      <Text size="sm">{t('keys.rotateAbout')}</Text>
      <NumberInput
        data-autofocus
        label={t('keys.hours')}
        description={t('keys.hoursAbout')}
        min={0}
        max={HOURS.most}
        value={hours}
        onChange={setHours}
      />
    </Confirm>
  );
}
