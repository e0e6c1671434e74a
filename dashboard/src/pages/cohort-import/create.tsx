import { Button, Group, Stack, Switch, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo, useRef, useState } from 'react';
import type { JsonObject, SavedImport } from '../../api.ts';
import { ApiError, call } from '../../client.ts';
import { IMPORTS } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Failure, Note, PageHead } from '../../parts/basics.tsx';
import { LinkButton } from '../../parts/links.tsx';
import { say } from '../../parts/say.ts';
import { useMay } from '../../shell/session.ts';
import { type Form, FormContext } from '../form/form.ts';
import { setIn } from '../form/spec.ts';
import { importFaults, NEW_IMPORT } from './import-spec.ts';
import { PARTS, SECTIONS } from './sections.tsx';

/** Where cohorts are to go: everything on one page, with what usually holds filled in. */
export function CreateImport(): ReactNode {
  const { t } = useI18n();
  const mayEdit = useMay('editor');
  const navigate = useNavigate();
  const client = useQueryClient();
  const place = useRef<HTMLDivElement>(null);
  const [spec, setSpec] = useState<JsonObject>(NEW_IMPORT);
  const [rests, setRests] = useState(true);
  const [hasTried, setTried] = useState(false);
  const create = useMutation({
    mutationFn: () =>
      call<SavedImport>('POST', '/cohort-imports', { body: { ...spec, paused: rests } }),
    async onSuccess({ import: made }) {
      say(t('import.created', { name: made.name }));
      await client.invalidateQueries({ queryKey: IMPORTS });
      await navigate({ to: '/cohort-imports/$name', params: { name: made.name } });
    },
  });
  const refused = create.error instanceof ApiError ? create.error : undefined;
  const form = useMemo((): Form => {
    const faults = hasTried ? importFaults(spec) : {};
    return {
      ...{ spec, stored: undefined, draft: undefined, isReadOnly: false },
      set: (path, value) => setSpec((old) => setIn(old, path, value)),
      fault(path) {
        const key = path.join('.');
        const own = faults[key];
        if (own) return t(own);
        if (refused?.code === 'exists' && key === 'name') return refused.message;
        return refused?.fields.find((each) => each.path === key)?.message;
      },
    };
  }, [spec, hasTried, refused, t]);
  const submit = () => {
    setTried(true);
    if (Object.keys(importFaults(spec)).length === 0) return create.mutate();
    requestAnimationFrame(() =>
      place.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
    );
  };
  if (!mayEdit)
    return (
      <>
        <PageHead title={t('imports.create')} />
        <Note tone="warn">{t('import.needsEditor')}</Note>
      </>
    );
  return (
    <FormContext value={form}>
      <Text size="sm" mb={6}>
        <Link to="/cohorts">{t('cohorts.title')}</Link>
        <span className="dim"> / </span>
        <span className="dim">{t('imports.create')}</span>
      </Text>
      <PageHead title={t('imports.create')} about={t('import.createAbout')} />
      <Stack gap="md" ref={place}>
        {SECTIONS.map((section, i) => {
          const Part = PARTS[section];
          return (
            <Card
              key={section}
              title={`${i + 1}. ${t(`import.${section}`)}`}
              about={t(`import.${section}.about`)}
            >
              <Part />
            </Card>
          );
        })}
        <Card label={t('import.begin')}>
          <Switch
            label={t('import.rests')}
            description={t('import.restsAbout')}
            checked={rests}
            onChange={({ currentTarget }) => setRests(currentTarget.checked)}
          />
        </Card>
        {create.error && <Failure error={create.error} />}
        <Group justify="space-between">
          <LinkButton to="/cohorts" variant="default">
            {t('cancel')}
          </LinkButton>
          <Button loading={create.isPending} onClick={submit}>
            {t('imports.create')}
          </Button>
        </Group>
      </Stack>
    </FormContext>
  );
}
