import { describe, expect, test } from 'vitest';
import { UsageError } from '../core/errors.ts';
import { Batch } from '../core/batch.ts';
import type { Slice } from '../core/source.ts';
import { createAvroEncoder } from './avro-encoder.ts';
import { REFUSED_IDS } from './identity.ts';
import { mapRecord, newFieldsIn, type Outcome } from './mapper.ts';
import { compilePlan, type PlanContext } from './plan.ts';
import { hashText } from './privacy.ts';
import { type MappingInput, parseMappingSettings } from './settings.ts';
import { shortestFloat32 } from './values.ts';

const CLICK = 'users.messages.email.Click';
const ID = '0190a1b2-0000-7000-8000-00000000abcd';
const base = { id: ID, time: 1_780_000_000, external_user_id: 'ana', user_id: '65f0c0ffee' };

function contextOf(settings: MappingInput = {}): PlanContext {
  return { settings: parseMappingSettings(settings), token: '<token>', salt: 'pepper' };
}

function map(type: string, record: Record<string, unknown>, settings: MappingInput = {}) {
  const context = contextOf(settings);
  const plan = compilePlan(
    type,
    Object.keys(record).map((name) => ({ name })),
    context,
  );
  const adjusted: Record<string, number> = {};
  const outcome = mapRecord(plan, record, context, adjusted);
  return { outcome, adjusted, news: newFieldsIn(plan, record) };
}

function eventOf(outcome: Outcome): { event: string; properties: Record<string, unknown> } {
  if (outcome.kind !== 'event') throw new Error(`no event: ${JSON.stringify(outcome)}`);
  return JSON.parse(outcome.json) as { event: string; properties: Record<string, unknown> };
}

const properties = (type: string, record: Record<string, unknown>, settings: MappingInput = {}) =>
  eventOf(map(type, record, settings).outcome).properties;

describe('who', () => {
  test('a user without external_user_id is skipped, as the native connector does', () => {
    for (const none of [null, undefined, ''])
      expect(map(CLICK, { ...base, external_user_id: none }).outcome).toEqual({
        kind: 'skip',
        reason: 'no_external_user_id',
      });
  });

  test('or sent as anonymous, each under an id of their own', () => {
    const sent = properties(
      CLICK,
      { ...base, external_user_id: null },
      { usersWithoutExternalId: 'anonymous' },
    );
    expect(sent).toMatchObject({ distinct_id: '$device:65f0c0ffee', $device_id: '65f0c0ffee' });
    const nobody = map(
      CLICK,
      { ...base, external_user_id: null, user_id: null },
      { usersWithoutExternalId: 'anonymous' },
    );
    expect(nobody.outcome).toEqual({ kind: 'skip', reason: 'no_user_id' });
  });

  test('the distinct ids that Mixpanel refuses become dead letters', () => {
    for (const id of REFUSED_IDS)
      expect(map(CLICK, { ...base, external_user_id: id }).outcome).toMatchObject({
        kind: 'dead-letter',
        cause: 'refused_distinct_id',
      });
    expect(map(CLICK, { ...base, external_user_id: 'NULL' }).outcome.kind).toBe('event');
    expect(
      map(CLICK, { ...base, external_user_id: 'NULL' }, { refusedIds: 'any-case' }).outcome,
    ).toMatchObject({
      cause: 'refused_distinct_id',
    });
  });

  test('a distinct_id that Mixpanel would cut becomes a dead letter, so that no two users are joined', () => {
    expect(map(CLICK, { ...base, external_user_id: 'x'.repeat(256) }).outcome).toMatchObject({
      cause: 'distinct_id_too_long',
    });
    expect(map(CLICK, { ...base, external_user_id: 'x'.repeat(255) }).outcome.kind).toBe('event');
    const anonymous = (user_id: string) =>
      map(
        CLICK,
        { ...base, external_user_id: null, user_id },
        { usersWithoutExternalId: 'anonymous' },
      ).outcome;
    expect(anonymous('x'.repeat(248))).toMatchObject({ cause: 'distinct_id_too_long' });
    expect(anonymous('x'.repeat(247)).kind).toBe('event');
  });
});

