import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import type { MixpanelSandbox } from './server.ts';
import {
  ACCOUNT,
  anEvent,
  call,
  importTo,
  NOW,
  SECRET,
  someEvents,
  testSandbox,
  TOKEN,
} from '../../../test/support/sandbox-client.ts';
import type { TestAnswer } from '../../../test/support/sandbox-client.ts';

const TODAY = 'from_date=2026-03-01&to_date=2026-03-01';

async function exported(
  sandbox: MixpanelSandbox,
  query: string,
  headers: Record<string, string> = SECRET,
): Promise<TestAnswer> {
  return call(`${sandbox.url}/api/2.0/export?${query}`, { headers });
}

interface Line {
  event: string;
  properties: Record<string, unknown>;
}

function eventsOf({ text }: TestAnswer): Line[] {
  const lines = text.split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line): Line => JSON.parse(line));
}

test('every event is a line, with what the server adds', async () => {
  await using sandbox = await testSandbox();
  await importTo(sandbox, [anEvent({ time: NOW - 1500, price: 3.14 })]);
  const answer = await exported(sandbox, TODAY);
  expect(answer.headers['content-type']).toContain('text/plain');
  expect(eventsOf(answer)).toEqual([
    {
      event: 'Open',
      properties: {
        time: Math.floor((NOW - 1500) / 1000),
        distinct_id: 'u1',
        $insert_id: 'i-1',
        price: 3.14,
        $import: true,
        $mp_api_endpoint: 'api.mixpanel.com',
        $mp_api_timestamp_ms: NOW,
        $mp_event_size: sandbox.texts()[0]?.length,
        mp_processing_time_ms: NOW,
      },
    },
  ]);
  const inMs = await exported(sandbox, `${TODAY}&time_in_ms=true`);
  expect(eventsOf(inMs)[0]?.properties['time']).toBe(NOW - 1500);
});

test('repeats are not dropped', async () => {
  await using sandbox = await testSandbox();
  await importTo(sandbox, [anEvent(), anEvent()]);
  expect(eventsOf(await exported(sandbox, TODAY))).toHaveLength(2);
});

test('integers keep every digit', async () => {
  await using sandbox = await testSandbox();
  const text = JSON.stringify(anEvent({ big: 0 })).replace('"big":0', '"big":9007199254740993');
  await importTo(sandbox, Buffer.from(text));
  expect((await exported(sandbox, TODAY)).text).toContain('"big":9007199254740993,');
});

test('days are inclusive, in UTC, by the time of the event', async () => {
  await using sandbox = await testSandbox();
  const times = [
    '2026-02-26T23:59:59.999Z',
    '2026-02-27T00:00:00Z',
    '2026-02-28T23:59:59.999Z',
    '2026-03-01T00:00:00Z',
  ];
  await importTo(
    sandbox,
    times.map((time, index) => anEvent({ time: Date.parse(time), $insert_id: `i-${index}` })),
  );
  const answer = await exported(sandbox, 'from_date=2026-02-27&to_date=2026-02-28');
  expect(eventsOf(answer).map(({ properties }) => properties['$insert_id'])).toEqual([
    'i-1',
    'i-2',
  ]);
});

test('events can be chosen by name, and limited', async () => {
  await using sandbox = await testSandbox();
  await importTo(sandbox, [...someEvents(3), anEvent({}, 'Click'), anEvent({}, 'Send')]);
  const named = await exported(sandbox, `${TODAY}&event=${encodeURIComponent('["Click","Send"]')}`);
  expect(eventsOf(named).map(({ event }) => event)).toEqual(['Click', 'Send']);
  expect(eventsOf(await exported(sandbox, `${TODAY}&limit=2`))).toHaveLength(2);
});

describe('who may read', () => {
  test.each([
    ['the API secret', SECRET, TODAY, 200],
    ['a service account with its project', ACCOUNT, `${TODAY}&project_id=42`, 200],
    ['not a service account without a project', ACCOUNT, TODAY, 401],
    ['not the token', TOKEN, TODAY, 401],
  ])('%s', async (_name, headers, query, status) => {
    await using sandbox = await testSandbox();
    expect((await exported(sandbox, query, headers)).status).toBe(status);
  });
});

test.each([
  'to_date=2026-03-01',
  'from_date=2026-03-01',
  'from_date=2026-02-30&to_date=2026-03-01',
  'from_date=20260301&to_date=2026-03-01',
  'from_date=2026-03-02&to_date=2026-03-01',
  `${TODAY}&limit=100001`,
  `${TODAY}&limit=0`,
  `${TODAY}&event=Open`,
  `${TODAY}&event={}`,
  `${TODAY}&where=true`,
])('refused: %s', async (query) => {
  await using sandbox = await testSandbox();
  const answer = await exported(sandbox, query);
  expect(answer.status).toBe(400);
  expect(answer.json.error).toBeTypeOf('string');
});

async function rawExport(
  sandbox: MixpanelSandbox,
  accept: string,
): Promise<{ encoding: unknown; body: Buffer }> {
  const { headers, body } = await request(`${sandbox.url}/api/2.0/export?${TODAY}`, {
    headers: { ...SECRET, 'accept-encoding': accept },
  });
  return { encoding: headers['content-encoding'], body: Buffer.from(await body.arrayBuffer()) };
}

describe('gzip', () => {
  test('beyond 1400 bytes, for who takes it', async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, someEvents(2000));
    const plain = await rawExport(sandbox, 'gzip;q=0, br');
    const packed = await rawExport(sandbox, 'br, gzip');
    expect([plain.encoding, packed.encoding]).toEqual([undefined, 'gzip']);
    expect(plain.body.toString().split('\n')).toHaveLength(2001);
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
  });

  test('not for less', async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, someEvents(1));
    expect((await rawExport(sandbox, 'gzip')).encoding).toBeUndefined();
  });
});

test('3 queries a second and 60 an hour, then 429', async () => {
  let now = NOW;
  await using sandbox = await testSandbox({ clock: () => now });
  const statuses: number[] = [];
  for (let n = 0; n < 4; n++) statuses.push((await exported(sandbox, TODAY)).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
  for (let n = 0; n < 57; n++) {
    now += 1000;
    expect((await exported(sandbox, TODAY)).status).toBe(200);
  }
  now += 1000;
  expect((await exported(sandbox, TODAY)).status).toBe(429);
  now = NOW + 3_600_000;
  expect((await exported(sandbox, TODAY)).status).toBe(200);
});
