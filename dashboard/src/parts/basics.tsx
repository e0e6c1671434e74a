import { Button, Skeleton, Stack, Text, Title } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconInfoCircle,
  IconRefresh,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ApiError } from '../client.ts';
import { useI18n } from '../i18n/i18n.tsx';
import { useTitle } from './use-title.ts';

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'accent' | 'mute';

interface PageHeadProps {
  readonly title: ReactNode;
  /** Title of the browser's tab, when the title is more than a text. */
  readonly name?: string;
  readonly about?: ReactNode;
  readonly children?: ReactNode;
}

/** Title, one line on what the page is for, and its actions. */
export function PageHead({ title, name, about, children }: PageHeadProps): ReactNode {
  useTitle(name ?? (typeof title === 'string' ? title : undefined));
  return (
    <header className="page-head">
      <div>
        <Title order={1}>{title}</Title>
        {about !== undefined && (
          <Text component="div" c="dimmed" size="sm" mt={4} maw={720}>
            {about}
          </Text>
        )}
      </div>
      {children !== undefined && <div className="actions">{children}</div>}
    </header>
  );
}

interface CardProps {
  readonly title?: ReactNode;
  readonly about?: ReactNode;
  readonly actions?: ReactNode;
  /** Without padding, for tables. */
  readonly flush?: boolean;
  readonly children: ReactNode;
  readonly label?: string;
}

export function Card({
  title,
  about,
  actions,
  flush = false,
  children,
  label,
}: CardProps): ReactNode {
  const head = title !== undefined && (
    <div
      className={flush ? 'card-head' : undefined}
      style={{
        display: 'flex',
        flexWrap: 'wrap',
        gap: '8px 16px',
        justifyContent: 'space-between',
        alignItems: about === undefined ? 'center' : 'flex-start',
      }}
    >
      <div style={{ minWidth: 0, flex: '1 1 220px' }}>
        <Title order={2}>{title}</Title>
        {about !== undefined && (
          <Text c="dimmed" size="sm" component="div">
            {about}
          </Text>
        )}
      </div>
      {actions}
    </div>
  );
  return (
    <section
      className={flush ? 'card flush' : 'card'}
      aria-label={label ?? (typeof title === 'string' ? title : undefined)}
    >
      {head}
      {flush || !head ? children : <div style={{ marginTop: 16 }}>{children}</div>}
    </section>
  );
}

export function Tag({
  tone = 'mute',
  dot = false,
  children,
}: {
  readonly tone?: Tone;
  readonly dot?: boolean | 'beats';
  readonly children: ReactNode;
}): ReactNode {
  return (
    <span className={`tag tone-${tone}`}>
      {dot !== false && <span className={dot === 'beats' ? 'dot beats' : 'dot'} aria-hidden />}
      {children}
    </span>
  );
}

const NOTE_ICONS = {
  ok: IconCircleCheck,
  warn: IconAlertTriangle,
  bad: IconAlertTriangle,
  info: IconInfoCircle,
  accent: IconInfoCircle,
  mute: IconInfoCircle,
} as const;

export function Note({
  tone = 'info',
  title,
  children,
  role,
}: {
  readonly tone?: Tone;
  readonly title?: ReactNode;
  readonly children?: ReactNode;
  readonly role?: 'status' | 'alert';
}): ReactNode {
  const Icon = NOTE_ICONS[tone];
  return (
    <div className={`note tone-${tone}`} role={role}>
      <Icon size={18} aria-hidden />
      <div>
        {title !== undefined && <strong>{title}</strong>}
        {children !== undefined && <div>{children}</div>}
      </div>
    </div>
  );
}

export function Figure({
  label,
  children,
  note,
  tone,
}: {
  readonly label: ReactNode;
  readonly children: ReactNode;
  readonly note?: ReactNode;
  readonly tone?: Tone | undefined;
}): ReactNode {
  return (
    <div>
      <Text size="xs" c="dimmed" fw={500}>
        {label}
      </Text>
      <div className={`figure-value ${tone ? `tone-${tone} tone-text` : ''}`}>{children}</div>
      {note !== undefined && (
        <Text size="xs" c="dimmed" component="div">
          {note}
        </Text>
      )}
    </div>
  );
}

export function Empty({
  icon,
  title,
  children,
  action,
}: {
  readonly icon?: ReactNode;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}): ReactNode {
  return (
    <Stack align="center" gap={6} py={48} px="md" ta="center">
      {icon !== undefined && (
        <div className="tone-accent tone-text" aria-hidden>
          {icon}
        </div>
      )}
      <Text fw={600} size="md" component="p" m={0}>
        {title}
      </Text>
      {children !== undefined && (
        <Text c="dimmed" size="sm" maw={460} component="div">
          {children}
        </Text>
      )}
      {action !== undefined && <div style={{ marginTop: 14 }}>{action}</div>}
    </Stack>
  );
}

/** What went wrong, what to do about it, and a way to try again. */
export function Failure({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
}): ReactNode {
  const { t } = useI18n();
  return (
    <Note tone="bad" role="alert" title={t('failure.title')}>
      <div>{errorText(error)}</div>
      {error instanceof ApiError && error.hint !== undefined && <div>{error.hint}</div>}
      {onRetry && (
        <Button
          mt={10}
          size="xs"
          variant="default"
          leftSection={<IconRefresh size={14} aria-hidden />}
          onClick={onRetry}
        >
          {t('failure.retry')}
        </Button>
      )}
    </Note>
  );
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface AnyQuery<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly isPending: boolean;
  refetch(): Promise<unknown>;
}

/** Skeletons while a query loads, the error with a retry when it failed, else its data. */
export function Loaded<T>({
  query,
  rows = 3,
  height = 44,
  children,
}: {
  readonly query: AnyQuery<T>;
  readonly rows?: number;
  readonly height?: number;
  readonly children: (data: T) => ReactNode;
}): ReactNode {
  if (query.data !== undefined) return children(query.data);
  if (query.error)
    return (
      <div className="inset">
        <Failure error={query.error} onRetry={() => void query.refetch()} />
      </div>
    );
  return <Waiting rows={rows} height={height} />;
}

export function Waiting({
  rows = 3,
  height = 44,
}: {
  readonly rows?: number;
  readonly height?: number;
}): ReactNode {
  const { t } = useI18n();
  return (
    <Stack gap={10} className="inset" role="status" aria-label={t('loading')}>
      {Array.from({ length: rows }, (_, i) => (
        <Skeleton key={i} height={height} radius="md" />
      ))}
    </Stack>
  );
}
