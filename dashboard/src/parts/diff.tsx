import type { ReactNode } from 'react';
import type { Change, Json } from '../api.ts';
import { useI18n } from '../i18n/i18n.tsx';
import styles from './diff.module.css';

/** What of a value is no longer there, and what is new. Lists are compared by their entries. */
export function partsOf(change: Change): { readonly gone: string[]; readonly come: string[] } {
  const before = entriesOf(change.before);
  const after = entriesOf(change.after);
  return {
    gone: before.filter((each) => !after.includes(each)),
    come: after.filter((each) => !before.includes(each)),
  };
}

function entriesOf(value: Json | undefined): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.map(textOf);
  return [textOf(value as Json)];
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

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
