import type { ReactNode } from 'react';
import type { Change } from '../api.ts';
import { useI18n } from '../i18n/i18n.tsx';
import { partsOf } from './diff-parts.ts';
import styles from './diff.module.css';

/** Settings that differ, each with what it was and what it will be. */
export function Diff({ changes }: { readonly changes: readonly Change[] }): ReactNode {
  const { t } = useI18n();
  return (
    <dl className={styles['diff']} aria-label={t('diff.label')}>
      {changes.map((change) => {
        const { gone, come } = partsOf(change);
        return (
          <div key={change.path}>
            <dt className="mono">{change.path}</dt>
            {gone.length === 0 && come.length === 0 && <dd>{t('diff.secret')}</dd>}
            {gone.map((each, i) => (
              <dd key={i} className={styles['gone']}>
                <span aria-hidden>−</span>
                <del>{each}</del>
              </dd>
            ))}
            {come.map((each, i) => (
              <dd key={i} className={styles['come']}>
                <span aria-hidden>+</span>
                <ins>{each}</ins>
              </dd>
            ))}
          </div>
        );
      })}
    </dl>
  );
}
