import { hash } from 'node:crypto';
import type { GenerateSettings } from './options.ts';

const PARTITIONS = 4;

/**
 * Braze's layout, after its page on delivery semantics: the integration, the type, the UTC hour of queueing,
 * the schema release, then partition and offset of the first event in the name. `hour`: hours since 1970.
 */
export function pathOf(
  settings: GenerateSettings,
  type: string,
  hour: number,
  offset: number,
): string {
  const { cluster, store, integrationId, version } = settings;
  const integration = `dataexport.${cluster}.${store}.integration.${integrationId}`;
  const date = new Date(hour * 3_600_000).toISOString().slice(0, 13).replace('T', '-');
  const partition = (hash('sha256', type, 'buffer')[0] ?? 0) % PARTITIONS;
  const name = `${integration}+${partition}+${String(offset).padStart(10, '0')}.avro`;
  return `${integration}/event_type=${type}/date=${date}/version=${version}/prod/${name}`;
}
