import { describe, expect, test } from 'vitest';
import type { FaultScript } from '../../src/sandbox/mixpanel/faults.ts';
import { clicks, currentsFile, idOf, put } from '../support/currents-file.ts';
import { type Exported, insertIds, openScene, type Scene } from '../support/scene.ts';

/** Five requests, the last one not full. */
const RECORDS = 8500;

function sentIds(count = RECORDS): string[] {
  return Array.from({ length: count }, (_, n) => idOf('a', n));
}

async function sceneWith(faults: FaultScript, count = RECORDS): Promise<Scene> {
  const scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', count), { perBlock: 500 }));
  scene.sandbox.faults.set(faults);
  return scene;
}

/** Everything is in Mixpanel once, and the books say so. */
function expectAllDelivered(
  scene: Scene,
  { code, stderr, report }: Exported,
  count = RECORDS,
): void {
  expect(stderr).not.toContain('error:');
  expect(code).toBe(0);
  expect(report).toMatchObject({
    state: 'finished',
    read: count,
    delivered: count,
    deadLetters: 0,
    balanced: true,
  });
  expect(insertIds(scene.sandbox)).toEqual(sentIds(count));
}

describe('answers that ask to try again', () => {
  test('429 without Retry-After', async () => {
    await using scene = await sceneWith([{ kind: 'status', status: 429, match: { requests: 6 } }]);
    const exported = await scene.runExport();
    expectAllDelivered(scene, exported);
    expect(exported.report.requests).toBe(5 + 6);
    expect(scene.sandbox.stats().duplicates).toBe(0);
  });

  test('429 with Retry-After in seconds is waited for', async () => {
    await using scene = await sceneWith([
      { kind: 'status', status: 429, headers: { 'retry-after': '2' }, match: { requests: 1 } },
    ]);
    const exported = await scene.runExport();
    expectAllDelivered(scene, exported);
    expect(exported.report.durationMs).toBeGreaterThanOrEqual(2000);
  });

  test('429 with a date in Retry-After is waited for', async () => {
    await using scene = await sceneWith([]);
    // Whole seconds, so that the wait is from two to three of them; the command needs a part of it to start.
    const date = new Date(Date.now() + 4000).toUTCString();
    scene.sandbox.faults.set([
      { kind: 'status', status: 429, headers: { 'retry-after': date }, match: { requests: 1 } },
    ]);
    const exported = await scene.runExport();
    expectAllDelivered(scene, exported);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(date));
  });

  test('500, 502 and 503 in turn', async () => {
    await using scene = await sceneWith([
      { kind: 'status', status: 500, match: { requests: 5 } },
      { kind: 'status', status: 502, html: true, match: { requests: 5 } },
      { kind: 'status', status: 503, match: { requests: 5 } },
    ]);
    const exported = await scene.runExport();
    expectAllDelivered(scene, exported);
    expect(exported.report.requests).toBe(5 + 15);
  });

  test('503 to eighty requests in a row', async () => {
    await using scene = await sceneWith([{ kind: 'status', status: 503, match: { requests: 80 } }]);
    const exported = await scene.runExport([], { env: { SLUICE_BACKOFF_MS: '2' } });
    expectAllDelivered(scene, exported);
    expect(scene.sandbox.stats().requests.byStatus).toEqual({ '200': 5, '503': 80 });
  });

  test('500 after the events were taken: the repeats are the same events', async () => {
    await using scene = await sceneWith([
      { kind: 'status', status: 500, when: 'after', match: { requests: 3 } },
    ]);
    expectAllDelivered(scene, await scene.runExport());
    expect(scene.sandbox.stats().duplicates).toBeGreaterThan(0);
  });

  test('an HTML page with status 200, as a proxy answers, is not taken for a yes', async () => {
    await using scene = await sceneWith([
      { kind: 'status', status: 200, html: true, match: { requests: 3 } },
    ]);
    expectAllDelivered(scene, await scene.runExport());
  });

  test('half a JSON text with status 200 is not taken for a yes', async () => {
    await using scene = await sceneWith([
      { kind: 'bad-json', when: 'before', match: { requests: 3 } },
    ]);
    expectAllDelivered(scene, await scene.runExport());
  });
});