describe('the deduplication key', () => {
  test('an id that is a valid $insert_id is used as it is', () => {
    expect(properties(CLICK, base)['$insert_id']).toBe(ID);
  });

  test('an id that is none gives a derived one, always the same, and is counted', () => {
    for (const id of ['a:b', 'a'.repeat(37), 'ü', 'a_b']) {
      const { outcome, adjusted } = map(CLICK, { ...base, id });
      expect(eventOf(outcome).properties['$insert_id']).toMatch(/^[0-9a-f]{36}$/);
      expect(adjusted).toEqual({ derived_insert_id: 1 });
      expect(map(CLICK, { ...base, id }).outcome).toEqual(outcome);
    }
  });

  test('a record without a usable id becomes a dead letter', () => {
    for (const id of [null, undefined, '', 'null', '0', '00000000-0000-0000-0000-000000000000'])
      expect(map(CLICK, { ...base, id }).outcome).toMatchObject({ cause: 'missing_id' });
  });

  test('a time that is no whole number of seconds after 1970 becomes a dead letter', () => {
    for (const time of [null, undefined, '1780000000', 1.5, NaN, -1, 31_535_999])
      expect(map(CLICK, { ...base, time }).outcome).toMatchObject({ cause: 'invalid_time' });
    expect(properties(CLICK, { ...base, time: 31_536_000 })['time']).toBe(31_536_000);
  });
});

describe('values', () => {
  test('null and absent fields, NaN and infinities are left out', () => {
    const sent = properties('users.behaviors.Location', {
      ...base,
      latitude: NaN,
      longitude: Infinity,
      altitude: null,
      app_id: undefined,
    });
    expect(Object.keys(sent)).toEqual([
      '$partner_id',
      'distinct_id',
      '$insert_id',
      'time',
      'token',
    ]);
  });

  test('a 32-bit float leaves as the decimal that was meant', () => {
    for (const [wide, short] of [
      [3.140000104904175, 3.14],
      [0.10000000149011612, 0.1],
      [19.989999771118164, 19.99],
      [16777216, 16777216],
      [1.401298464324817e-45, 1e-45],
      [3.4028234663852886e38, 3.4028235e38],
      [-0.30000001192092896, -0.3],
      [123456.7890625, 123456.79],
    ])
      expect(shortestFloat32(wide!)).toBe(short);
    for (const decimal of [3.14, 1234567.89, 16777217, 1e300, 1e-300])
      expect(shortestFloat32(decimal)).toBe(decimal);
    const purchase = {
      ...base,
      price: 3.140000104904175,
      product_id: 'p',
      currency: 'EUR',
      properties: '{}',
    };
    expect(properties('users.behaviors.Purchase', purchase)['price']).toBe(3.14);
  });

  test('a long beyond 2^53 keeps every digit', () => {
    const { outcome } = map(
      CLICK,
      { ...base, brand_new: 9223372036854775807n },
      { newFields: 'send' },
    );
    expect(outcome.kind === 'event' && outcome.json).toContain('"brand_new":9223372036854775807');
  });

  test('a lone surrogate becomes U+FFFD and is counted', () => {
    const { outcome, adjusted } = map(CLICK, { ...base, url: 'a\ud800b' });
    expect(eventOf(outcome).properties['url']).toBe('a\ufffdb');
    expect(adjusted).toEqual({ invalid_utf8: 1 });
  });

  test('a text over 255 bytes is cut on a whole character and counted, or kept on request', () => {
    const url = `${'a'.repeat(254)}é!`;
    const { outcome, adjusted } = map(CLICK, { ...base, url });
    expect(eventOf(outcome).properties['url']).toBe('a'.repeat(254));
    expect(adjusted).toEqual({ truncated_text: 1 });
    expect(properties(CLICK, { ...base, url }, { longStrings: 'keep' })['url']).toBe(url);
  });

  test('an event of 1 MB or more becomes a dead letter that keeps it whole', () => {
    const { outcome } = map(
      CLICK,
      { ...base, url: 'x'.repeat(1_000_000) },
      { longStrings: 'keep' },
    );
    expect(outcome).toMatchObject({ kind: 'dead-letter', cause: 'event_too_large' });
    expect(outcome.kind === 'dead-letter' && outcome.json!.length).toBeGreaterThan(1_000_000);
  });
});

