import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { IconUserOff } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Suppressed } from '../../api.ts';
import { call } from '../../client.ts';
import { COHORTS, importPath, IMPORTS, suppressionsQuery } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card, Failure } from '../../parts/basics.tsx';
import { PagedRows } from '../../parts/paged-rows.tsx';
import { Cell } from '../../parts/rows.tsx';
import { say, sayFailure } from '../../parts/say.ts';
import { useMay } from '../../shell/session.ts';
import { UserId } from '../cohort/members.tsx';
import { idOf, keyOf } from '../cohort/user-words.ts';
import { idsIn } from './ids-in.ts';

const MOST = 5000;

/** Users that are in no cohort in Braze, whatever Mixpanel says. */
export function Suppressions({ name }: { readonly name: string }): ReactNode {
  const { t } = useI18n();
  const mayEdit = useMay('editor');
  const query = useInfiniteQuery(suppressionsQuery(name));
  return (
    <div className="stack">
      {mayEdit && <AddMany name={name} />}
      <Card flush title={t('suppressions.title')} about={t('suppressions.about')}>
        <PagedRows
          query={query}
          keyOf={({ user }) => keyOf(user)}
          row={(row, index) => <Row name={name} row={row} index={index} mayEdit={mayEdit} />}
          estimate={58}
          empty={t('suppressions.none')}
          label={t('suppressions.title')}
          columns="minmax(200px, 1fr) 190px 110px"
          heads={[t('members.braze'), t('suppressions.since'), '']}
        />
      </Card>
    </div>
  );
}

function useRefresh() {
  const client = useQueryClient();
  return async () => {
    await client.invalidateQueries({ queryKey: IMPORTS });
    await client.invalidateQueries({ queryKey: COHORTS });
  };
}

function AddMany({ name }: { readonly name: string }): ReactNode {
  const { t, tn } = useI18n();
  const refresh = useRefresh();
  const [text, setText] = useState('');
  const ids = idsIn(text);
  const add = useMutation({
    mutationFn: () =>
      call<{ added: number }>('POST', importPath(name, 'suppressions'), { body: { users: ids } }),
    async onSuccess({ added }) {
      say(tn('suppressions.added', added));
      setText('');
      await refresh();
    },
  });
  const isTooMany = ids.length > MOST;
  return (
    <Card title={t('suppressions.add')} about={t('suppressions.addAbout')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <Stack gap="sm" maw={620}>
          <Textarea
            label={t('suppressions.ids')}
            description={t('suppressions.idsAbout')}
            error={isTooMany ? t('suppressions.tooMany', { n: MOST }) : null}
            autosize
            minRows={3}
            maxRows={12}
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={({ currentTarget }) => {
              add.reset();
              setText(currentTarget.value);
            }}
          />
          {add.error && <Failure error={add.error} />}
          <Group gap="md">
            <Button
              type="submit"
              leftSection={<IconUserOff size={16} aria-hidden />}
              loading={add.isPending}
              disabled={ids.length === 0 || isTooMany}
            >
              {t('suppressions.submit')}
            </Button>
            <Text size="sm" c="dimmed" role="status">
              {ids.length > 0 && tn('suppressions.count', ids.length)}
            </Text>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

function Row({
  name,
  row: { user, at },
  index,
  mayEdit,
}: {
  readonly name: string;
  readonly row: Suppressed;
  readonly index: number;
  readonly mayEdit: boolean;
}): ReactNode {
  const { t, format } = useI18n();
  const refresh = useRefresh();
  const remove = useMutation({
    mutationFn: () => call('DELETE', importPath(name, 'suppressions'), { body: { users: [user] } }),
    onSuccess: () => say(t('suppressions.removed', { id: idOf(user) })),
    onError: sayFailure,
    onSettled: refresh,
  });
  return (
    <div className="row" role="row" aria-rowindex={index + 2}>
      <Cell wide>
        <UserId user={user} />
      </Cell>
      <Cell label={t('suppressions.since')}>{format.dateTime(at)}</Cell>
      <Cell end corner>
        {mayEdit && (
          <Button
            size="compact-sm"
            variant="subtle"
            loading={remove.isPending}
            aria-label={t('suppressions.removeOf', { id: idOf(user) })}
            onClick={() => remove.mutate()}
          >
            {t('suppressions.remove')}
          </Button>
        )}
      </Cell>
    </div>
  );
}
