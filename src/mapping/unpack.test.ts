import { describe, expect, test } from 'vitest';
import { avroFile, avroText, header, zigzag } from '../../test/support/avro-file.ts';
import { Batch } from '../core/batch.ts';
import { skippedOf, totalOf } from '../core/counts.ts';
import { SliceError } from '../core/errors.ts';
import { type Slice, type Source, START } from '../core/source.ts';
import { frameHead } from '../formats/push-log.ts';
import { createMapping } from './mapping.ts';
import { type MappingInput, parseMappingSettings } from './settings.ts';
import { createUnpack } from './unpack.ts';

const CLICK_PATH = 'event_type=users.messages.email.Click/f.avro';

function sourceOf(bytes: Uint8Array): Source {
  return {
    name: 'memory',
    async *list() {},
    async *open(_slice, from) {
      for (let p = from; p < bytes.length; p += 50)
        yield await Promise.resolve(bytes.subarray(p, p + 50));
    },
    close: () => Promise.resolve(),
  };
}

const body = (...events: readonly unknown[]): Buffer => Buffer.from(JSON.stringify({ events }));

const logOf = (...bodies: readonly Uint8Array[]): Buffer =>
  Buffer.concat(bodies.flatMap((body, i) => [frameHead(body, 1_780_000_000_000 + i), body]));

const click = (id: string) => ({
  event_type: 'users.messages.email.Click',
  id,
  time: 1_780_000_000,
  user: { external_user_id: 'ana' },
});

async function unpack(bytes: Uint8Array, slice: Partial<Slice> = {}, settings: MappingInput = {}) {
  const whole: Slice = { id: CLICK_PATH, version: '1', format: 'avro', ...slice };
  const mapping = createMapping(parseMappingSettings(settings), { salt: 'pepper' });
  const batch = new Batch({ events: 2000, bytes: 9_500_000 }, Buffer.alloc(64));
  batch.enter(whole, START);
  const pieces = createUnpack(sourceOf(bytes), mapping)(whole, START, new AbortController().signal);
  let record = 0;
  for await (const piece of pieces) {
    piece.encode(0, record, batch);
    record += piece.records;
  }
  return batch;
}

const push = (events: unknown[], settings: MappingInput = {}) =>
  unpack(Buffer.from(JSON.stringify({ events })), { id: 'push', format: 'custom-http' }, settings);

test('every pushed event ends as one of the outcomes', async () => {
  const event = {
    event_type: 'users.messages.email.Click',
    id: 'id-1',
    time: 1_780_000_000,
    user: { external_user_id: 'ana' },
  };
  const batch = await push([
    event,
    { ...event, user: {} },
    { ...event, event_type: 'users.new.Type' },
    { ...event, event_type: '__proto__' },
    { ...event, time: '1780000000' },
    { ...event, properties: { constructor: 1, url: 'a\ud800' } },
    { event_type: 7 },
    null,
    [],
  ]);
  const totals = totalOf(batch.advances[0]!.counts);
  expect(totals).toMatchObject({ read: 9, deadLetters: 4 });
  expect(batch.events).toBe(2);
  expect({ ...totals.skipped }).toEqual({ no_external_user_id: 1, uncatalogued: 2 });
  expect({ ...totals.newFields }).toEqual({ constructor: 1 });
  expect({ ...totals.adjusted }).toEqual({ invalid_utf8: 1 });
});

test('bytes of a push that are no UTF-8 are counted with the event they stand in', async () => {
  const event = (url: string) => ({
    event_type: 'users.messages.email.Click',
    id: 'id-1',
    time: 1_780_000_000,
    user: { external_user_id: 'ana' },
    properties: { url },
  });
  const body = Buffer.from(JSON.stringify({ events: [event('good'), event('b#d')] }));
  body[body.indexOf('#')] = 0xff;
  const batch = await unpack(body, { id: 'push', format: 'custom-http' });
  expect(batch.events).toBe(2);
  expect(Buffer.from(batch.lines).toString()).toContain('b\ufffdd');
  const { adjusted } = totalOf(batch.advances[0]!.counts);
  expect({ ...adjusted }).toEqual({ invalid_utf8: 1 });
});