describe('property bags', () => {
  const CUSTOM = 'users.behaviors.CustomEvent';
  const custom = {
    ...base,
    name: 'added_to_cart',
    properties: '{"color":"red","n":2,"gone":null,"list":["a"]}',
  };

  test('a custom event carries its name in the event and its properties behind the prefix', () => {
    const { event, properties: sent } = eventOf(map(CUSTOM, custom).outcome);
    expect(event).toBe('[Braze Custom Event] added_to_cart');
    expect(sent).toMatchObject({
      '[Custom event property] color': 'red',
      '[Custom event property] n': 2,
      '[Custom event property] list': ['a'],
    });
    expect(Object.keys(sent)).not.toContain('[Custom event property] gone');
    expect(Object.keys(sent)).not.toContain('name');
  });

  test('a purchase has its own prefix, and the joiner can be set', () => {
    const purchase = {
      ...base,
      price: 1,
      product_id: 'p',
      currency: 'EUR',
      properties: '{"size":"L"}',
    };
    expect(properties('users.behaviors.Purchase', purchase)).toHaveProperty(
      ['[Purchase property] size'],
      'L',
    );
    expect(properties('users.behaviors.Purchase', purchase, { joiner: '' })).toHaveProperty([
      '[Purchase property]size',
    ]);
    expect(eventOf(map(CUSTOM, custom, { joiner: ': ' }).outcome).event).toBe(
      '[Braze Custom Event]: added_to_cart',
    );
  });

  test('a bag that is no JSON object makes a dead letter; an empty one does not', () => {
    for (const bag of ['{', '[]', '7', 'yes', '[1,2]'])
      expect(map(CUSTOM, { ...custom, properties: bag }).outcome).toMatchObject({
        cause: 'bad_properties',
      });
    for (const bag of ['', 'null', '{}', null])
      expect(map(CUSTOM, { ...custom, properties: bag }).outcome.kind).toBe('event');
  });

  test('an object nested without end makes a dead letter', () => {
    const deep = '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000);
    expect(map(CUSTOM, { ...custom, properties: deep }).outcome).toMatchObject({
      cause: 'bad_properties',
    });
  });

  test('integers beyond 2^53 keep their digits', () => {
    const { outcome } = map(CUSTOM, {
      ...custom,
      properties: '{"n":12345678901234567890,"m":1.5}',
    });
    expect(outcome.kind === 'event' && outcome.json).toContain(
      '"[Custom event property] n":12345678901234567890',
    );
  });

  test('a number past the range of doubles counts as null', () => {
    const { outcome } = map(CUSTOM, { ...custom, properties: '{"n":1e400,"m":-1e400,"k":1}' });
    expect(Object.keys(eventOf(outcome).properties).slice(-1)).toEqual([
      '[Custom event property] k',
    ]);
    expect(outcome.kind === 'event' && outcome.json).not.toContain('null');
  });

  test('255 properties or more make a dead letter', () => {
    const bag = (n: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i])));
    expect(map(CUSTOM, { ...custom, properties: bag(249) }).outcome.kind).toBe('event');
    expect(map(CUSTOM, { ...custom, properties: bag(250) }).outcome).toMatchObject({
      cause: 'too_many_properties',
    });
  });

  test('hostile keys are only keys', () => {
    const sent = properties(CUSTOM, {
      ...custom,
      properties: '{"__proto__":1,"constructor":2,"\\u0000":3}',
    });
    expect(sent).toMatchObject({
      '[Custom event property] __proto__': 1,
      '[Custom event property] constructor': 2,
      '[Custom event property] \u0000': 3,
    });
  });
});

