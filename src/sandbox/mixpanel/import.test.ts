import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  anEvent,
  call,
  importTo,
  NOW,
  someEvents,
  testSandbox,
  TOKEN,
} from '../../../test/support/sandbox-client.ts';

const PLAIN = { 'content-encoding': 'identity' };
const JSON_TYPE = { 'content-type': 'application/json' };

function jsonArray(events: readonly unknown[]): Buffer {
  return Buffer.from(JSON.stringify(events));
}

/** Some valid events of exactly so many bytes as JSON lines. */
function linesOf(bytes: number): Buffer {
  const events = someEvents(12).map((event) => {
    event.properties['text'] = 'x'.repeat(Math.floor(bytes / 12) - 300);
    return JSON.stringify(event);
  });
  const text = `${events.join('\n')}\n`;
  return Buffer.from(text + ' '.repeat(bytes - text.length));
}

describe('answers', () => {
  test('success', async () => {
    await using sandbox = await testSandbox();
    const answer = await importTo(sandbox, someEvents(3));
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ code: 200, num_records_imported: 3, status: 'OK' });
  });

  test('a partly failed batch names the failed and ingests the rest', async () => {
    await using sandbox = await testSandbox();
    const events = [...someEvents(3), anEvent({ $insert_id: 'bad', time: undefined })];
    const answer = await importTo(sandbox, [events[0], events[3], events[1], events[2]]);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      code: 400,
      error: 'some data points in the request failed validation',
      status: 'Bad Request',
      num_records_imported: 3,
      failed_records: [
        {
          index: 1,
          insert_id: 'bad',
          field: 'properties.time',
          message: "'properties.time' is invalid: must not be missing",
        },
      ],
    });
    expect(sandbox.stats()).toMatchObject({
      ingested: 3,
      rejected: 1,
      rejectedBy: { 'properties.time': 1 },
    });
  });

  test('failed records may have $insert_id or be texts', async () => {
    const bad = [anEvent({ $insert_id: 'bad', time: undefined })];
    await using dollar = await testSandbox({ switches: { failedRecords: '$insert_id' } });
    const record = (await importTo(dollar, bad)).json.failed_records[0];
    expect(record).toMatchObject({ index: 0, $insert_id: 'bad' });
    expect(record).not.toHaveProperty('insert_id');
    await using texts = await testSandbox({ switches: { failedRecords: 'strings' } });
    expect((await importTo(texts, bad)).json.failed_records).toEqual([
      "'properties.time' is invalid: must not be missing",
    ]);
  });

  test('strict=0 drops bad events without a word', async () => {
    await using sandbox = await testSandbox();
    const answer = await importTo(sandbox, [anEvent(), anEvent({ time: 'x' })], {
      query: 'strict=0',
    });
    expect(answer.status).toBe(200);
    expect(sandbox.stats()).toMatchObject({ ingested: 1, rejected: 0, droppedSilently: 1 });
  });

  test('strict is 1 when left out, and nothing but 0 or 1', async () => {
    await using sandbox = await testSandbox();
    const bad = [anEvent({ time: 'x' })];
    expect((await importTo(sandbox, bad, { query: '' })).json.failed_records).toHaveLength(1);
    expect((await importTo(sandbox, bad, { query: 'strict=2' })).json.error).toContain('strict');
  });

  test('$ignore drops an event without a word, an empty text does not', async () => {
    await using sandbox = await testSandbox();
    const events = [anEvent({ $ignore: true }), anEvent({ $ignore: '', $insert_id: 'i-2' })];
    expect((await importTo(sandbox, events)).status).toBe(200);
    expect(sandbox.stats()).toMatchObject({ ingested: 1, ignored: 1 });
  });
});

