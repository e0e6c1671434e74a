import { Button, Group, Menu, Tabs, Text, TextInput } from '@mantine/core';
import { IconChevronDown, IconPlayerPause, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import type { CohortImportDetail } from '../../api.ts';
import { call, codeOf } from '../../client.ts';
import { COHORTS, importPath, importQuery, IMPORTS } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Failure, Note, PageHead, Waiting } from '../../parts/basics.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { LinkButton } from '../../parts/links.tsx';
import { say, sayFailure } from '../../parts/say.ts';
import { StateTag } from '../../parts/state.tsx';
import { TabList } from '../../parts/tab-list.tsx';
import { NotFound } from '../../shell/faults.tsx';
import { useMay } from '../../shell/session.ts';
import { destinationTitle } from '../cohorts/destination-title.ts';
import { Connect } from './connect.tsx';
import { Suppressions } from './suppressions.tsx';

// The form is not needed to connect Mixpanel.
const EditImport = lazy(async () => ({ default: (await import('./edit.tsx')).EditImport }));

const TABS = ['connect', 'settings', 'suppressions'] as const;
type Tab = (typeof TABS)[number];

/** One import: how Mixpanel gets in, where its cohorts go, and who stays out of them. */
export function ImportPage(): ReactNode {
  const { name } = useParams({ from: '/cohort-imports/$name' });
  const query = useQuery(importQuery(name));
  if (codeOf(query.error) === 'not_found') return <NotFound />;
  if (query.data) return <Page key={name} found={query.data} />;
  if (query.error) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return <Waiting rows={4} height={110} />;
}

function Page({ found }: { readonly found: CohortImportDetail }): ReactNode {
  const { t, known } = useI18n();
  const navigate = useNavigate();
  const { tab } = useSearch({ from: '/cohort-imports/$name' });
  const shown: Tab = TABS.find((each) => each === tab) ?? 'connect';
  const { name, state } = found;
  return (
    <>
      <Text size="sm" mb={6}>
        <Link to="/cohorts">{t('cohorts.title')}</Link>
        <span className="dim"> / </span>
        <span className="dim">{name}</span>
      </Text>
      <PageHead
        name={name}
        title={
          <Group gap={12} component="span">
            <span>{name}</span>
            <span style={{ fontWeight: 400, lineHeight: 1 }} role="status">
              <StateTag state={state} />
            </span>
          </Group>
        }
        about={destinationTitle(found.destination, known)}
      >
        <Actions found={found} />
      </PageHead>
      <div className="stack">
        {(state.kind === 'halted' || state.kind === 'retrying') && (
          <Note
            tone={state.kind === 'halted' ? 'bad' : 'warn'}
            role="alert"
            title={state.detail ?? t(`state.${state.kind}`)}
          >
            {state.hint ?? t('state.retrying.hint')}
          </Note>
        )}
        {state.kind === 'paused' && <Note tone="mute">{t('import.pausedAbout')}</Note>}
        {found.warnings.map((warning) => (
          <Note key={warning} tone="warn">
            {warning}
          </Note>
        ))}
        <Tabs
          value={shown}
          keepMounted={false}
          onChange={(next) =>
            void navigate({
              to: '/cohort-imports/$name',
              params: { name },
              search: next === null ? {} : { tab: next },
              replace: true,
              resetScroll: false,
            })
          }
        >
          <TabList tabs={TABS} shown={shown} labelOf={(each) => t(`import.tab.${each}`)} />
          <Tabs.Panel value="connect">
            <Connect found={found} />
          </Tabs.Panel>
          <Tabs.Panel value="settings">
            <Suspense fallback={<Waiting rows={4} height={90} />}>
              <EditImport found={found} />
            </Suspense>
          </Tabs.Panel>
          <Tabs.Panel value="suppressions">
            <Suppressions name={name} />
          </Tabs.Panel>
        </Tabs>
      </div>
    </>
  );
}

function Actions({ found: { name, paused } }: { readonly found: CohortImportDetail }): ReactNode {
  const { t } = useI18n();
  const client = useQueryClient();
  const mayEdit = useMay('editor');
  const mayDelete = useMay('admin');
  const [isOpen, setOpen] = useState(false);
  const pause = useMutation({
    mutationFn: () => call('POST', importPath(name, paused ? 'resume' : 'pause')),
    onSuccess: () => say(t(paused ? 'resumed.said' : 'paused.said', { name })),
    onError: sayFailure,
    async onSettled() {
      await client.invalidateQueries({ queryKey: IMPORTS });
      await client.invalidateQueries({ queryKey: COHORTS });
    },
  });
  const Icon = paused ? IconPlayerPlay : IconPlayerPause;
  return (
    <>
      <LinkButton to="/cohorts" search={{ import: name }} variant="default">
        {t('import.cohorts')}
      </LinkButton>
      {mayEdit && (
        <Button
          variant={paused ? 'filled' : 'default'}
          leftSection={<Icon size={16} aria-hidden />}
          loading={pause.isPending}
          onClick={() => pause.mutate()}
        >
          {t(paused ? 'resume' : 'pause')}
        </Button>
      )}
      {mayDelete && (
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>
              {t('more')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              c="var(--mantine-color-error)"
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => setOpen(true)}
            >
              {t('delete')}…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      {mayDelete && <DeleteImport name={name} opened={isOpen} onClose={() => setOpen(false)} />}
    </>
  );
}

function DeleteImport({
  name,
  opened,
  onClose,
}: {
  readonly name: string;
  readonly opened: boolean;
  onClose(): void;
}): ReactNode {
  const { t } = useI18n();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const remove = useMutation({
    mutationFn: () => call('DELETE', importPath(name)),
    async onSuccess() {
      say(t('delete.said', { name }));
      await navigate({ to: '/cohorts' });
      client.removeQueries({ queryKey: [...IMPORTS, 'one', name] });
      await client.invalidateQueries({ queryKey: IMPORTS });
      await client.invalidateQueries({ queryKey: COHORTS });
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
      <Text size="sm">{t('import.deleteAbout')}</Text>
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
