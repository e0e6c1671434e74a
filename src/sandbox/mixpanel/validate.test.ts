import { describe, expect, test } from 'vitest';
import type { Switches } from './switches.ts';
import { anEvent, importTo, NOW, testSandbox } from '../../../test/support/sandbox-client.ts';

const SECONDS = NOW / 1000;

function many(n: number, value: unknown = 1): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: n }, (_, index) => [`p${index}`, value]));
}

/** An event whose JSON has exactly so many bytes. */
function sized(bytes: number): unknown {
  const empty = JSON.stringify(anEvent({ text: '' })).length;
  return anEvent({ text: 'x'.repeat(bytes - empty) });
}

/** An event whose property `x` holds a Latin-1 byte, beside a valid replacement character in `a`. */
function withInvalidBytes(): Buffer {
  const json = Buffer.from(JSON.stringify(anEvent({ a: '\ufffd', x: 'Caf?' })));
  json[json.indexOf('?')] = 0xe9;
  return json;
}

async function failureOf(
  event: unknown,
  switches: Partial<Switches> = {},
): Promise<{ field: string; message: string } | undefined> {
  await using sandbox = await testSandbox({ switches });
  const body = Buffer.isBuffer(event) ? event : [event];
  const answer = await importTo(sandbox, body);
  const record = answer.json.failed_records?.[0];
  expect(answer.status).toBe(record ? 400 : 200);
  expect(sandbox.stats()).toMatchObject({ ingested: record ? 0 : 1, rejected: record ? 1 : 0 });
  return record && { field: record.field, message: record.message };
}

describe('known texts', () => {
  const cases: [string, unknown, string, string][] = [
    [
      'no name',
      { properties: anEvent().properties },
      'event',
      "'event' must not be missing or blank",
    ],
    ['blank name', anEvent({}, ' '), 'event', "'event' must not be missing or blank"],
    [
      'no time',
      anEvent({ time: undefined }),
      'properties.time',
      "'properties.time' is invalid: must not be missing",
    ],
    [
      'time as text',
      anEvent({ time: '2026-01-01' }),
      'properties.time',
      "'properties.time' is invalid: must be specified as seconds since epoch",
    ],
    [
      'time with a fraction',
      anEvent({ time: SECONDS - 0.5 }),
      'properties.time',
      "'properties.time' is invalid: must be specified as seconds since epoch",
    ],
    [
      'time far ahead',
      anEvent({ time: 4_102_444_800 }),
      'properties.time',
      "'properties.time' is invalid: must not be in the future",
    ],
    [
      'no distinct_id',
      anEvent({ distinct_id: undefined }),
      'properties.distinct_id',
      "'properties.distinct_id' is invalid: must not be missing",
    ],
    [
      'insert id with a colon',
      anEvent({ $insert_id: 'a:b' }),
      '$insert_id',
      "'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters",
    ],
    [
      'lone surrogate',
      anEvent({ x: ['\ud800'] }),
      'properties.x',
      'properties.x is invalid: string should be valid utf8',
    ],
    [
      'invalid bytes',
      withInvalidBytes(),
      'properties.x',
      'properties.x is invalid: string should be valid utf8',
    ],
  ];
  test.each(cases)('%s', async (_name, event, field, message) => {
    expect(await failureOf(event)).toEqual({ field, message });
  });
});

describe('refused', () => {
  const cases: [string, unknown, string][] = [
    ['a name that is no text', anEvent({}, 7), 'event'],
    ['no properties', { event: 'Open' }, 'properties'],
    ['properties that are a list', { event: 'Open', properties: [] }, 'properties'],
    ['a further key beside event and properties', { ...anEvent(), extra: 1 }, 'extra'],
    ['a second before 1971', anEvent({ time: 31_535_999 }), 'properties.time'],
    ['a second over an hour ahead', anEvent({ time: SECONDS + 3601 }), 'properties.time'],
    ['a millisecond over an hour ahead', anEvent({ time: NOW + 3_600_001 }), 'properties.time'],
    ['a distinct_id that is a number', anEvent({ distinct_id: 7 }), 'properties.distinct_id'],
    ['no $insert_id', anEvent({ $insert_id: undefined }), '$insert_id'],
    ['an $insert_id that is a number', anEvent({ $insert_id: 7 }), '$insert_id'],
    ['an empty $insert_id', anEvent({ $insert_id: '' }), '$insert_id'],
    ['an $insert_id of 37 bytes', anEvent({ $insert_id: 'a'.repeat(37) }), '$insert_id'],
    ['an $insert_id with an underscore', anEvent({ $insert_id: 'a_b' }), '$insert_id'],
    ['an $insert_id that is refused', anEvent({ $insert_id: 'undefined' }), '$insert_id'],
    ['the token of another project', anEvent({ token: 'other' }), 'properties.token'],
    ['255 properties', anEvent(many(252)), 'properties'],
    ['a list of 255', anEvent({ x: Array(255).fill(1) }), 'properties.x'],
    ['an object of 255 keys', anEvent({ x: many(255) }), 'properties.x'],
    ['objects four levels deep', anEvent({ x: { a: { b: { c: {} } } } }), 'properties.x'],
    ['a list over 8 KB', anEvent({ x: Array(100).fill('x'.repeat(100)) }), 'properties.x'],
    ['an event of 1,000,000 bytes', sized(1_000_000), 'event'],
    ['an invalid name', anEvent({}, 'a\udfff'), 'event'],
    ['an invalid property name', anEvent({ 'a\udfff': 1 }), 'properties'],
  ];
  test.each(cases)('%s', async (_name, event, field) => {
    expect((await failureOf(event))?.field).toBe(field);
  });

  test.each(
    '00000000-0000-0000-0000-000000000000 anon anonymous nil none null n/a na undefined unknown <nil> 0 -1 true false [] {}'.split(
      ' ',
    ),
  )('the distinct_id %s', async (id) => {
    expect((await failureOf(anEvent({ distinct_id: id })))?.field).toBe('properties.distinct_id');
  });
});

