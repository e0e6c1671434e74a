import { Group, Text } from '@mantine/core';
import { IconArrowRight, IconCheck } from '@tabler/icons-react';
import { Fragment, type ReactNode } from 'react';
import type { CohortImport } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Card } from '../../parts/basics.tsx';
import { LinkButton } from '../../parts/links.tsx';
import { useMay } from '../../shell/session.ts';
import styles from './start.module.css';

/** Leads from nothing to the first cohort: an import, a key, and the key in Mixpanel. */
export function Start({ imports }: { readonly imports: readonly CohortImport[] }): ReactNode {
  const { t } = useI18n();
  const mayEdit = useMay('editor');
  const isAdmin = useMay('admin');
  const first = imports.find(({ keys }) => keys === 0) ?? imports[0];
  const hasKey = imports.some(({ keys }) => keys > 0);
  const steps = [
    {
      key: 'import',
      isDone: imports.length > 0,
      action: mayEdit && <LinkButton to="/create-cohort-import">{t('imports.create')}</LinkButton>,
    },
    {
      key: 'key',
      isDone: hasKey,
      action: isAdmin && first && (
        <LinkButton to="/cohort-imports/$name" params={{ name: first.name }}>
          {t('keys.add')}
        </LinkButton>
      ),
    },
    {
      key: 'paste',
      isDone: false,
      action: first && (
        <LinkButton to="/cohort-imports/$name" params={{ name: first.name }}>
          {t('start.paste.action')}
        </LinkButton>
      ),
    },
  ] as const;
  const next = steps.findIndex(({ isDone }) => !isDone);
  return (
    <Card label={t('start.title')}>
      <div className={styles['head']}>
        <Path />
        <Text fw={600} component="p" m={0}>
          {t(imports.length === 0 ? 'start.title' : 'start.waiting')}
        </Text>
        <Text c="dimmed" size="sm" maw={560}>
          {t(mayEdit ? 'start.about' : 'start.viewer')}
        </Text>
      </div>
      <ol className={styles['steps']}>
        {steps.map(({ key, isDone, action }, i) => (
          <li key={key} data-state={isDone ? 'done' : i === next ? 'next' : 'ahead'}>
            <span className={styles['mark']} aria-hidden>
              {isDone ? <IconCheck size={15} stroke={3} /> : i + 1}
            </span>
            <div>
              <Text fw={600} size="sm">
                {t(`start.${key}`)}
                {isDone && <span className={styles['unseen']}>, {t('done')}</span>}
              </Text>
              <Text size="sm" c="dimmed">
                {t(`start.${key}.about`)}
              </Text>
              {i === next && action && <div style={{ marginTop: 12 }}>{action}</div>}
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}

/** The way of a member, for whoever has no cohort yet. */
function Path(): ReactNode {
  return (
    <Group gap={14} mb={14} aria-hidden>
      {['Mixpanel', 'Sluice', 'Braze'].map((name, i) => (
        <Fragment key={name}>
          {i > 0 && <IconArrowRight size={18} className="dim" />}
          <span
            className={`tag ${i === 1 ? 'tone-accent' : ''}`}
            style={{ fontSize: 14, padding: '6px 14px' }}
          >
            {name}
          </span>
        </Fragment>
      ))}
    </Group>
  );
}
