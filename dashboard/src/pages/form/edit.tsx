import { Button, Group, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import type { ConnectionDetail, JsonObject, Saved } from '../../api.ts';
import { ApiError, call, codeOf } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Note } from '../../parts/basics.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Diff } from '../../parts/diff.tsx';
import { say } from '../../parts/say.ts';
import { of } from '../../queries.ts';
import { useMay } from '../../shell/session.ts';
import styles from './edit.module.css';
import { type Form, FormContext } from './form.ts';
import { SECTIONS } from './sections.tsx';
import { faultsOf, setIn } from './spec.ts';
import { STEPS } from './steps.ts';

/** The form of a connection that runs: read-only until Edit, and what differs is shown before it is taken. */
export function EditForm({ connection }: { readonly connection: ConnectionDetail }): ReactNode {
  const { t } = useI18n();
  const client = useQueryClient();
  const mayEdit = useMay('editor');
  const [spec, setSpec] = useState<JsonObject>();
  const [revision, setRevision] = useState(connection.revision);
  const [hasTried, setTried] = useState(false);
  const { name } = connection;
  const isEditing = spec !== undefined;
  const shown = spec ?? connection.spec;
  const put = (dryRun: boolean) =>
    call<Saved>('PUT', of(name), {
      body: spec,
      revision,
      ...(dryRun ? { query: { dryRun: 'true' } } : {}),
    });
  const look = useMutation({ mutationFn: () => put(true) });
  const update = useMutation({
    mutationFn: () => put(false),
    async onSuccess() {
      await client.invalidateQueries({ queryKey: ['connections'] });
      say(t('edit.updated', { name }));
      leave();
    },
  });
  const leave = () => {
    setSpec(undefined);
    setTried(false);
    look.reset();
    update.reset();
  };
  const refused = look.error instanceof ApiError ? look.error : undefined;
  const form = useMemo((): Form => {
    const faults = hasTried
      ? (Object.assign({}, ...STEPS.map((step) => faultsOf(step, shown))) as ReturnType<
          typeof faultsOf
        >)
      : {};
    return {
      spec: shown,
      stored: name,
      draft: undefined,
      isReadOnly: !isEditing,
      set: (path, value) => setSpec((old) => setIn(old ?? shown, path, value)),
      fault(path) {
        const key = path.join('.');
        const own = faults[key];
        return own ? t(own) : refused?.fields.find((each) => each.path === key)?.message;
      },
    };
  }, [shown, name, isEditing, hasTried, refused, t]);

  const error = update.error ?? look.error;
  return (
    <FormContext value={form}>
      <Stack gap="md">
        {STEPS.filter((step) => mayEdit || step !== 'preview').map((step) => {
          const Section = SECTIONS[step];
          return (
            <Card key={step} title={t(`step.${step}`)} about={t(`step.${step}.about`)}>
              <Section />
            </Card>
          );
        })}
      </Stack>
      {mayEdit && (
        <div className={styles['bar']} role="group" aria-label={t('edit.bar')}>
          {error !== null && (
            <Note
              tone="bad"
              role="alert"
              title={codeOf(error) === 'conflict' ? t('edit.conflict') : undefined}
            >
              {codeOf(error) === 'conflict' ? t('edit.conflictAbout') : error.message}
              {error instanceof ApiError && error.hint !== undefined && <div>{error.hint}</div>}
            </Note>
          )}
          {isEditing ? (
            <Group justify="flex-end" gap={8}>
              <Button variant="default" onClick={leave}>
                {t('cancel')}
              </Button>
              <Button
                loading={look.isPending}
                onClick={() => {
                  setTried(true);
                  if (STEPS.every((step) => Object.keys(faultsOf(step, shown)).length === 0))
                    look.mutate();
                }}
              >
                {t('edit.update')}
              </Button>
            </Group>
          ) : (
            <Group justify="space-between" gap={8}>
              <span className="dim" style={{ fontSize: 14 }}>
                {t('edit.readOnly')}
              </span>
              <Button
                onClick={() => {
                  setRevision(connection.revision);
                  setSpec(connection.spec);
                }}
              >
                {t('edit.edit')}
              </Button>
            </Group>
          )}
        </div>
      )}
      <Confirm
        title={t('edit.review')}
        size="lg"
        opened={look.data !== undefined}
        onClose={() => look.reset()}
        onConfirm={() => update.mutate()}
        confirm={t('edit.update')}
        isBusy={update.isPending}
        isDisabled={look.data?.changes?.length === 0}
        error={update.error ?? undefined}
      >
        {look.data?.warnings.map((warning) => (
          <Note key={warning} tone="warn" title={t('edit.warning')}>
            {warning}
          </Note>
        ))}
        {look.data?.changes?.length === 0 ? (
          <Note>{t('edit.same')}</Note>
        ) : (
          <Diff changes={look.data?.changes ?? []} />
        )}
      </Confirm>
    </FormContext>
  );
}