describe('taken', () => {
  const cases: [string, unknown][] = [
    ['a time in seconds', anEvent({ time: SECONDS })],
    ['a time in milliseconds', anEvent({ time: NOW })],
    ['the first second of 1971', anEvent({ time: 31_536_000 })],
    ['the first millisecond of 1971', anEvent({ time: 31_536_000_000 })],
    ['a time an hour ahead', anEvent({ time: NOW + 3_600_000 })],
    ['an empty distinct_id', anEvent({ distinct_id: '' })],
    ['a refused id in other case', anEvent({ distinct_id: 'NULL' })],
    ['an $insert_id of 36 bytes', anEvent({ $insert_id: 'Ab-9'.repeat(9) })],
    ["the project's own token", anEvent({ token: 'tok' })],
    ['254 properties', anEvent(many(251))],
    ['a list of 254', anEvent({ x: Array(254).fill(1) })],
    ['objects three levels deep', anEvent({ x: [{ a: { b: {} } }] })],
    ['an event of 999,999 bytes', sized(999_999)],
    [
      'escapes of whole surrogate pairs',
      Buffer.from(JSON.stringify(anEvent({ x: 'X' })).replace('X', '\\ud83d\\ude00')),
    ],
    ['nested text that only looks like a list', anEvent({ x: '[{"a":1},]' })],
  ];
  test.each(cases)('%s', async (_name, event) => {
    expect(await failureOf(event)).toBeUndefined();
  });
});

describe('switches', () => {
  test('future time: clamp takes any', async () => {
    await using sandbox = await testSandbox({ switches: { futureTime: 'clamp' } });
    expect((await importTo(sandbox, [anEvent({ time: 4_102_444_800 })])).status).toBe(200);
    expect(sandbox.events()[0]?.properties['time']).toBe(NOW);
  });

  test('property count: 255 may be allowed, 256 not', async () => {
    const switches = { propertyCount: 'up-to-255' } as const;
    expect(await failureOf(anEvent(many(252)), switches)).toBeUndefined();
    expect((await failureOf(anEvent(many(253)), switches))?.field).toBe('properties');
  });

  test('refused ids: any case', async () => {
    const switches = { refusedIds: 'any-case' } as const;
    expect((await failureOf(anEvent({ distinct_id: 'NULL' }), switches))?.field).toBe(
      'properties.distinct_id',
    );
  });

  test('nesting: may be accepted, but never without bound', async () => {
    const switches = { nesting: 'accept' } as const;
    expect(await failureOf(anEvent({ x: { a: { b: { c: {} } } } }), switches)).toBeUndefined();
    const text = JSON.stringify(anEvent({ x: 'X' }));
    const deep = text.replace('"X"', '['.repeat(50_000) + ']'.repeat(50_000));
    expect((await failureOf(Buffer.from(deep), switches))?.field).toBe('properties.x');
  });

  describe('a simplified project', () => {
    const switches = { identityMerge: 'simplified' } as const;

    test.each([
      [{ $user_id: 'u', $device_id: 'd' }, 'u'],
      [{ $device_id: 'd' }, '$device:d'],
      [{ $device_id: '$device:d' }, '$device:d'],
    ])('computes the distinct_id of %j', async (ids, expected) => {
      await using sandbox = await testSandbox({ switches });
      await importTo(sandbox, [anEvent({ distinct_id: undefined, ...ids })]);
      expect(sandbox.events()[0]?.properties['distinct_id']).toBe(expected);
    });

    test('still refuses an event without any id', async () => {
      expect((await failureOf(anEvent({ distinct_id: undefined }), switches))?.field).toBe(
        'properties.distinct_id',
      );
    });

    test('refuses a batch with identity events, or ignores them', async () => {
      const events = [anEvent(), anEvent({}, '$identify')];
      await using strict = await testSandbox({ switches });
      expect((await importTo(strict, events)).json).toMatchObject({
        code: 400,
        num_records_imported: 0,
        failed_records: [expect.stringContaining('identity events are not allowed')],
      });
      expect(strict.stats().ingested).toBe(0);
      await using lax = await testSandbox({ switches: { ...switches, identityVerbs: 'ignore' } });
      expect((await importTo(lax, events)).status).toBe(200);
      expect(lax.stats()).toMatchObject({ ingested: 1, ignored: 1 });
    });
  });
});