describe('what is sent', () => {
  test('events that are not selected, not catalogued or storage-only are skipped by reason', () => {
    expect(map(CLICK, base, { events: ['users.messages.sms.*'] }).outcome).toEqual({
      kind: 'skip',
      reason: 'deselected',
    });
    expect(map('users.messages.carousel.Swipe', base).outcome).toEqual({
      kind: 'skip',
      reason: 'uncatalogued',
    });
    expect(map('users.profile.Update', base).outcome).toEqual({
      kind: 'skip',
      reason: 'storage_only',
    });
    const sent = map(
      'users.messages.carousel.CardSwipe',
      { ...base, card: 'c' },
      { uncatalogued: 'send' },
    );
    expect(eventOf(sent.outcome)).toMatchObject({
      event: 'Carousel Card Swipe',
      properties: { card: 'c', user_id: '65f0c0ffee' },
    });
  });

  test('fields the catalogue does not know are named, and sent on request', () => {
    const record = { ...base, timezone: 'UTC', brand_new: 'x', empty_new: null };
    const { outcome, news } = map(CLICK, record);
    expect(news).toEqual(['brand_new']);
    expect(eventOf(outcome).properties).not.toHaveProperty('brand_new');
    const sent = properties(CLICK, record, { newFields: 'send' });
    expect(sent).toMatchObject({ brand_new: 'x' });
    expect(sent).not.toHaveProperty('timezone');
  });

  test('the full shape sends every field, under native names where there are any', () => {
    const sent = properties(
      CLICK,
      { ...base, timezone: 'UTC', os_version: '17', device_model: 'Pixel' },
      { shape: 'full' },
    );
    expect(sent).toMatchObject({
      timezone: 'UTC',
      user_id: '65f0c0ffee',
      $os: '17',
      $device: 'Pixel',
    });
    expect(Object.keys(sent)).not.toContain('external_user_id');
  });

  test('names that collide between channels can carry the channel', () => {
    expect(eventOf(map('users.messages.line.Click', base).outcome).event).toBe('Click');
    expect(
      eventOf(map('users.messages.line.Click', base, { eventNames: 'channel' }).outcome).event,
    ).toBe('LINE Click');
    expect(
      eventOf(map('users.messages.rcs.Send', base, { eventNames: 'channel' }).outcome).event,
    ).toBe('RCS Send');
    expect(eventOf(map(CLICK, base, { eventNames: 'channel' }).outcome).event).toBe('Email Click');
  });

  test('aborts without a documented form are accepted in both spellings', () => {
    for (const type of ['users_campaigns_abort', 'users.campaigns.Abort'])
      expect(eventOf(map(type, { ...base, abort_type: 'x' }).outcome)).toMatchObject({
        event: 'Campaign Abort',
        properties: { abort_type: 'x' },
      });
    expect(eventOf(map('users_canvas_abort', base).outcome).event).toBe('Canvas Abort');
    for (const type of ['users_campaigns_abort', 'users.campaigns.Abort'])
      for (const events of [['users_campaigns_abort'], ['users.campaigns.*']])
        expect(map(type, base, { events }).outcome.kind).toBe('event');
  });

  test('events and properties can be renamed, and static properties added', () => {
    const { event, properties: sent } = eventOf(
      map(
        CLICK,
        { ...base, url: 'u' },
        {
          rename: { events: { 'Email Click': 'Clicked' }, properties: { url: 'link' } },
          static: { source_system: 'braze', version: 2 },
        },
      ).outcome,
    );
    expect(event).toBe('Clicked');
    expect(sent).toMatchObject({ link: 'u', source_system: 'braze', version: 2 });
    expect(sent).not.toHaveProperty('url');
  });
});

