import { Group, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense } from 'react';
import type { CohortDetail } from '../../api.ts';
import { codeOf } from '../../client.ts';
import { cohortQuery } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Failure, Note, PageHead, Waiting } from '../../parts/basics.tsx';
import { LinkButton } from '../../parts/links.tsx';
import { TabList } from '../../parts/tab-list.tsx';
import { NotFound } from '../../shell/faults.tsx';
import { useMay } from '../../shell/session.ts';
import { standingOf } from '../cohorts/standing.ts';
import { StandingTag } from '../cohorts/standing-tag.tsx';
import { Actions } from './actions.tsx';
import { Figures } from './figures.tsx';
import { Held } from './held.tsx';
import { LastSync } from './last-sync.tsx';
import { Members } from './members.tsx';
import { PendingChanges } from './pending.tsx';
import { Reasons } from './reasons.tsx';
import { Segment } from './segment.tsx';
import { Syncs } from './syncs.tsx';

// Charts are large.
const Sizes = lazy(async () => ({ default: (await import('./charts.tsx')).Sizes }));

const TABS = ['members', 'pending', 'reasons', 'syncs', 'segment'] as const;
type Tab = (typeof TABS)[number];

/** One cohort: who is in it, who is in it in Braze, and what stands between the two. */
export function Cohort(): ReactNode {
  const { id } = useParams({ from: '/cohorts/$id' });
  const number = Number(id);
  return Number.isSafeInteger(number) && number > 0 ? (
    <Found key={number} id={number} />
  ) : (
    <NotFound />
  );
}

function Found({ id }: { readonly id: number }): ReactNode {
  const query = useQuery(cohortQuery(id));
  // What was forgotten is gone, though it was here a moment ago.
  if (codeOf(query.error) === 'not_found') return <NotFound />;
  if (query.data) return <Page cohort={query.data} />;
  if (query.error) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return <Waiting rows={4} height={110} />;
}

function Page({ cohort }: { readonly cohort: CohortDetail }): ReactNode {
  const { t } = useI18n();
  const navigate = useNavigate();
  const { tab } = useSearch({ from: '/cohorts/$id' });
  const shown: Tab = TABS.find((each) => each === tab) ?? 'members';
  const { id, name } = cohort;
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
              <StandingTag standing={standingOf(cohort, cohort.state, cohort.lastSync)} />
            </span>
          </Group>
        }
        about={<About cohort={cohort} />}
      >
        <Actions cohort={cohort} />
      </PageHead>
      <div className="stack">
        <Held cohort={cohort} />
        <ImportState cohort={cohort} />
        {cohort.clearing && <Note tone="info">{t('cohort.clearing')}</Note>}
        {cohort.warnings.map((warning) => (
          <Note key={warning} tone="warn">
            {warning}
          </Note>
        ))}
        <Figures cohort={cohort} />
        <LastSync cohort={cohort} />
        <Suspense
          fallback={
            <Card title={t('sizes.title')}>
              <Waiting rows={1} height={220} />
            </Card>
          }
        >
          <Sizes cohort={cohort} />
        </Suspense>
        <Tabs
          value={shown}
          keepMounted={false}
          onChange={(next) =>
            void navigate({
              to: '/cohorts/$id',
              params: { id: String(id) },
              search: next === null ? {} : { tab: next },
              replace: true,
              resetScroll: false,
            })
          }
        >
          <TabList tabs={TABS} shown={shown} labelOf={(each) => t(`cohort.tab.${each}`)} />
          <Tabs.Panel value="members">
            <Members cohort={cohort} />
          </Tabs.Panel>
          <Tabs.Panel value="pending">
            <PendingChanges cohort={cohort} />
          </Tabs.Panel>
          <Tabs.Panel value="reasons">
            <Reasons cohort={cohort} />
          </Tabs.Panel>
          <Tabs.Panel value="syncs">
            <Syncs id={id} />
          </Tabs.Panel>
          <Tabs.Panel value="segment">
            <Segment cohort={cohort} />
          </Tabs.Panel>
        </Tabs>
      </div>
    </>
  );
}

function About({ cohort }: { readonly cohort: CohortDetail }): ReactNode {
  const { t } = useI18n();
  const { description, cohortId, projectId } = cohort;
  return (
    <>
      {description !== '' && <div>{description}</div>}
      {t('cohort.about', { cohortId, projectId })}{' '}
      <Link to="/cohort-imports/$name" params={{ name: cohort.import }}>
        {cohort.import}
      </Link>
    </>
  );
}

/** What keeps the whole import from writing. */
function ImportState({
  cohort: { state, import: name },
}: {
  readonly cohort: CohortDetail;
}): ReactNode {
  const { t } = useI18n();
  const mayEdit = useMay('editor');
  if (state.kind === 'paused') return <Note tone="mute">{t('cohort.paused', { name })}</Note>;
  if (state.kind !== 'halted' && state.kind !== 'retrying') return null;
  return (
    <Note
      tone={state.kind === 'halted' ? 'bad' : 'warn'}
      role="alert"
      title={state.detail ?? t(`state.${state.kind}`)}
    >
      {state.hint ?? t('state.retrying.hint')}
      {mayEdit && state.kind === 'halted' && (
        <div style={{ marginTop: 8 }}>
          <LinkButton
            to="/cohort-imports/$name"
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
  );
}
