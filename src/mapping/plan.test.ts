import { describe, expect, test } from 'vitest';
import { mapRecord, newFieldsIn, type SourceRecord } from './mapper.ts';
import { compilePlan } from './plan.ts';
import { type MappingInput, parseMappingSettings } from './settings.ts';

const CLICK = 'users.messages.email.Click';
const CUSTOM = 'users.behaviors.CustomEvent';
const base = { id: 'id-1', time: 1_780_000_000, external_user_id: 'ana' };

function map(type: string, record: SourceRecord, input: MappingInput = {}) {
  const context = { settings: parseMappingSettings(input), salt: 'pepper' };
  const names = Object.keys(record).map((name) => ({ name }));
  const plan = compilePlan(type, names, context);
  const outcome = mapRecord(plan, record, context);
  if (outcome.kind !== 'event') throw new Error(`no event: ${JSON.stringify(outcome)}`);
  const event = JSON.parse(outcome.json) as { event: string; properties: Record<string, unknown> };
  return { ...event, json: outcome.json, notSent: newFieldsIn(plan, record) };
}

describe('names that look like parts of every object', () => {
  test('are properties, events and settings like any other', () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      const record = Object.fromEntries([...Object.entries(base), [name, 'x']]);
      expect(Object.entries(map(CLICK, record, { newFields: 'send' }).properties)).toContainEqual([
        name,
        'x',
      ]);
      expect(map(CLICK, record).notSent).toEqual([name]);
    }
    expect(map('users.constructor.Swipe', base, { uncatalogued: 'send' }).event).toBe(
      'Constructor Swipe',
    );
  });
});

test.each([
  // type, events, uncatalogued, why it is skipped
  [CLICK, CUSTOM, 'send', 'deselected'],
  [CLICK, CLICK, 'skip', undefined],
  ['users.UserDeleteRequest', CLICK, 'send', 'deselected'],
  ['users.UserDeleteRequest', '*', 'skip', 'storage_only'],
  ['users.UserDeleteRequest', '*', 'send', undefined],
  // Nobody could select what was not there yet: that it came is told all the same.
  ['users.new.Type', CLICK, 'skip', 'uncatalogued'],
  ['users.new.Type', CLICK, 'send', 'uncatalogued'],
  ['users.new.Type', '*', 'skip', 'uncatalogued'],
  ['users.new.Type', '*', 'send', undefined],
] as const)(
  '%s with the events %s and uncatalogued: %s is skipped: %s',
  (type, events, mode, why) => {
    const settings = parseMappingSettings({ events: [events], uncatalogued: mode });
    expect(compilePlan(type, [], { settings, salt: 'pepper' }).skip).toBe(why);
  },
);

describe('a field whose name is reserved or taken', () => {
  test('never sets what Mixpanel reads identity, time or fate from, and is counted as not sent', () => {
    const names = ['distinct_id', 'token', '$insert_id', '$ignore', 'bucket', 'ip', '$user_id'];
    const record = { ...base, ...Object.fromEntries(names.map((name) => [name, 'x'])) };
    for (const settings of [{ newFields: 'send' }, { shape: 'full' }] as const) {
      const { properties, notSent } = map(CLICK, record, settings);
      expect(Object.keys(properties)).toEqual(['$partner_id', 'distinct_id', '$insert_id', 'time']);
      expect(properties['distinct_id']).toBe('ana');
      expect(notSent).toEqual(names);
    }
    const uncatalogued = map('users.new.Type', record, { uncatalogued: 'send' });
    expect(uncatalogued.notSent).toEqual(names);
  });

  test('yields to a static property, to a renamed one and to the keys of a bag, and is counted', () => {
    const record = {
      ...base,
      name: 'n',
      properties: '{"a":1}',
      zone: 'field',
      app_id: 'app',
      app: 'field',
      '[Custom event property] a': 'field',
    };
    const { json, properties, notSent } = map(CUSTOM, record, {
      newFields: 'send',
      static: { zone: 'static' },
      rename: { properties: { app_id: 'app' } },
    });
    expect(properties).toMatchObject({
      zone: 'static',
      app: 'app',
      '[Custom event property] a': 1,
    });
    expect(json.match(/Custom event property/g)).toHaveLength(1);
    expect(notSent).toEqual(['zone', 'app', '[Custom event property] a']);
  });

  test('can be sent under another name where it is not part of the identity', () => {
    const { properties, notSent } = map(
      CLICK,
      { ...base, ip: '192.0.2.1' },
      { newFields: 'send', rename: { properties: { ip: 'address' } } },
    );
    expect(properties['address']).toBe('192.0.2.1');
    expect(notSent).toEqual([]);
  });
});

test('a name that is no valid Unicode is made so', () => {
  const { json } = map(CLICK, { ...base, 'a\ud800': 1 }, { newFields: 'send' });
  expect(json).toContain('"a\ufffd":1');
  expect(map('users.new.\ud800', base, { uncatalogued: 'send' }).event).toBe('New \ufffd');
});

test('settings can not give two properties of one event the same name', () => {
  for (const name of ['[Custom event property] a', '[Purchase property] a'])
    for (const settings of [
      { static: { [name]: 1 } },
      { rename: { properties: { url: name } } },
    ] as const)
      expect(() => parseMappingSettings(settings)).toThrow(/may be the name of a custom property/);
});

test('a custom event without a name carries the bare prefix, which can be renamed', () => {
  for (const name of ['', null]) {
    const event = (input: MappingInput) => map(CUSTOM, { ...base, name }, input).event;
    expect(event({ joiner: ': ' })).toBe('[Braze Custom Event]');
    expect(event({ rename: { events: { '[Braze Custom Event]': 'Custom' } } })).toBe('Custom');
  }
});