describe('privacy', () => {
  const click = { ...base, email_address: 'ana@example.com', url: 'https://example.com' };

  test('all personal data at once, or field by field', () => {
    const sent = properties(CLICK, click, { privacy: { pii: 'remove', fields: { url: 'hash' } } });
    expect(sent).toMatchObject({
      email_address: '[REDACTED]',
      url: hashText('pepper', 'https://example.com'),
      distinct_id: 'ana',
    });
    const kept = properties(CLICK, click, {
      privacy: { pii: 'hash', fields: { email_address: 'keep' } },
    });
    expect(kept['email_address']).toBe('ana@example.com');
  });

  test('identity is hashed the same way wherever it is sent', () => {
    const settings: MappingInput = {
      privacy: { identity: 'hash' },
      shape: 'full',
      usersWithoutExternalId: 'anonymous',
    };
    const known = properties(CLICK, click, settings);
    const unknown = properties(CLICK, { ...click, external_user_id: null }, settings);
    expect(known['distinct_id']).toBe(hashText('pepper', 'ana'));
    expect(unknown['distinct_id']).toBe(`$device:${hashText('pepper', '65f0c0ffee')}`);
    expect(known['user_id']).toBe(unknown['$device_id']);
  });

  test('one key of a bag can be treated alone', () => {
    const record = { ...base, name: 'n', properties: '{"mail":"a@b.c","n":7,"x":1}' };
    const sent = properties('users.behaviors.CustomEvent', record, {
      privacy: { fields: { 'properties.mail': 'remove', 'properties.n': 'hash' } },
    });
    expect(sent).toMatchObject({
      '[Custom event property] mail': '[REDACTED]',
      '[Custom event property] n': hashText('pepper', '7'),
      '[Custom event property] x': 1,
    });
  });

  test('settings that would break identity or deduplication are refused by name', () => {
    for (const [settings, words] of [
      [{ privacy: { fields: { id: 'hash' } } }, /privacy\.fields\.id/],
      [{ privacy: { fields: { external_user_id: 'remove' } } }, /tells users apart/],
      [{ rename: { properties: { distinct_id: 'x' } } }, /distinct_id/],
      [{ rename: { properties: { url: 'campaign_id' } } }, /already the name/],
      [{ static: { $ignore: true } }, /\$ignore/],
      [{ static: { time: 1 } }, /static\.time/],
      [{ nonsense: 1 }, /nonsense/],
    ] as const) {
      expect(() => parseMappingSettings(settings)).toThrow(UsageError);
      expect(() => parseMappingSettings(settings)).toThrow(words);
    }
  });
});

test('invalid UTF-8 in a file becomes U+FFFD and is counted, and the event is delivered', () => {
  const slice: Slice = { id: 'f', version: '1', format: 'avro' };
  const schema = {
    type: 'record',
    name: 'Click',
    fields: ['id', 'external_user_id', 'url']
      .map((name) => ({ name, type: 'string' }))
      .concat([{ name: 'time', type: 'int' }]),
  };
  const context = contextOf();
  const encoder = createAvroEncoder(
    schema,
    (fields) => compilePlan(CLICK, fields, context),
    context,
  );
  const text = (bytes: Buffer) => Buffer.concat([Buffer.from([bytes.length * 2]), bytes]);
  const block = Buffer.concat([
    text(Buffer.from(ID)),
    text(Buffer.from('ana')),
    text(Buffer.from([0x61, 0xff, 0xfe, 0x62])),
    Buffer.from('8084d1a10d', 'hex'),
  ]);
  expect(encoder.holds(block, 1)).toBe(true);
  const batch = new Batch({ events: 10, bytes: 1_000_000 }, Buffer.alloc(16));
  batch.enter(slice, { offset: 0, index: 0, record: 0 });
  expect(encoder.open(block, 1, slice)(0, 0, batch)).toBe(1);
  const event = JSON.parse(Buffer.from(batch.lines).toString()) as {
    properties: Record<string, unknown>;
  };
  expect(event.properties['url']).toBe('a\ufffd\ufffdb');
  expect(batch.tally(CLICK).adjusted).toEqual({ invalid_utf8: 1 });
});
