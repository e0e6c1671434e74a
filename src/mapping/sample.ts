import type { CatalogueEvent, Property } from '../catalogue/catalogue.ts';
import type { SourceRecord } from './mapper.ts';

/** Who made-up events are of. */
export const SAMPLE_USER = 'sluice-test-user';

/**
 * A made-up record of an event type: every documented field with a placeholder of its documented type, as Braze's own
 * test events carry. `time` in seconds since the epoch. The same input gives the same record.
 */
export function sampleRecord(
  event: CatalogueEvent,
  { id, time }: { id: string; time: number },
): SourceRecord {
  const record: Record<string, unknown> = {};
  for (const { field, type } of event.properties)
    if (field !== null) record[field] = placeholder(field, type, time);
  if (event.nameFrom !== undefined) record[event.nameFrom] = 'Sluice Test';
  if (event.dynamic)
    record[event.dynamic.field] = { sample_text: 'sample', sample_number: 1, sample_flag: true };
  return { ...record, external_user_id: SAMPLE_USER, id, time };
}

function placeholder(field: string, type: Property['type'], time: number): unknown {
  if (field === 'time_ms') return time * 1000;
  // Currents names moments so, in seconds.
  if (field.endsWith('_at')) return time;
  const text = `sample ${field}`;
  switch (type) {
    case 'string':
      return text;
    case 'array<string>':
      return [text];
    case 'boolean':
      return true;
    case 'int':
    case 'long':
      return 1;
    case 'float':
    case 'double':
      return 1.5;
  }
}
