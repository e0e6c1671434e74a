import { Button, Group, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useMemo, useRef, useState } from 'react';
import type { CohortImportDetail, JsonObject, SavedImport } from '../../api.ts';
import { ApiError, call, codeOf } from '../../client.ts';
import { COHORTS, importPath, IMPORTS } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Note } from '../../parts/basics.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Diff } from '../../parts/diff.tsx';
import { say } from '../../parts/say.ts';
import { useMay } from '../../shell/session.ts';
import styles from '../form/edit.module.css';
import { type Form, FormContext } from '../form/form.ts';
import { setIn } from '../form/spec.ts';
import { importFaults } from './import-spec.ts';
import { PARTS, SECTIONS } from './sections.tsx';

/** The settings of an import: read-only until Edit, and what differs is shown before it is taken. */
export function EditImport({ found }: { readonly found: CohortImportDetail }): ReactNode {
  const { t } = useI18n();
  const client = useQueryClient();
  const mayEdit = useMay('editor');
  const place = useRef<HTMLDivElement>(null);
  const [spec, setSpec] = useState<JsonObject>();
  const [revision, setRevision] = useState(found.revision);
  const [hasTried, setTried] = useState(false);
  const { name } = found;
  const isEditing = spec !== undefined;
  const shown = spec ?? found.spec;
  const put = (dryRun: boolean) =>
    call<SavedImport>('PUT', importPath(name), {
      body: spec,
      revision,
      ...(dryRun ? { query: { dryRun: 'true' } } : {}),
    });
  const look = useMutation({ mutationFn: () => put(true) });
  const update = useMutation({
    mutationFn: () => put(false),
    async onSuccess() {
      say(t('edit.updated', { name }));
      leave();
      await client.invalidateQueries({ queryKey: IMPORTS });
      await client.invalidateQueries({ queryKey: COHORTS });
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
    const faults = hasTried ? importFaults(shown) : {};
    return {
      ...{ spec: shown, stored: name, draft: undefined, isReadOnly: !isEditing },
      set: (path, value) => setSpec((old) => setIn(old ?? shown, path, value)),
      fault(path) {
        const key = path.join('.');
        const own = faults[key];
        return own ? t(own) : refused?.fields.find((each) => each.path === key)?.message;
      },
    };
  }, [shown, name, isEditing, hasTried, refused, t]);
  const error = update.error ?? look.error;
  const submit = () => {
    setTried(true);
    if (Object.keys(importFaults(shown)).length === 0) return look.mutate();
    requestAnimationFrame(() =>
      place.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
    );
  };
  return (
    <FormContext value={form}>
      <Stack gap="md" ref={place}>
        {SECTIONS.map((section) => {
          const Part = PARTS[section];
          return (
            <Card key={section} title={t(`import.${section}`)} about={t(`import.${section}.about`)}>
              <Part />
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
              title={codeOf(error) === 'conflict' ? t('import.conflict') : undefined}
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
              <Button loading={look.isPending} onClick={submit}>
                {t('import.update')}
              </Button>
            </Group>
          ) : (
            <Group justify="space-between" gap={8}>
              <span className="dim" style={{ fontSize: 14 }}>
                {t('edit.readOnly')}
              </span>
              <Button
                onClick={() => {
                  setRevision(found.revision);
                  setSpec(found.spec);
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
        confirm={t('import.update')}
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
