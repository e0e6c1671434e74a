import { Button, Menu } from '@mantine/core';
import {
  IconChevronDown,
  IconDownload,
  IconFilterPlus,
  IconRefresh,
  IconTrash,
} from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import type { CohortDetail } from '../../api.ts';
import { urlOf } from '../../client.ts';
import { cohortPath } from '../../cohort-queries.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { LinkButton } from '../../parts/links.tsx';
import { useMay } from '../../shell/session.ts';
import { DeleteCohort } from './delete.tsx';
import { Resync } from './resync.tsx';

/** What can be done with a cohort. */
export function Actions({ cohort }: { readonly cohort: CohortDetail }): ReactNode {
  const { t } = useI18n();
  const { id } = cohort;
  const mayEdit = useMay('editor');
  const mayDelete = useMay('admin');
  const [open, setOpen] = useState<'resync' | 'delete'>();
  const close = () => setOpen(undefined);
  return (
    <>
      <LinkButton
        to="/cohorts/$id"
        params={{ id: String(id) }}
        search={{ tab: 'segment' }}
        resetScroll={false}
        leftSection={<IconFilterPlus size={16} aria-hidden />}
      >
        {t('segment.make')}
      </LinkButton>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>
            {t('more')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {(['csv', 'ndjson'] as const).map((format) => (
            <Menu.Item
              key={format}
              component="a"
              href={urlOf(cohortPath(id, 'export'), { format })}
              download
              leftSection={<IconDownload size={16} aria-hidden />}
            >
              {t(`export.${format}`)}
            </Menu.Item>
          ))}
          {mayEdit && (
            <Menu.Item
              leftSection={<IconRefresh size={16} aria-hidden />}
              onClick={() => setOpen('resync')}
            >
              {t('resync.title')}…
            </Menu.Item>
          )}
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
      {mayEdit && <Resync cohort={cohort} opened={open === 'resync'} onClose={close} />}
      {mayDelete && <DeleteCohort cohort={cohort} opened={open === 'delete'} onClose={close} />}
    </>
  );
}
