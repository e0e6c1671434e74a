import { redact } from '../redact.ts';
import { type ServiceSettings, serviceSettings } from '../service-settings.ts';
import type { ManagedParts } from './parts.ts';

export interface ServiceView {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly node: string;
  readonly uptimeSeconds: number;
  readonly dataDir: string;
  readonly databaseBytes: number;
  readonly inbox: readonly { readonly connection: string; pushes: number; bytes: number }[];
  readonly retention: ServiceSettings['retention'];
  /** With secrets hidden. */
  readonly alerts: unknown;
  readonly listen: ServiceSettings['listen'];
  readonly publicUrl: string | null;
  /** Why it can't do its work now; null when it can. */
  readonly trouble: string | null;
}

export async function describeService(
  { state, service, settings, dataDir, now }: ManagedParts,
  startedAt: number,
): Promise<ServiceView> {
  const shown = redact(serviceSettings, settings) as Readonly<Record<string, unknown>>;
  return {
    startedAt,
    node: process.version,
    uptimeSeconds: Math.floor((now() - startedAt) / 1000),
    dataDir,
    databaseBytes: await state.books.bytes(),
    inbox: service
      .inboxes()
      .map(({ connection, pushes, bytes }) => ({ connection, pushes, bytes })),
    retention: settings.retention,
    alerts: shown['alerts'],
    listen: settings.listen,
    publicUrl: settings.publicUrl ?? null,
    trouble: service.unready() ?? null,
  };
}