describe('the network', () => {
  test.each(['before', 'middle', 'after'] as const)(
    'connection reset %s ingesting',
    async (when) => {
      await using scene = await sceneWith([
        { kind: 'reset', when, match: { every: 2, requests: 4 } },
      ]);
      const exported = await scene.runExport();
      expectAllDelivered(scene, exported);
      expect(scene.sandbox.faults.hits()).toEqual([4]);
      const { ingested } = scene.sandbox.stats();
      if (when === 'before') expect(ingested).toBe(RECORDS);
      else expect(ingested).toBeGreaterThan(RECORDS);
    },
  );

  test.each(['before', 'after'] as const)('no answer, %s ingesting', async (when) => {
    await using scene = await sceneWith([{ kind: 'stall', when, match: { requests: 3 } }]);
    const exported = await scene.runExport([], { env: { SLUICE_TIMEOUT_MS: '500' } });
    expectAllDelivered(scene, exported);
    expect(scene.sandbox.faults.hits()).toEqual([3]);
  });

  test('slow answers, byte by byte', async () => {
    await using scene = await sceneWith([{ kind: 'slow', delayMs: 300, trickleMs: 5 }]);
    expectAllDelivered(scene, await scene.runExport());
    expect(scene.sandbox.stats().duplicates).toBe(0);
  });

  test('nobody listens at first', async () => {
    await using scene = await openScene();
    await put(scene.currents, 'a.avro', currentsFile(clicks('a', 10)));
    const { port } = scene.sandbox;
    await scene.sandbox.close();
    const running = scene.startExport();
    const { startMixpanelSandbox } = await import('../../src/sandbox/mixpanel/server.ts');
    const late = await startMixpanelSandbox({ port });
    try {
      expect((await running.result).report).toMatchObject({ delivered: 10, balanced: true });
      expect(insertIds(late)).toEqual(sentIds(10));
    } finally {
      await late.close();
    }
  });
});

describe('events that are refused', () => {
  test('half a batch: the rest is delivered and never sent again', async () => {
    await using scene = await sceneWith([{ kind: 'partial', every: 2, match: { requests: 1 } }]);
    const { code, report } = await scene.runExport(['--concurrency', '1']);
    expect(code).toBe(3);
    expect(report).toMatchObject({
      read: RECORDS,
      delivered: RECORDS - 1000,
      deadLetters: 1000,
      requests: 5,
      balanced: true,
    });
    const letters = await scene.deadLetters();
    expect(new Set(letters.map((letter) => letter.cause))).toEqual(
      new Set(['rejected_by_mixpanel']),
    );
    const kept = letters.map((letter) => String(letter.event?.properties['$insert_id']));
    expect(kept.toSorted()).toEqual(sentIds(2000).filter((_, n) => n % 2 === 0));
    expect([...insertIds(scene.sandbox), ...kept].toSorted()).toEqual(sentIds());
    expect(scene.sandbox.stats().ingested).toBe(RECORDS - 1000);
  });

  test.each(['none', 'empty', 'strings'] as const)(
    'a batch refused as a whole because of one event (failed_records: %s) is split down to it',
    async (records) => {
      const culprit = idOf('a', 3210);
      await using scene = await sceneWith([{ kind: 'reject-batch', contains: culprit, records }]);
      const { code, report } = await scene.runExport();
      expect(code).toBe(3);
      expect(report).toMatchObject({
        read: RECORDS,
        delivered: RECORDS - 1,
        deadLetters: 1,
        balanced: true,
      });
      expect(insertIds(scene.sandbox)).toEqual(sentIds().filter((id) => id !== culprit));
      const [letter] = await scene.deadLetters();
      expect(letter).toMatchObject({
        cause: 'rejected_by_mixpanel',
        record: 3210,
        slice: 'a.avro',
      });
      expect(letter?.event?.properties['$insert_id']).toBe(culprit);
      // 2,000 events come down to one in 11 halvings of two requests each.
      expect(report.requests).toBeLessThanOrEqual(5 + 22);
      expect(scene.sandbox.stats().duplicates).toBe(0);
    },
  );

  test('413 splits the batch until it is small enough', async () => {
    await using scene = await sceneWith([{ kind: 'limit', maxEvents: 300 }]);
    expectAllDelivered(scene, await scene.runExport());
    expect(scene.sandbox.stats().requests.byStatus['413']).toBeGreaterThan(0);
    expect(scene.sandbox.stats().duplicates).toBe(0);
  });

  test('413 to a single event makes a dead letter of it', async () => {
    await using scene = await openScene();
    const records = clicks('a', 50);
    const fat = {
      ...records[20],
      campaign_name: 'x'.repeat(250),
      url: `https://example.com/${'y'.repeat(230)}`,
    };
    await put(scene.currents, 'a.avro', currentsFile(records.with(20, fat)));
    scene.sandbox.faults.set([{ kind: 'limit', maxBytes: 600 }]);
    const { code, report } = await scene.runExport();
    expect(code).toBe(3);
    expect(report).toMatchObject({ read: 50, delivered: 49, deadLetters: 1, balanced: true });
    expect(await scene.deadLetters()).toMatchObject([
      { cause: 'too_large_for_mixpanel', record: 20 },
    ]);
  });
});

test('an HTML page with 403 halts and is told without its tags', async () => {
  await using scene = await sceneWith([{ kind: 'status', status: 403, html: true }]);
  const { code, report, stdout, stderr } = await scene.runExport();
  expect(code).toBe(4);
  expect(report).toMatchObject({ state: 'halted', read: 0, delivered: 0, balanced: true });
  expect(report.detail).toContain('403');
  expect(stdout + stderr).not.toMatch(/<\/?(html|h1|body)>/);
});
