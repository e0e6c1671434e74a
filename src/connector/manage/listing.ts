import { HOUR_MS } from '../../core/hours.ts';
import type { ConnectionState, StoredConnection } from '../../core/connections.ts';
import type { HourFigures } from '../../core/books.ts';
import { shown } from '../apply.ts';
import { type ConnectionSpec, connectionSpec, destinationOf } from '../connection.ts';
import { warningsFor } from '../export.ts';
import { SOURCES } from '../sources.ts';
import { type ManagedParts, stored } from './parts.ts';

export interface ConnectionSummary {
  readonly name: string;
  readonly source: { readonly kind: string; readonly title: string; readonly place: string };
  readonly state: ConnectionState;
  readonly paused: boolean;
  /** Null while it does not run yet. */
  readonly lagSeconds: number | null;
  /** Milliseconds since the epoch, as all times here. */
  readonly deliveredAt: number | null;
  readonly receivedAt: number | null;
  /** The hour under way and the 23 before it; `byHour`: delivered, oldest first. */
  readonly last24h: Omit<HourFigures, 'at'> & { readonly byHour: readonly number[] };
  /** There are now. */
  readonly deadLetters: number;
  /** Slices that can't be read to their end. */
  readonly problems: number;
  readonly createdAt: number;
  readonly revision: number;
}

export interface ConnectionDetail extends ConnectionSummary {
  /** With secrets hidden. */
  readonly spec: unknown;
  /** Path that Braze pushes to; null when it does not push. */
  readonly pushPath: string | null;
  readonly warnings: readonly string[];
}

/** A page of the connections in order of name. */
export async function listConnections(
  parts: ManagedParts,
  filter: { readonly after?: string; readonly search?: string; readonly limit: number },
): Promise<ConnectionSummary[]> {
  const page = await parts.state.connections.page(filter);
  return Promise.all(page.map((each) => summaryOf(parts, each)));
}

/** Throws UsageError `no_such_connection`. */
export async function describeConnection(
  parts: ManagedParts,
  name: string,
): Promise<ConnectionDetail> {
  const found = await stored(parts, name);
  const spec = connectionSpec.safeParse(found.spec).data;
  return {
    ...(await summaryOf(parts, found)),
    spec: shown(found),
    pushPath: spec?.source.kind === 'inbox' ? `/currents/${name}` : null,
    warnings: spec ? warningsFor(destinationOf(spec), spec.settings) : [],
  };
}

async function summaryOf(
  { state, service, now }: ManagedParts,
  { name, spec, paused, createdAt, revision }: StoredConnection,
): Promise<ConnectionSummary> {
  const status = service.status(name);
  const first = Math.floor(now() / HOUR_MS) * HOUR_MS - 23 * HOUR_MS;
  const hours = await state.books.hours(name, first);
  const byHour = Array.from({ length: 24 }, () => 0);
  const sums = { read: 0, delivered: 0, skipped: 0, deadLetters: 0 };
  for (const { at, ...each } of hours) {
    const place = (at - first) / HOUR_MS;
    if (place < 24) byHour[place] = each.delivered;
    for (const key of ['read', 'delivered', 'skipped', 'deadLetters'] as const)
      sums[key] += each[key];
  }
  return {
    name,
    source: sourceOf(spec),
    state: paused ? { kind: 'paused' } : (status?.state ?? { kind: 'idle' }),
    paused,
    lagSeconds: status?.lagSeconds ?? null,
    deliveredAt: status?.deliveredAt ?? null,
    receivedAt: status?.receivedAt ?? null,
    last24h: { ...sums, byHour },
    deadLetters: await state.books.deadLetters(name),
    problems: status?.problems ?? 0,
    createdAt,
    revision,
  };
}

const PLACE_KEYS = ['path', 'bucket', 'account', 'container', 'prefix'];

/** `place`: where it reads, as far as settings say so. Holds no secret. */
function sourceOf(spec: unknown): ConnectionSummary['source'] {
  const { source } = spec as Partial<ConnectionSpec>;
  const settings = (source ?? {}) as Readonly<Record<string, unknown>>;
  const kind = String(settings['kind']);
  const title = Object.entries(SOURCES).find(([name]) => name === kind)?.[1].title ?? kind;
  const place = PLACE_KEYS.map((key) => settings[key]).filter(
    (value) => typeof value === 'string' && value !== '',
  );
  return { kind, title, place: place.join('/') };
}
