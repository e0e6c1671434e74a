import { Button, Group, Menu, Tabs, Text } from '@mantine/core';
import {
  IconChevronDown,
  IconHistory,
  IconPlayerPause,
  IconPlayerPlay,
  IconRepeat,
  IconTestPipe,
  IconTrash,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import type { ConnectionDetail } from '../../api.ts';
import { codeOf } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { useLive } from '../../live.ts';
import { Card, Failure, Note, PageHead, Waiting } from '../../parts/basics.tsx';
import { LinkButton } from '../../parts/links.tsx';
import { placeOf } from '../../parts/place.ts';
import { StateTag } from '../../parts/state.tsx';
import { TabList } from '../../parts/tab-list.tsx';
import { connectionQuery } from '../../queries.ts';
import { NotFound } from '../../shell/faults.tsx';
import { useMay } from '../../shell/session.ts';
import { Activity } from './activity.tsx';
import { Balance } from './balance.tsx';
import { DeleteConnection } from './delete.tsx';
import { JobDialog } from './job-dialog.tsx';
import { JobsOpen } from './jobs-open.tsx';
import { LiveTiles } from './live-tiles.tsx';
import { Slices } from './slices.tsx';
import { TestEvents } from './test-events.tsx';
import { Types } from './types.tsx';
import { usePause } from './use-pause.ts';

// Charts are large and the form is not needed to see how things stand.
const Charts = lazy(async () => ({ default: (await import('./charts.tsx')).Charts }));
const EditForm = lazy(async () => ({ default: (await import('../form/edit.tsx')).EditForm }));

const TABS = ['types', 'slices', 'activity', 'settings'] as const;
type Tab = (typeof TABS)[number];

/** One connection: whether the books balance, how fast it goes, and what became of everything. */
export function Current(): ReactNode {
  const { name } = useParams({ from: '/connections/$name' });
  const query = useQuery(connectionQuery(name));
  if (query.data) return <Page key={name} connection={query.data} />;
  if (codeOf(query.error) === 'not_found') return <NotFound />;
  if (query.error) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return <Waiting rows={4} height={110} />;
}

function Page({ connection }: { readonly connection: ConnectionDetail }): ReactNode {
  const { t } = useI18n();
  const { name } = connection;
  const mayEdit = useMay('editor');

  const navigate = useNavigate();
  const { tab } = useSearch({ from: '/connections/$name' });
  const shown: Tab = TABS.find((each) => each === tab) ?? 'types';
  const state = useLive(name)?.now.state ?? connection.state;

  return (
    <>
      <Text size="sm" mb={6}>
        <Link to="/">{t('currents.title')}</Link>
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
        about={placeOf(connection)}
      >
        <Actions connection={connection} />
      </PageHead>

      <div className="stack">
        {(state.kind === 'halted' || state.kind === 'retrying') && (
          <Note
            tone={state.kind === 'halted' ? 'bad' : 'warn'}
            role="alert"
            title={state.detail ?? t(`state.${state.kind}`)}
          >
            {state.hint ?? t('state.retrying.hint')}
            {mayEdit && state.kind === 'halted' && (
              <div style={{ marginTop: 8 }}>
                <LinkButton
                  to="/connections/$name"
                  params={{ name }}
                  search={{ tab: 'settings' }}
                  size="xs"
                  variant="default"
                >
                  {t('state.halted.mend')}
                </LinkButton>
              </div>
            )}
          </Note>
        )}
        {connection.warnings.map((warning) => (
          <Note key={warning} tone="warn">
            {warning}
          </Note>
        ))}
        <Balance name={name} />
        <JobsOpen name={name} state={state} />
        <LiveTiles connection={connection} />
        <Suspense
          fallback={
            <Card title={t('charts.title')}>
              <Waiting rows={1} height={240} />
            </Card>
          }
        >
          <Charts name={name} />
        </Suspense>
        <Tabs
          value={shown}
          keepMounted={false}
          onChange={(next) =>
            void navigate({
              to: '/connections/$name',
              params: { name },
              search: next === null ? {} : { tab: next },
              replace: true,
              resetScroll: false,
            })
          }
        >
          <TabList
            tabs={TABS}
            shown={shown}
            labelOf={(each) =>
              t(
                each === 'slices' && connection.source.kind === 'inbox'
                  ? 'current.tab.pushes'
                  : `current.tab.${each}`,
              )
            }
          />
          <Tabs.Panel value="types">
            <Types name={name} />
          </Tabs.Panel>
          <Tabs.Panel value="slices">
            <Slices name={name} />
          </Tabs.Panel>
          <Tabs.Panel value="activity">
            <Activity name={name} />
          </Tabs.Panel>
          <Tabs.Panel value="settings">
            <Suspense fallback={<Waiting rows={4} height={90} />}>
              <EditForm connection={connection} />
            </Suspense>
          </Tabs.Panel>
        </Tabs>
      </div>
    </>
  );
}

function Actions({ connection }: { readonly connection: ConnectionDetail }): ReactNode {
  const { t } = useI18n();
  const { name, paused } = connection;
  const mayEdit = useMay('editor');
  const mayDelete = useMay('admin');
  const pause = usePause(name);
  const [open, setOpen] = useState<'test' | 'replay' | 'backfill' | 'delete'>();
  const close = () => setOpen(undefined);
  if (!mayEdit) return null;
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconTestPipe size={16} aria-hidden />}
        onClick={() => setOpen('test')}
      >
        {t('test.send')}
      </Button>
      <Button
        variant="default"
        leftSection={
          paused ? (
            <IconPlayerPlay size={16} aria-hidden />
          ) : (
            <IconPlayerPause size={16} aria-hidden />
          )
        }
        loading={pause.isPending}
        onClick={() => pause.mutate(!paused)}
      >
        {t(paused ? 'resume' : 'pause')}
      </Button>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>
            {t('more')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconRepeat size={16} aria-hidden />}
            onClick={() => setOpen('replay')}
          >
            {t('job.replay')}…
          </Menu.Item>
          <Menu.Item
            leftSection={<IconHistory size={16} aria-hidden />}
            onClick={() => setOpen('backfill')}
          >
            {t('job.backfill')}…
          </Menu.Item>
          {mayDelete && (
            <Menu.Item
              c="var(--mantine-color-error)"
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => setOpen('delete')}
            >
              {t('delete')}…
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <TestEvents name={name} opened={open === 'test'} onClose={close} />
      {(['replay', 'backfill'] as const).map((kind) => (
        <JobDialog key={kind} name={name} kind={kind} opened={open === kind} onClose={close} />
      ))}
      <DeleteConnection name={name} opened={open === 'delete'} onClose={close} />
    </>
  );
}
