import { describe, expect, test } from 'vitest';
import { allEvents, unconfirmedEvents } from '../catalogue/catalogue.ts';
import { mapRecord } from './mapper.ts';
import { createMapping } from './mapping.ts';
import { sampleRecord } from './sample.ts';
import { parseMappingSettings } from './settings.ts';

const moment = { id: '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b', time: 1_790_000_000 };
const mapping = createMapping(parseMappingSettings({}), { token: 'tok' });

const isOfType: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string' && value !== '',
  int: (value) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
  long: Number.isSafeInteger,
  float: (value) => typeof value === 'number' && Math.fround(value) === value,
  double: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  'array<string>': (value) =>
    Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string'),
};

describe.each(
  [...allEvents(), ...unconfirmedEvents()].map((event) => [event.type, event] as const),
)('%s', (type, event) => {
  const record = sampleRecord(event, moment);

  test('a sample carries every documented field, of its type', () => {
    const wrong = event.properties.filter(
      ({ field, type }) => field !== null && !isOfType[type]!(record[field]),
    );
    expect(wrong).toEqual([]);
    expect(sampleRecord(event, moment)).toEqual(record);
  });

  test('it becomes an event with every property', () => {
    const outcome = mapRecord(mapping.pushed(type, Object.keys(record)), record, mapping.context);
    if (outcome.kind !== 'event') throw new Error(JSON.stringify(outcome));
    const { properties } = JSON.parse(outcome.json) as { properties: Record<string, unknown> };
    expect(Object.keys(properties)).toEqual(
      expect.arrayContaining(event.properties.map(({ name }) => name)),
    );
    expect(properties).toMatchObject({
      distinct_id: 'sluice-test-user',
      $insert_id: moment.id,
      time: moment.time,
    });
    if (event.dynamic) expect(properties[`${event.dynamic.prefix} sample_text`]).toBe('sample');
  });
});
