import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from './steps.module.css';

interface Step {
  readonly title: ReactNode;
  readonly body?: ReactNode;
}

/** What to do elsewhere, one thing after the other. */
export function Steps({ steps }: { readonly steps: readonly Step[] }): ReactNode {
  return (
    <ol className={styles['steps']}>
      {steps.map(({ title, body }, i) => (
        <li key={i}>
          <span className={styles['mark']} aria-hidden>
            {i + 1}
          </span>
          <div className={styles['body']}>
            <Text size="sm" fw={600} component="div">
              {title}
            </Text>
            {body}
          </div>
        </li>
      ))}
    </ol>
  );
}
