import { Text } from '@mantine/core';
import { IconAlertOctagonFilled, IconCircleCheckFilled } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Balance as Books, SliceProblem } from '../../api.ts';
import { useI18n } from '../../i18n/i18n.tsx';
import { Loaded, Note } from '../../parts/basics.tsx';
import { balanceQuery } from '../../queries.ts';
import styles from './balance.module.css';

export function skippedOf({ skipped }: Pick<Books, 'skipped'>): number {
  return Object.values(skipped).reduce((sum, n) => sum + n, 0);
}

/** read = delivered + skipped + dead letters: the one thing to see first. */
export function Balance({ name }: { readonly name: string }): ReactNode {
  const { t } = useI18n();
  const query = useQuery(balanceQuery(name));
  return (
    <section className="card" aria-label={t('balance.label')}>
      <Loaded query={query} rows={1} height={96}>
        {(books) => <Equation name={name} books={books} />}
      </Loaded>
    </section>
  );
}

function Equation({ name, books }: { readonly name: string; readonly books: Books }): ReactNode {
  const { t, format, known } = useI18n();
  const skipped = skippedOf(books);
  const share = (n: number) => (books.read === 0 ? undefined : format.percent(n / books.read));
  const reasons = Object.entries(books.skipped).filter(([, n]) => n > 0);
  return (
    <>
      <div
        className={`${styles['verdict']} tone-${books.balanced ? 'ok' : 'bad'} tone-text`}
        role="status"
      >
        {books.balanced ? (
          <IconCircleCheckFilled size={22} aria-hidden />
        ) : (
          <IconAlertOctagonFilled size={22} aria-hidden />
        )}
        {t(books.balanced ? 'balance.good' : 'balance.bad')}
      </div>
      <div className={styles['sum']}>
        <Term label={t('read')} value={books.read} />
        <Sign>=</Sign>
        <Term label={t('delivered')} value={books.delivered} note={share(books.delivered)} />
        <Sign>+</Sign>
        <Term label={t('skipped')} value={skipped} note={share(skipped)} />
        <Sign>+</Sign>
        <Term
          label={
            books.deadLetters > 0 ? (
              <Link to="/dead-letters" search={{ connection: name }}>
                {t('deadLetters')}
              </Link>
            ) : (
              t('deadLetters')
            )
          }
          value={books.deadLetters}
          tone={books.deadLetters > 0 ? 'bad' : undefined}
          note={share(books.deadLetters)}
        />
      </div>
      {books.read > 0 && (
        <div className={styles['bar']} aria-hidden>
          <span style={{ flexGrow: books.delivered, background: 'var(--s-accent)' }} />
          <span style={{ flexGrow: skipped, background: 'var(--s-mute)', opacity: 0.55 }} />
          <span style={{ flexGrow: books.deadLetters, background: 'var(--s-bad)' }} />
        </div>
      )}
      {reasons.length > 0 && (
        <Text size="xs" c="dimmed" mt={10}>
          {t('balance.skippedBecause')}{' '}
          {reasons
            .map(([reason, n]) => `${known(`skip.${reason}`, reason)} (${format.number(n)})`)
            .join(' · ')}
        </Text>
      )}
      <Problems name={name} title={t('balance.breaks')} tone="bad" problems={books.breaks} />
      <Problems
        name={name}
        title={t('balance.unreadable')}
        tone="warn"
        problems={books.unreadable}
      />
    </>
  );
}

function Term({
  label,
  value,
  note,
  tone,
}: {
  readonly label: ReactNode;
  readonly value: number;
  readonly note?: string | undefined;
  readonly tone?: 'bad' | undefined;
}): ReactNode {
  const { format } = useI18n();
  return (
    <div>
      <div className={`${styles['value']} ${tone ? `tone-${tone} tone-text` : ''}`}>
        {format.number(value)}
      </div>
      <Text size="sm" c="dimmed" component="div">
        {label}
        {note !== undefined && <span className="num"> · {note}</span>}
      </Text>
    </div>
  );
}

function Sign({ children }: { readonly children: string }): ReactNode {
  return <div className={styles['sign']}>{children}</div>;
}

const SHOWN = 5;

function Problems({
  name,
  title,
  tone,
  problems,
}: {
  readonly name: string;
  readonly title: string;
  readonly tone: 'bad' | 'warn';
  readonly problems: readonly SliceProblem[];
}): ReactNode {
  const { tn } = useI18n();
  if (problems.length === 0) return null;
  return (
    <div style={{ marginTop: 14 }}>
      <Note tone={tone} title={title}>
        {problems.slice(0, SHOWN).map(({ slice, problem }) => (
          <div key={slice}>
            <span className="mono">{slice}</span>
            <div className="dim">{problem}</div>
          </div>
        ))}
        {problems.length > SHOWN && (
          <Link to="/connections/$name" params={{ name }} search={{ tab: 'slices' }}>
            {tn('balance.moreProblems', problems.length - SHOWN)}
          </Link>
        )}
      </Note>
    </div>
  );
}
