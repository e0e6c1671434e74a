import { describe, expect, test } from 'vitest';
import { readPushedBody } from './custom-http.ts';

const read = (body: unknown) =>
  readPushedBody(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));

const event = {
  event_type: 'users.behaviors.CustomEvent',
  id: 'id-1',
  time: 1_780_000_000,
  user: { external_user_id: 'ana' },
  properties: { name: 'n', custom_properties: { a: 1 } },
};
const flat = {
  id: 'id-1',
  time: 1_780_000_000,
  external_user_id: 'ana',
  name: 'n',
  properties: { a: 1 },
};

describe('a pushed body', () => {
  test('is a batch, a list or one event, each laid out like a storage record', () => {
    const want = { eventType: 'users.behaviors.CustomEvent', record: flat };
    expect(read({ events: [event, event] })).toEqual([want, want]);
    expect(read([event])).toEqual([want]);
    expect(read(event)).toEqual([want]);
    expect(read({ events: [] })).toEqual([]);
  });

  test('loses nothing that stands beside the documented keys', () => {
    const [got] = read({ ...event, shard: 7, user: 'ana', properties: [1] });
    expect(got!.record).toEqual({
      id: 'id-1',
      time: 1_780_000_000,
      shard: 7,
      user: 'ana',
      properties: [1],
    });
    const both = { ...event.properties, purchase_properties: { b: 2 } };
    expect(read({ ...event, properties: both })[0]!.record['properties']).toEqual({ a: 1, b: 2 });
  });

  test('keeps an event without a type whole', () => {
    for (const odd of [
      { ...event, event_type: 7 },
      { ...event, event_type: '' },
    ])
      expect(read([odd])).toEqual([{ eventType: undefined, record: odd }]);
    expect(read([null, 'x'])).toEqual([
      { eventType: undefined, record: { event: null } },
      { eventType: undefined, record: { event: 'x' } },
    ]);
  });

  test.each([
    ['not_json', ''],
    ['not_json', '{"events":['],
    ['not_events', '7'],
    ['not_events', '{}'],
    ['not_json', '['.repeat(100_000)],
    ['not_events', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
  ])('%s: %j', (code, body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code }) as Error);
  });

  describe('with something nested 10,000 deep', () => {
    const deep = '['.repeat(10_000) + ']'.repeat(10_000);
    const deepEvent = `{ "event_type" : "users.behaviors.CustomEvent", "x\\"," : ${deep} }`;
    const plain = JSON.stringify(event);
    const want = readPushedBody(Buffer.from(`[${plain}]`));

    test.each([
      ['a batch', `{"more":${deep},"\\u0065vents":[${plain},${deepEvent},${plain}]}`],
      ['a batch with its key twice', `{"events":[],"events":[${plain},${deepEvent} , ${plain}]}`],
      ['a list', ` [ ${plain} , ${deepEvent}\n,${plain} ] `],
    ])('%s gives its other events, and keeps that one whole', (_, body) => {
      const events = read(body);
      expect(events).toHaveLength(3);
      expect([events[0], events[2]]).toEqual([want[0], want[0]]);
      expect(events[1]).toMatchObject({ eventType: 'users.behaviors.CustomEvent', record: {} });
      expect(Buffer.from(events[1]!.tooDeep!).toString()).toBe(deepEvent);
    });

    test('a single event is kept whole', () => {
      const [only, ...rest] = read(deepEvent);
      expect(rest).toEqual([]);
      expect(Buffer.from(only!.tooDeep!).toString()).toBe(deepEvent);
    });

    test('an event without a type has none', () => {
      for (const odd of [deep, `{"a":${deep}}`, `{"event_type":7,"a":${deep}}`])
        expect(read(`[${odd}]`)[0]!.eventType).toBeUndefined();
    });
  });

  test('may start with a byte order mark', () => {
    expect(read(`\ufeff${JSON.stringify([event])}`)).toEqual(read([event]));
  });
});