describe('bodies', () => {
  test.each([
    ['JSON lines', someEvents(2), {}],
    ['JSON lines without gzip', someEvents(2), PLAIN],
    ['a JSON array', jsonArray(someEvents(2)), JSON_TYPE],
    [
      'a JSON array with a charset',
      jsonArray(someEvents(2)),
      { 'content-type': 'application/json; charset=utf-8' },
    ],
    [
      'lines with CRLF and blanks',
      Buffer.from(
        `\r\n${someEvents(2)
          .map((each) => JSON.stringify(each))
          .join('\r\n\r\n')}`,
      ),
      {},
    ],
  ])('taken: %s', async (_name, body, headers) => {
    await using sandbox = await testSandbox();
    expect((await importTo(sandbox, body, { headers })).status).toBe(200);
    expect(sandbox.stats().distinct).toBe(2);
  });

  const one = JSON.stringify(anEvent());
  test.each([
    ['no event', Buffer.from('\n'), {}],
    ['an empty array', Buffer.from('[]'), JSON_TYPE],
    ['an array with a comma too many', Buffer.from(`[${one},]`), JSON_TYPE],
    ['an array that does not end', Buffer.from(`[${one}`), JSON_TYPE],
    ['an object for an array', Buffer.from(one), JSON_TYPE],
    ['a malformed line', Buffer.from(`${one}\n{"event":`), {}],
    ['a line that is no object', Buffer.from(`${one}\n7`), {}],
    ['2001 events', someEvents(2001), {}],
    ['another content type', [anEvent()], { 'content-type': 'text/plain' }],
  ])('refused as a whole: %s', async (_name, body, headers) => {
    await using sandbox = await testSandbox();
    const answer = await importTo(sandbox, body, { headers });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 400, num_records_imported: 0 });
    expect(answer.json).not.toHaveProperty('failed_records');
    expect(sandbox.stats().ingested).toBe(0);
  });

  test('2000 events are taken', async () => {
    await using sandbox = await testSandbox();
    expect((await importTo(sandbox, someEvents(2000))).json.num_records_imported).toBe(2000);
  });

  test.each([
    ['another encoding', { 'content-encoding': 'br' }, gzipSync('[]')],
    ['broken gzip', { 'content-encoding': 'gzip' }, Buffer.from('no gzip')],
    ['gzip cut short', { 'content-encoding': 'gzip' }, gzipSync(linesOf(10_000)).subarray(0, 50)],
  ])('refused: %s', async (_name, headers, body) => {
    await using sandbox = await testSandbox();
    const answer = await call(`${sandbox.url}/import?strict=1`, {
      method: 'POST',
      headers: { ...TOKEN, 'content-type': 'application/x-ndjson', ...headers },
      body,
    });
    expect(answer.status).toBe(400);
    expect(answer.json.error).toMatch(/Content-Encoding|gzip/);
  });
});

describe('size', () => {
  test.each([
    ['10mb', 10_000_000],
    ['10mib', 10_485_760],
    ['2mib', 2_097_152],
  ] as const)('%s is %d bytes before compression', async (bodyLimit, limit) => {
    await using sandbox = await testSandbox({ switches: { bodyLimit } });
    for (const headers of [{}, PLAIN]) {
      expect((await importTo(sandbox, linesOf(limit), { headers })).status).toBe(200);
      const over = await importTo(sandbox, linesOf(limit + 1), { headers });
      expect(over.status).toBe(413);
      expect(over.json).toEqual({
        code: 413,
        error: `request exceeds max limit of ${limit} bytes`,
        status: 'Request Entity Too Large',
      });
    }
    expect(sandbox.stats()).toMatchObject({ ingested: 24, distinct: 12 });
  });
});

describe('rate', () => {
  test('a rolling minute of events, then 429, then room again', async () => {
    let now = NOW;
    await using sandbox = await testSandbox({
      clock: () => now,
      rateLimit: { eventsPerMinute: 5 },
    });
    expect((await importTo(sandbox, someEvents(3))).status).toBe(200);
    now += 30_000;
    const over = await importTo(sandbox, someEvents(3));
    expect(over.status).toBe(429);
    expect(over.json).toEqual({
      code: 429,
      error: 'Project exceeded rate limits. Please retry the request with exponential backoff.',
      status: 'Too Many Requests',
    });
    expect((await importTo(sandbox, someEvents(2))).status).toBe(200);
    now += 30_000;
    expect((await importTo(sandbox, someEvents(3))).status).toBe(200);
  });

  test('a second counts until its last request is a minute old', async () => {
    let now = NOW;
    await using sandbox = await testSandbox({
      clock: () => now,
      rateLimit: { eventsPerMinute: 5 },
    });
    now += 900;
    expect((await importTo(sandbox, someEvents(5))).status).toBe(200);
    now += 59_500;
    expect((await importTo(sandbox, someEvents(1))).status).toBe(429);
    now += 500;
    expect((await importTo(sandbox, someEvents(1))).status).toBe(200);
  });

  test('bytes count too, and so do events that fail', async () => {
    await using sandbox = await testSandbox({ rateLimit: { bytesPerMinute: 100 } });
    expect((await importTo(sandbox, [{ event: 'x' }])).status).toBe(400);
    expect((await importTo(sandbox, someEvents(1))).status).toBe(429);
  });

  test('off means off', async () => {
    await using sandbox = await testSandbox({ rateLimit: 'off' });
    expect((await importTo(sandbox, someEvents(3))).status).toBe(200);
  });
});

test('counts by field stay few, whatever fields clients make up', async () => {
  await using sandbox = await testSandbox();
  const bad = Array.from({ length: 1500 }, (_, index) => ({ ...anEvent(), [`extra${index}`]: 1 }));
  await importTo(sandbox, [{ ...anEvent(), constructor: 1 }, ...bad]);
  const { rejected, rejectedBy } = sandbox.stats();
  expect(rejected).toBe(1501);
  expect(rejectedBy['constructor']).toBe(1);
  expect(Object.keys(rejectedBy)).toHaveLength(1001);
  expect(rejectedBy['(others)']).toBe(501);
});
