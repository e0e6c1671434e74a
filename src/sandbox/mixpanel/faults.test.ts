import { describe, expect, test } from 'vitest';
import type { FaultScript } from './faults.ts';
import type { MixpanelSandbox } from './server.ts';
import {
  anEvent,
  call,
  importTo,
  NOW,
  SECRET,
  someEvents,
  testSandbox,
} from '../../../test/support/sandbox-client.ts';

const TODAY = 'from_date=2026-03-01&to_date=2026-03-01';

async function faulty(
  script: FaultScript,
  clock: () => number = () => NOW,
): Promise<MixpanelSandbox & AsyncDisposable> {
  const sandbox = await testSandbox({ clock });
  sandbox.faults.set(script);
  return sandbox;
}

/** The statuses of so many imports of one event each, each with an id of its own. */
async function statuses(sandbox: MixpanelSandbox, n: number): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < n; i++)
    seen.push((await importTo(sandbox, [anEvent({ $insert_id: `r-${i}` })])).status);
  return seen;
}

describe('which requests a rule strikes', () => {
  const kind = 'status';
  const status = 503;

  test('all, without match', async () => {
    await using sandbox = await faulty([{ kind, status }]);
    expect(await statuses(sandbox, 2)).toEqual([503, 503]);
    expect(sandbox.faults.hits()).toEqual([2]);
    expect(sandbox.stats()).toMatchObject({
      ingested: 0,
      requests: { total: 2, byStatus: { 503: 2 } },
      faultHits: [2],
    });
  });

  test('fromRequest, every and requests', async () => {
    await using sandbox = await faulty([
      { kind, status, match: { fromRequest: 2, every: 2, requests: 2 } },
    ]);
    expect(await statuses(sandbox, 7)).toEqual([200, 503, 200, 503, 200, 200, 200]);
  });

  test('afterEvents counts from the moment the script is set', async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, someEvents(10));
    sandbox.faults.set([{ kind, status, match: { afterEvents: 2 } }]);
    expect(await statuses(sandbox, 3)).toEqual([200, 200, 503]);
  });

  test('durationMs counts from the first hit', async () => {
    let now = NOW;
    await using sandbox = await faulty([{ kind, status, match: { durationMs: 100 } }], () => now);
    expect(await statuses(sandbox, 1)).toEqual([503]);
    now += 99;
    expect(await statuses(sandbox, 1)).toEqual([503]);
    now += 1;
    expect(await statuses(sandbox, 1)).toEqual([200]);
  });

  test('the first rule that matches wins, later ones take over', async () => {
    await using sandbox = await faulty([
      { kind, status: 500, match: { requests: 1 } },
      { kind, status: 502, match: { requests: 1 } },
    ]);
    expect(await statuses(sandbox, 3)).toEqual([500, 502, 200]);
  });

  test('only calls of its path', async () => {
    await using sandbox = await faulty([{ kind, status, match: { path: '/api/2.0/export' } }]);
    expect(await statuses(sandbox, 1)).toEqual([200]);
    const url = `${sandbox.url}/api/2.0/export?${TODAY}`;
    expect((await call(url, { headers: SECRET })).status).toBe(503);
  });

  test('a cleared script strikes no more', async () => {
    await using sandbox = await faulty([{ kind, status }]);
    sandbox.faults.clear();
    expect(await statuses(sandbox, 1)).toEqual([200]);
  });
});

