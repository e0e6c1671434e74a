import { hash } from 'node:crypto';
import { allEvents } from '../catalogue/catalogue.ts';
import { treatmentOf } from '../mapping/privacy.ts';
import type { MappingSettings } from '../mapping/settings.ts';

/**
 * Stands for everything in the settings that makes Mixpanel's deduplication key: event name and distinct id. Time and
 * `$insert_id` come from the record alone. Settings that only decide whether a record is sent are no part of it.
 * See docs/guides/settings.md, "What breaks deduplication".
 */
export function keyFingerprint({
  settings,
  salt,
}: {
  readonly settings: MappingSettings;
  readonly salt?: string | undefined;
}): string {
  const { eventNames, joiner, rename } = settings;
  const nameFields = new Set(allEvents().flatMap(({ nameFrom }) => nameFrom ?? []));
  const treated = ['external_user_id', 'user_id', ...nameFields].map(
    (field) => [field, treatmentOf(settings, field)] as const,
  );
  const isSalted = treated.some(([, treatment]) => treatment === 'hash');
  const parts = [
    eventNames,
    joiner,
    Object.entries(rename.events).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    treated,
    isSalted ? (salt ?? '') : null,
  ];
  return hash('sha256', JSON.stringify(parts), 'hex').slice(0, 32);
}