test.each([
  ['a single text', '"string"'],
  [
    'a type that is not defined',
    { type: 'record', name: 'R', fields: [{ name: 'a', type: 'nope' }] },
  ],
])('a schema that is no event (%s) names the file, the place and what to do', async (_, schema) => {
  const reading = unpack(avroFile(schema, []));
  await expect(reading).rejects.toThrow(SliceError);
  await expect(reading).rejects.toMatchObject({
    code: 'unsupported_schema',
    slice: CLICK_PATH,
    offset: 0,
    message: expect.stringContaining(`(${CLICK_PATH}, byte 0)`) as string,
    hint: expect.stringContaining('move it away') as string,
  });
});

test.each([
  ['is no Avro file', Buffer.from('nothing')],
  ['has an unknown codec', header('"string"', 'lzma')],
  ['holds no events', avroFile('"string"', [])],
])('a file that %s is let go of, so that none stays open', async (_, bytes) => {
  let open = 0;
  const source: Source = {
    ...sourceOf(bytes),
    async *open() {
      open++;
      try {
        yield await Promise.resolve(bytes);
      } finally {
        open--;
      }
    },
  };
  const slice: Slice = { id: CLICK_PATH, version: '1', format: 'avro' };
  const unpackSlice = createUnpack(source, createMapping(parseMappingSettings({})));
  const pieces = unpackSlice(slice, START, new AbortController().signal);
  await expect(pieces[Symbol.asyncIterator]().next()).rejects.toThrow(SliceError);
  expect(open).toBe(0);
});

test('the bytes of a corrupt block are kept as they were, whatever is read after it', async () => {
  const schema = { type: 'record', name: 'Click', fields: [{ name: 'id', type: 'string' }] };
  const blocks = ['a', 'b', 'c'].map((letter) => ({
    count: 1,
    data: Buffer.concat([zigzag(1), Buffer.from(letter.repeat(90))]),
  }));
  const { deadLetters } = await unpack(avroFile(schema, blocks));
  expect(deadLetters.map(({ cause }) => cause)).toEqual(Array(3).fill('corrupt_block'));
  expect(deadLetters.map(({ payload }) => Buffer.from(payload))).toEqual(
    blocks.map(({ data }) => data),
  );
});