describe('status', () => {
  test("429 in Mixpanel's shape, with Retry-After", async () => {
    await using sandbox = await faulty([
      { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
    ]);
    const answer = await importTo(sandbox, [anEvent()]);
    expect(answer.headers['retry-after']).toBe('7');
    expect(answer.json).toMatchObject({ code: 429, status: 'Too Many Requests' });
  });

  test('401 midway', async () => {
    await using sandbox = await faulty([
      { kind: 'status', status: 401, match: { fromRequest: 2 } },
    ]);
    expect(await statuses(sandbox, 2)).toEqual([200, 401]);
  });

  test('an HTML page, a text, or JSON of your own', async () => {
    await using sandbox = await faulty([
      { kind: 'status', status: 502, html: true, match: { requests: 1 } },
      { kind: 'status', status: 503, body: 'upstream', match: { requests: 1 } },
      { kind: 'status', status: 500, body: { status: 0 } },
    ]);
    const [page, text, json] = [
      await importTo(sandbox, [anEvent()]),
      await importTo(sandbox, [anEvent()]),
      await importTo(sandbox, [anEvent()]),
    ];
    expect(page.headers['content-type']).toBe('text/html');
    expect(page.text).toContain('<h1>502 Bad Gateway</h1>');
    expect(text.text).toBe('upstream');
    expect(json.json).toEqual({ status: 0 });
  });

  test('after ingesting', async () => {
    await using sandbox = await faulty([{ kind: 'status', status: 502, when: 'after' }]);
    expect(await statuses(sandbox, 1)).toEqual([502]);
    expect(sandbox.stats().ingested).toBe(1);
  });
});

describe('reset', () => {
  test.each([
    ['before', 0],
    ['after', 1],
    ['middle', 1],
  ] as const)('%s: the client gets no answer, %d events are stored', async (when, stored) => {
    await using sandbox = await faulty([{ kind: 'reset', when, match: { requests: 1 } }]);
    await expect(importTo(sandbox, [anEvent()])).rejects.toThrow();
    expect(sandbox.stats()).toMatchObject({
      ingested: stored,
      requests: { byStatus: { reset: 1 } },
    });
    expect((await importTo(sandbox, [anEvent()])).status).toBe(200);
    expect(sandbox.stats()).toMatchObject({ distinct: 1, duplicates: stored });
  });

  test('an export is cut as well', async () => {
    await using sandbox = await faulty([
      { kind: 'reset', when: 'middle', match: { path: '/api/2.0/export' } },
    ]);
    await importTo(sandbox, someEvents(5));
    const url = `${sandbox.url}/api/2.0/export?${TODAY}`;
    await expect(call(url, { headers: SECRET })).rejects.toThrow();
  });
});

describe('stall', () => {
  test.each([
    ['before', 0],
    ['after', 1],
  ] as const)('%s: no answer until the client gives up, %d stored', async (when, stored) => {
    await using sandbox = await faulty([{ kind: 'stall', when, match: { requests: 1 } }]);
    const aborter = new AbortController();
    const stalled = importTo(sandbox, [anEvent()], { signal: aborter.signal });
    const failure = expect(stalled).rejects.toThrow('aborted');
    await expect.poll(() => sandbox.stats().requests.byStatus['stalled']).toBe(1);
    aborter.abort();
    await failure;
    expect(sandbox.stats().ingested).toBe(stored);
    expect((await importTo(sandbox, [anEvent()])).status).toBe(200);
  });

  test('closing the sandbox ends stalled and slow requests', async () => {
    const sandbox = await faulty([
      { kind: 'stall', match: { requests: 1 } },
      { kind: 'slow', delayMs: 600_000 },
    ]);
    const failures = [importTo(sandbox, [anEvent()]), importTo(sandbox, [anEvent()])].map(
      async (each) => expect(each).rejects.toThrow(),
    );
    await expect.poll(() => sandbox.stats().ingested).toBe(1);
    await sandbox.close();
    await Promise.all(failures);
  });
});

test.each([{ delayMs: 20 }, { trickleMs: 0 }])('slow: %j answers all the same', async (how) => {
  await using sandbox = await faulty([{ kind: 'slow', ...how }]);
  const answer = await importTo(sandbox, [anEvent()]);
  expect(answer.json).toEqual({ code: 200, num_records_imported: 1, status: 'OK' });
});

test('partial: every nth event is refused, the rest ingested', async () => {
  await using sandbox = await faulty([
    { kind: 'partial', every: 3, field: 'properties.f', message: 'no', match: { requests: 1 } },
  ]);
  const answer = await importTo(sandbox, someEvents(5));
  expect(answer.status).toBe(400);
  expect(answer.json).toMatchObject({
    num_records_imported: 3,
    failed_records: [
      { index: 0, insert_id: 'i-0', field: 'properties.f', message: 'no' },
      { index: 3, insert_id: 'i-3', field: 'properties.f', message: 'no' },
    ],
  });
  expect(sandbox.stats()).toMatchObject({ ingested: 3, rejected: 2 });
});

test('bad-json: 200 with half a JSON text, ingested', async () => {
  await using sandbox = await faulty([{ kind: 'bad-json' }]);
  const answer = await importTo(sandbox, [anEvent()]);
  expect([answer.status, answer.json]).toEqual([200, undefined]);
  expect(sandbox.stats().ingested).toBe(1);
});

describe('reject-batch', () => {
  const culprit = anEvent({ $insert_id: 'bad', note: 'poison' });

  test.each([
    ['any text', { contains: 'poison' }],
    ['a property', { property: 'note', contains: 'poison' }],
  ])('a batch is refused for one event with %s, halves without it pass', async (_name, rule) => {
    await using sandbox = await faulty([{ kind: 'reject-batch', ...rule }]);
    const answer = await importTo(sandbox, [...someEvents(3), culprit]);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 400, num_records_imported: 0 });
    expect(answer.json).not.toHaveProperty('failed_records');
    expect(sandbox.stats().ingested).toBe(0);
    expect((await importTo(sandbox, someEvents(3))).status).toBe(200);
    expect((await importTo(sandbox, [culprit])).status).toBe(400);
  });

  test('by name of the event; other properties do not count', async () => {
    await using sandbox = await faulty([
      { kind: 'reject-batch', property: 'event', contains: 'Click' },
    ]);
    expect((await importTo(sandbox, [anEvent({ note: 'Click' })])).status).toBe(200);
    expect((await importTo(sandbox, [anEvent({}, 'Click')])).status).toBe(400);
  });

  test.each([
    ['empty', []],
    ['strings', ['the batch was refused']],
  ] as const)('failed_records may be %s', async (records, expected) => {
    await using sandbox = await faulty([{ kind: 'reject-batch', contains: 'poison', records }]);
    expect((await importTo(sandbox, [culprit])).json.failed_records).toEqual(expected);
  });
});

