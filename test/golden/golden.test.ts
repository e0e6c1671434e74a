import avro from 'avsc';
import { describe, expect, test } from 'vitest';
import { allEvents } from '../../src/catalogue/catalogue.ts';
import { Batch } from '../../src/core/batch.ts';
import { mapRecord } from '../../src/mapping/mapper.ts';
import { createMapping } from '../../src/mapping/mapping.ts';
import { parseMappingSettings } from '../../src/mapping/settings.ts';
import { shortestFloat32 } from '../../src/mapping/values.ts';
import { schemaOf } from '../support/writer-schemas.ts';
import { fieldsOf, goldenTypes, readGolden, recordOf } from './cases.ts';

const mapping = createMapping(parseMappingSettings({}), { token: '<token>' });

test('there is a golden file for each of the 93 types, and no other', () => {
  expect(goldenTypes().toSorted()).toEqual(
    allEvents()
      .map(({ type }) => type)
      .toSorted(),
  );
});

describe.each(allEvents().map((event) => [event.type, event] as const))('%s', (type, event) => {
  const golden = readGolden(type);

  test('the golden event is what the catalogue says, property for property', () => {
    const { properties } = golden.event;
    const fixed = event.properties.map(({ name }) => name);
    const dynamic = Object.keys(properties).filter((name) => !fixed.includes(name));
    expect(Object.keys(properties).slice(0, fixed.length)).toEqual(fixed);
    for (const property of event.properties) {
      const value = properties[property.name];
      if (property.const !== undefined) expect(value).toBe(property.const);
      else if (property.source === 'project-token') expect(value).toBe('<token>');
      else {
        const source = golden.record[property.field!];
        expect(value).toEqual(
          property.type === 'float' ? shortestFloat32(source as number) : source,
        );
      }
    }
    if (event.dynamic) {
      const bag = JSON.parse(golden.record[event.dynamic.field] as string) as Record<
        string,
        unknown
      >;
      const wanted = Object.entries(bag).map(([key, value]) => [
        `${event.dynamic!.prefix} ${key}`,
        value,
      ]);
      expect(dynamic.map((name) => [name, properties[name]])).toEqual(wanted);
    } else expect(dynamic).toEqual([]);
    const name =
      event.nameFrom === undefined
        ? event.name
        : `${event.name} ${String(golden.record[event.nameFrom])}`;
    expect(golden.event.event).toBe(name);
  });

  test('its record carries every field of the writer schema and of the catalogue', () => {
    expect(golden.record).toEqual(recordOf(event));
  });

  test('the transcoder and the object mapper both give the golden event', () => {
    const fields = fieldsOf(event);
    const schema = schemaOf(type, fields);
    const avroType = avro.Type.forSchema(schema as avro.Schema);
    const block = avroType.toBuffer(golden.record);
    const encoder = mapping.avro(JSON.stringify(schema), schema, type);
    expect(encoder.transcodes).toBe(true);
    expect(encoder.holds(block, 1)).toBe(true);
    const batch = new Batch({ events: 1, bytes: 1_000_000 }, Buffer.alloc(1024));
    const slice = { id: 'f', version: '1', format: 'avro' } as const;
    batch.enter(slice, { offset: 0, index: 0, record: 0 });
    encoder.open(block, 1, slice)(0, 0, batch);
    expect(JSON.parse(Buffer.from(batch.lines).toString())).toEqual(golden.event);

    const plan = mapping.pushed(type, Object.keys(golden.record));
    const mapped = mapRecord(plan, golden.record, mapping.context);
    expect(mapped.kind === 'event' && JSON.parse(mapped.json)).toEqual(golden.event);
  });
});
