import { Button, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { ConnectionDetail, JsonObject, Saved } from '../../api.ts';
import { call, get } from '../../client.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Note, Tag } from '../../parts/basics.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Diff } from '../../parts/diff.tsx';
import { Cell, Rows } from '../../parts/rows.tsx';
import { say, sayFailure } from '../../parts/say.ts';
import { of, unknownQuery } from '../../queries.ts';
import { useMay } from '../../shell/session.ts';
import { including, type Wanted } from './including.ts';

/** What Braze sends and the catalogue does not know, with one click to have it sent on. */
export function UnknownEvents(): ReactNode {
  const { t, format } = useI18n();
  const mayEdit = useMay('editor');
  const client = useQueryClient();
  const { data } = useQuery(unknownQuery);
  const [open, setOpen] = useState<{
    wanted: Wanted;
    spec: JsonObject;
    revision: number;
    saved: Saved;
  }>();
  const look = useMutation({
    async mutationFn(wanted: Wanted) {
      const { spec, revision } = await get<ConnectionDetail>(of(wanted.connection));
      const next = including(spec, wanted);
      const saved = await call<Saved>('PUT', of(wanted.connection), {
        body: next,
        revision,
        query: { dryRun: 'true' },
      });
      return { wanted, spec: next, revision, saved };
    },
    onSuccess: setOpen,
    onError: sayFailure,
  });
  const include = useMutation({
    mutationFn: ({ wanted, spec, revision }: NonNullable<typeof open>) =>
      call('PUT', of(wanted.connection), { body: spec, revision }),
    async onSuccess(_answer, { wanted }) {
      say(t('unknown.included', { name: wanted.field ?? wanted.type }));
      close();
      await client.invalidateQueries({ queryKey: ['connections'] });
      await client.invalidateQueries({ queryKey: unknownQuery.queryKey });
    },
  });
  const close = () => {
    setOpen(undefined);
    include.reset();
  };
  if (!data || data.types.length + data.fields.length === 0) return null;
  const rows: (Wanted & { readonly n: number; readonly included: boolean })[] = [
    ...data.types.map(({ read, ...each }) => ({ ...each, n: read })),
    ...data.fields,
  ];
  return (
    <div style={{ marginBottom: 16 }}>
      <Card flush title={t('unknown.title')} about={t('unknown.about')}>
        <Rows
          label={t('unknown.title')}
          columns="minmax(220px, 1fr) minmax(120px, 0.6fr) 130px 120px"
          heads={[t('unknown.what'), t('unknown.where'), { end: t('records') }, '']}
        >
          <div role="rowgroup">
            {rows.map((row) => (
              <div
                className="row"
                role="row"
                key={`${row.connection} ${row.type} ${row.field ?? ''}`}
              >
                <Cell wide>
                  <span style={{ fontWeight: 600 }}>{row.field ?? row.type}</span>
                  <Text size="xs" c="dimmed">
                    {row.field === undefined
                      ? t('unknown.type')
                      : t('unknown.field', { type: row.type })}
                  </Text>
                </Cell>
                <Cell label={t('unknown.where')}>{row.connection}</Cell>
                <Cell end label={t('records')}>
                  <span className="num">{format.number(row.n)}</span>
                </Cell>
                <Cell end wide>
                  {row.included && <Tag tone="ok">{t('unknown.isIncluded')}</Tag>}
                  {mayEdit && !row.included && (
                    <Button
                      size="xs"
                      variant="default"
                      loading={look.isPending && look.variables === row}
                      onClick={() => look.mutate(row)}
                      aria-label={t('unknown.includeOf', { name: row.field ?? row.type })}
                    >
                      {t('unknown.include')}
                    </Button>
                  )}
                </Cell>
              </div>
            ))}
          </div>
        </Rows>
      </Card>
      <Confirm
        title={t('unknown.confirm', { name: open?.wanted.connection ?? '' })}
        size="lg"
        opened={open !== undefined}
        onClose={close}
        onConfirm={() => open && include.mutate(open)}
        confirm={t('unknown.include')}
        isBusy={include.isPending}
        error={include.error}
      >
        {open?.wanted.field !== undefined && <Note>{t('unknown.allFields')}</Note>}
        {open?.saved.warnings.map((warning) => (
          <Note key={warning} tone="warn" title={t('edit.warning')}>
            {warning}
          </Note>
        ))}
        <Diff changes={open?.saved.changes ?? []} />
      </Confirm>
    </div>
  );
}