describe('limit', () => {
  test('413 over so many events', async () => {
    await using sandbox = await faulty([{ kind: 'limit', maxEvents: 2 }]);
    expect((await importTo(sandbox, someEvents(3))).status).toBe(413);
    expect((await importTo(sandbox, someEvents(2))).status).toBe(200);
  });

  test('413 over so many bytes, which it names', async () => {
    await using sandbox = await faulty([{ kind: 'limit', maxBytes: 200 }]);
    const answer = await importTo(sandbox, someEvents(3));
    expect(answer.json).toMatchObject({
      code: 413,
      error: 'request exceeds max limit of 200 bytes',
    });
    expect((await importTo(sandbox, someEvents(1))).status).toBe(200);
  });
});

test('terminate-export: some lines, then the bare text', async () => {
  await using sandbox = await faulty([
    { kind: 'terminate-export', afterLines: 2, match: { path: '/api/2.0/export' } },
  ]);
  await importTo(sandbox, someEvents(5));
  const answer = await call(`${sandbox.url}/api/2.0/export?${TODAY}`, { headers: SECRET });
  const lines = answer.text.split('\n');
  expect(lines.map((line) => line.slice(0, 9))).toEqual([
    '{"event":',
    '{"event":',
    'export te',
    '',
  ]);
});

describe('setting a script over HTTP', () => {
  test('a valid one strikes', async () => {
    await using sandbox = await testSandbox();
    const answer = await call(`${sandbox.url}/sandbox/faults`, {
      method: 'POST',
      body: JSON.stringify([{ kind: 'status', status: 503, match: { requests: 1 } }]),
    });
    expect(answer.json).toEqual({ status: 'ok', rules: 1 });
    expect(await statuses(sandbox, 2)).toEqual([503, 200]);
  });

  test.each([
    '{"kind":',
    '[{"kind":"nonsense"}]',
    '[{"kind":"status","status":503,"typo":1}]',
    '[{"kind":"limit"}]',
    '[{"kind":"status","status":503,"match":{"path":"/other"}}]',
  ])('a bad one is refused, and the old one stays: %s', async (body) => {
    await using sandbox = await faulty([{ kind: 'status', status: 503 }]);
    const answer = await call(`${sandbox.url}/sandbox/faults`, { method: 'POST', body });
    expect(answer.status).toBe(400);
    expect(answer.json.error).toBeTypeOf('string');
    expect(await statuses(sandbox, 1)).toEqual([503]);
  });
});