describe('a log of pushes', () => {
  const slice: Slice = { id: 's', version: '1', format: 'push-log' };
  const mapping = createMapping(parseMappingSettings({}));
  const signal = new AbortController().signal;
  const idsIn = (batch: Batch): string[] =>
    Buffer.from(batch.lines)
      .toString()
      .split('\n')
      .filter(Boolean)
      .map(
        (line) =>
          (JSON.parse(line) as { properties: { $insert_id: string } }).properties.$insert_id,
      );

  test('gives a piece a push, and goes on inside at any of them', async () => {
    const log = logOf(body(click('1'), click('2')), body(click('3')), body(), body(click('4')));
    const pieces: { offset: number; next: number; records: number }[] = [];
    for await (const piece of createUnpack(sourceOf(log), mapping)(slice, START, signal))
      pieces.push(piece);
    expect(pieces.map(({ records }) => records)).toEqual([2, 1, 0, 1]);
    expect(pieces.map(({ offset }) => offset)).toEqual([
      0,
      ...pieces.slice(0, -1).map(({ next }) => next),
    ]);
    expect(pieces.at(-1)!.next).toBe(log.length);

    const from = { offset: pieces[1]!.offset, index: 0, record: 2 };
    const batch = new Batch({ events: 2000, bytes: 1_000_000 }, Buffer.alloc(64));
    batch.enter(slice, from);
    for await (const piece of createUnpack(sourceOf(log), mapping)(slice, from, signal))
      piece.encode(0, 0, batch);
    expect(idsIn(batch)).toEqual(['3', '4']);
  });

  test('makes one dead letter of a damaged push, and of one that holds no events', async () => {
    const odd = Buffer.from('{"a":1}');
    const log = logOf(body(click('1')), body(click('2')), odd, body(click('3')));
    log[log.indexOf('"2"')]! ^= 1;
    const batch = await unpack(log, slice);
    expect(idsIn(batch)).toEqual(['1', '3']);
    expect(totalOf(batch.advances[0]!.counts)).toMatchObject({ read: 4, deadLetters: 2 });
    const [damaged, strange] = batch.deadLetters;
    expect(damaged).toMatchObject({ cause: 'damaged_frame', record: 1, kind: 'bytes' });
    expect(Buffer.from(damaged!.payload).toString()).toContain('users.messages.email.Click');
    expect(strange).toMatchObject({ cause: 'not_events', record: 2, kind: 'bytes' });
    expect(Buffer.from(strange!.payload)).toEqual(odd);
  });

  test('keeps a push of 9 MB whole when it can not be read', async () => {
    const odd = Buffer.from(JSON.stringify({ a: 'x'.repeat(9_000_000) }));
    const { deadLetters } = await unpack(logOf(odd), slice);
    expect(deadLetters).toHaveLength(1);
    expect(odd.equals(deadLetters[0]!.payload)).toBe(true);
  });

  test('an event nested 10,000 deep is a dead letter of its own, or skipped with its type', async () => {
    const deep = '['.repeat(10_000) + ']'.repeat(10_000);
    const deepOf = (type: string) => `{"event_type":"${type}","deep":${deep}}`;
    const types = ['users.messages.email.Click', 'users.messages.email.Open', 'users.new.Type'];
    const events = [
      JSON.stringify(click('1')),
      ...types.map(deepOf),
      deep,
      JSON.stringify(click('2')),
    ];
    const settings: MappingInput = { events: ['users.messages.email.Click'] };
    const batch = await unpack(
      logOf(Buffer.from(`{"events":[${events.join(',')}]}`)),
      slice,
      settings,
    );
    expect(idsIn(batch)).toEqual(['1', '2']);
    const totals = totalOf(batch.advances[0]!.counts);
    expect(totals).toMatchObject({ read: 6, deadLetters: 2 });
    expect(skippedOf(totals)).toBe(2);
    expect(
      batch.deadLetters.map(({ eventType, record, cause, kind, payload }) => [
        ...[eventType, record, cause, kind, Buffer.from(payload).toString()],
      ]),
    ).toEqual([
      ['users.messages.email.Click', 1, 'too_deep', 'bytes', deepOf('users.messages.email.Click')],
      ['unknown', 4, 'too_deep', 'bytes', deep],
    ]);
  });
});

describe('a push and a file', () => {
  test('give the same event, hashes too', async () => {
    const settings: MappingInput = { privacy: { identity: 'hash', fields: { price: 'hash' } } };
    const schema = {
      type: 'record',
      name: 'Purchase',
      namespace: 'dataexport.S3.inner.users.behaviors',
      fields: [
        { name: 'id', type: 'string' },
        { name: 'time', type: 'int' },
        { name: 'external_user_id', type: ['null', 'string'] },
        { name: 'price', type: 'float' },
        { name: 'properties', type: 'string' },
      ],
    };
    const price = Buffer.alloc(4);
    price.writeFloatLE(3.14);
    const data = Buffer.concat([
      avroText('id-1'),
      zigzag(1_780_000_000),
      zigzag(1),
      avroText('ana'),
      price,
      avroText('{"size":"XL"}'),
    ]);
    const file = await unpack(avroFile(schema, [{ count: 1, data }]), {}, settings);
    const pushed = await push(
      [
        {
          event_type: 'users.behaviors.Purchase',
          id: 'id-1',
          time: 1_780_000_000,
          user: { external_user_id: 'ana' },
          properties: { price: 3.14, purchase_properties: { size: 'XL' } },
        },
      ],
      settings,
    );
    expect(Buffer.from(pushed.lines).toString()).toBe(Buffer.from(file.lines).toString());
    expect(file.events).toBe(1);
  });
});
