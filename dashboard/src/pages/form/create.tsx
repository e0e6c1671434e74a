import { Button, Group, Text, UnstyledButton } from '@mantine/core';
import { IconCheck, IconRocket } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { Saved } from '../../api.ts';
import { ApiError, call } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Failure, Note, PageHead, Waiting } from '../../parts/basics.tsx';
import { say, sayFailure } from '../../parts/say.ts';
import { useMay } from '../../shell/session.ts';
import styles from './create.module.css';
import { type Form, FormContext } from './form.ts';
import { SECTIONS } from './sections.tsx';
import { faultsOf, randomText, setIn } from './spec.ts';
import { STEPS, type Step, stepOf } from './steps.ts';
import { Summary } from './summary.tsx';
import { useDraft } from './use-draft.ts';

/** Create Current → Mixpanel export, a step at a time. */
export function Create(): ReactNode {
  const { t } = useI18n();
  const mayEdit = useMay('editor');
  const { draft } = useSearch({ from: '/new' });
  const navigate = useNavigate();
  const [fresh] = useState(() => randomText(20));
  useEffect(() => {
    if (draft === undefined) void navigate({ to: '/new', search: { draft: fresh }, replace: true });
  }, [draft, fresh, navigate]);
  if (!mayEdit)
    return (
      <>
        <PageHead title={t('create.title')} />
        <Note tone="warn">{t('role.needsEditor')}</Note>
      </>
    );
  return draft === undefined ? <Waiting /> : <CreateForm key={draft} id={draft} />;
}

function CreateForm({ id }: { readonly id: string }): ReactNode {
  const { t } = useI18n();
  const navigate = useNavigate();
  const client = useQueryClient();
  const draft = useDraft(id);
  const { spec, step } = draft;
  const [tried, setTried] = useState<ReadonlySet<Step>>(new Set());
  const place = useRef<HTMLDivElement>(null);

  const launch = useMutation({
    mutationFn: () => call<Saved>('POST', '/connections', { body: spec, query: { draft: id } }),
    // What was typed last must be in the draft: it holds the secrets that are shown as ***.
    onMutate: () => draft.flush(),
    async onSuccess({ connection }) {
      say(t('create.launched', { name: connection.name }));
      // The connection is there; a draft that stays behind is only untidy.
      await draft.discard().catch(sayFailure);
      await client.invalidateQueries({ queryKey: ['connections'] });
      await navigate({ to: '/connections/$name', params: { name: connection.name } });
    },
  });
  const refused = launch.error instanceof ApiError ? launch.error : undefined;

  const form = useMemo((): Form | undefined => {
    if (!spec) return undefined;
    const faults = Object.assign(
      {},
      ...[...tried].map((each) => faultsOf(each, spec)),
    ) as ReturnType<typeof faultsOf>;
    return {
      spec,
      stored: undefined,
      draft: id,
      isReadOnly: false,
      set: (path, value) => draft.change(setIn(spec, path, value)),
      fault(path) {
        const key = path.join('.');
        const own = faults[key];
        if (own) return t(own);
        if (refused?.code === 'exists' && key === 'name') return refused.message;
        return refused?.fields.find((each) => each.path === key)?.message;
      },
    };
  }, [id, spec, tried, draft, refused, t]);

  if (draft.error && !spec) return <Failure error={draft.error} onRetry={draft.retry} />;
  if (!spec || !form) return <Waiting rows={4} height={64} />;

  const at = STEPS.indexOf(step);
  const isLast = at === STEPS.length - 1;
  const isDone = (each: Step) => Object.keys(faultsOf(each, spec)).length === 0;
  const firstOpen = STEPS.find((each) => !isDone(each));
  const go = (next: Step) => {
    setTried(new Set([...tried, step]));
    draft.go(next);
    // Whoever can't see the page change is told by where the focus goes.
    requestAnimationFrame(() => {
      place.current?.focus({ preventScroll: true });
      window.scrollTo({ top: 0 });
    });
  };
  const Section = SECTIONS[step];

  return (
    <FormContext value={form}>
      <PageHead title={t('create.title')} about={t('create.about')}>
        <Text size="sm" c="dimmed" role="status">
          {draft.saving !== 'none' && t(`draft.${draft.saving}`)}
        </Text>
      </PageHead>
      <div className={styles['page']}>
        <nav aria-label={t('create.steps')} className={styles['steps']}>
          <ol>
            {STEPS.map((each, i) => {
              const isPast = i < at || tried.has(each);
              const state =
                each === step
                  ? 'here'
                  : isPast && isDone(each)
                    ? 'done'
                    : isPast
                      ? 'faulty'
                      : 'ahead';
              return (
                <li key={each}>
                  <UnstyledButton
                    className={styles['step']}
                    data-state={state}
                    aria-current={each === step ? 'step' : undefined}
                    onClick={() => go(each)}
                  >
                    <span className={styles['mark']} aria-hidden>
                      {state === 'done' ? <IconCheck size={14} stroke={3} /> : i + 1}
                    </span>
                    <span>
                      {t(`step.${each}`)}
                      {state === 'done' && <span className={styles['unseen']}>, {t('done')}</span>}
                      {state === 'faulty' && (
                        <span className={styles['unseen']}>, {t('incomplete')}</span>
                      )}
                    </span>
                  </UnstyledButton>
                </li>
              );
            })}
          </ol>
        </nav>
        <div ref={place} tabIndex={-1} style={{ outline: 'none', minWidth: 0 }}>
          <Text size="xs" c="dimmed" hiddenFrom="md" mb={6}>
            {t('create.at', { n: at + 1, of: STEPS.length })}
          </Text>
          <Card title={t(`step.${step}`)} about={t(`step.${step}.about`)}>
            <Section />
          </Card>
          {isLast && <Summary onOpen={go} />}
          {refused && (
            <div style={{ marginTop: 16 }}>
              <Failure error={refused} />
              {refused.fields.map(({ path, message }) => (
                <Button
                  key={path}
                  variant="subtle"
                  size="xs"
                  color="red"
                  onClick={() => go(stepOf(path))}
                >
                  {t(`step.${stepOf(path)}`)}: {message}
                </Button>
              ))}
            </div>
          )}
          <Group justify="space-between" mt="lg">
            <Button
              variant="default"
              onClick={() => (at === 0 ? void navigate({ to: '/' }) : go(STEPS[at - 1]!))}
            >
              {t('back')}
            </Button>
            {isLast ? (
              <Button
                leftSection={<IconRocket size={16} aria-hidden />}
                loading={launch.isPending}
                onClick={() => {
                  setTried(new Set(STEPS));
                  if (firstOpen) go(firstOpen);
                  else launch.mutate();
                }}
              >
                {t('create.launch')}
              </Button>
            ) : (
              <Button
                onClick={() => {
                  if (isDone(step)) return go(STEPS[at + 1]!);
                  setTried(new Set([...tried, step]));
                  requestAnimationFrame(() =>
                    place.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
                  );
                }}
              >
                {t('next')}
              </Button>
            )}
          </Group>
        </div>
      </div>
    </FormContext>
  );
}
