import { expect, test } from 'vitest';
import type { MixpanelSandbox } from '../../src/sandbox/mixpanel/server.ts';
import {
  type CurrentsRecord,
  CLICK,
  clicks,
  currentsFile,
  CUSTOM_EVENT,
  customEvent,
  encodeRecords,
  put,
} from '../support/currents-file.ts';
import { avroFile, avroText } from '../support/avro-file.ts';
import { openScene } from '../support/scene.ts';

const PREFIX = '[Custom event property] ';

/** The properties of every event as they came over the wire, by `$insert_id`. */
function received(
  sandbox: MixpanelSandbox,
): Map<string, { event: string; properties: Map<string, unknown> }> {
  return new Map(
    sandbox.texts().map((text) => {
      const { event, properties } = JSON.parse(text) as {
        event: string;
        properties: Record<string, unknown>;
      };
      const entries = new Map(Object.entries(properties));
      return [String(entries.get('$insert_id')), { event, properties: entries }];
    }),
  );
}

/** Code points of a plane: its edges, its middle, some in between; surrogates left out. */
function codePoints(plane: number): number[] {
  const places = [
    0x00, 0x01, 0x7f, 0x80, 0xff, 0x100, 0x7ff, 0x800, 0xfff, 0x1000, 0x20ac, 0x8000, 0xd7ff,
    0xe000, 0xfdd0, 0xfeff, 0xfffd, 0xfffe, 0xffff,
  ];
  const spread = Array.from({ length: 240 }, (_, n) => (n * 0x111 + plane * 7) & 0xffff);
  return [...new Set([...places, ...spread])]
    .map((low) => plane * 0x10000 + low)
    .filter((code) => code < 0xd800 || code > 0xdfff);
}

function chunked<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, n * size + size),
  );
}

test('names and values from every plane and every control character arrive as they were', async () => {
  await using scene = await openScene();
  const expected = new Map<string, Map<string, string>>();
  const records: CurrentsRecord[] = [];
  const controls = [
    ...Array.from({ length: 0x20 }, (_, n) => n),
    ...Array.from({ length: 0x21 }, (_, n) => 0x7f + n),
    0x2028,
    0x2029,
  ];
  const sets = [controls, ...Array.from({ length: 17 }, (_, plane) => codePoints(plane))];
  for (const [set, codes] of sets.entries()) {
    for (const [part, some] of chunked(codes, 60).entries()) {
      const id = `set${set}-${part}`;
      const bag = new Map(
        some.map((code): [string, string] => {
          const char = String.fromCodePoint(code);
          return [`${char}k${char}${code}`, `${char}"\\/${char}${char}é${char}`];
        }),
      );
      expected.set(id, bag);
      // Alternately as raw characters and as escapes, which are the same JSON.
      const plain = JSON.stringify(Object.fromEntries(bag));
      const escaped = plain.replaceAll(
        /[^\0-\x7f]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
      records.push(customEvent(id, part % 2 === 0 ? plain : escaped));
    }
  }
  await put(scene.currents, 'a.avro', currentsFile(records, { schema: CUSTOM_EVENT, perBlock: 9 }));
  const { code, report } = await scene.runExport();
  expect(code).toBe(0);
  expect(report).toMatchObject({ delivered: records.length, adjusted: {}, balanced: true });

  const events = received(scene.sandbox);
  expect(events.size).toBe(records.length);
  for (const [id, bag] of expected) {
    const { properties } = events.get(id)!;
    for (const [name, value] of bag) expect(properties.get(PREFIX + name)).toBe(value);
  }
});

test('lone surrogates become U+FFFD, in names, values and event names; names that objects have of themselves are kept', async () => {
  await using scene = await openScene();
  const bag =
    String.raw`{"high\ud800":"a\ud800b","low\udfff":"\udfff","swapped":"\udc00\ud800","pair":"\ud83d\ude00",` +
    String.raw`"nested":{"deep\ud900":["\udbff","ok"]},"__proto__":"p","constructor":"c","toString":"t","":"no name","1":"digit"}`;
  await put(
    scene.currents,
    'a.avro',
    currentsFile([customEvent('one', bag)], { schema: CUSTOM_EVENT }),
  );
  const { code, report } = await scene.runExport();
  expect(code).toBe(0);
  expect(report.adjusted['invalid_utf8']).toBeGreaterThan(0);
  const { properties } = received(scene.sandbox).get('one')!;
  const bagOut = new Map(
    [...properties]
      .filter(([name]) => name.startsWith(PREFIX))
      .map(([name, value]) => [name.slice(PREFIX.length), value]),
  );
  expect(bagOut).toEqual(
    new Map<string, unknown>([
      ['1', 'digit'],
      ['high\ufffd', 'a\ufffdb'],
      ['low\ufffd', '\ufffd'],
      ['swapped', '\ufffd\ufffd'],
      ['pair', '😀'],
      ['nested', { 'deep\ufffd': ['\ufffd', 'ok'] }],
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['toString', 't'],
      ['', 'no name'],
    ]),
  );
});

test('invalid UTF-8 in a field becomes what every decoder makes of it', async () => {
  const broken = [
    Buffer.from([0x61, 0xff, 0x62]),
    Buffer.from([0xc3]),
    Buffer.from([0xed, 0xa0, 0x80]),
    Buffer.from([0xf4, 0x90, 0x80, 0x80]),
    Buffer.from([0xc0, 0xaf]),
    Buffer.from([0xf0, 0x9f, 0x98]),
    Buffer.from([0xe2, 0x82, 0x41]),
    Buffer.from([0x80, 0x22, 0x5c, 0x0a]),
  ];
  await using scene = await openScene();
  // The marker is replaced after encoding: no library writes invalid UTF-8.
  const marker = '#'.repeat(40);
  const data = broken.map((bytes, n) => {
    const record = { ...clicks('a', 1)[0], id: `bad-${n}`, campaign_name: marker };
    const encoded = encodeRecords(CLICK, [record]);
    const at = encoded.indexOf(avroText(marker));
    return Buffer.concat([encoded.subarray(0, at), avroText(bytes)]);
  });
  await put(
    scene.currents,
    'a.avro',
    avroFile(CLICK, [{ count: data.length, data: Buffer.concat(data) }], 'snappy'),
  );
  const { code, report } = await scene.runExport();
  expect(code).toBe(0);
  expect(report).toMatchObject({
    delivered: broken.length,
    adjusted: { invalid_utf8: broken.length },
    balanced: true,
  });
  const events = received(scene.sandbox);
  for (const [n, bytes] of broken.entries())
    expect(events.get(`bad-${n}`)?.properties.get('campaign_name')).toBe(bytes.toString('utf8'));
});

test('user ids and event names of any script arrive as they were', async () => {
  await using scene = await openScene();
  const names = [
    'Καλημέρα',
    '日本語のイベント',
    'عربى',
    '\u{1F469}\u200D\u{1F680}',
    '\u{10FFFD}',
    'tab\there',
    '"quoted"\\',
  ];
  const records = names.map((name, n) => ({
    ...customEvent(`n${n}`, '{}', name),
    external_user_id: `user ${name}`,
  }));
  await put(scene.currents, 'a.avro', currentsFile(records, { schema: CUSTOM_EVENT }));
  expect((await scene.runExport()).code).toBe(0);
  const events = received(scene.sandbox);
  for (const [n, name] of names.entries()) {
    const { event, properties } = events.get(`n${n}`)!;
    expect(event).toBe(`[Braze Custom Event] ${name}`);
    expect(properties.get('distinct_id')).toBe(`user ${name}`);
  }
});
