import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isBalanced } from '../../src/core/counts.ts';
import { customHttpBatch } from '../../src/sandbox/braze/custom-http.ts';
import { generate } from '../../src/sandbox/braze/generate.ts';
import { type GeneratedRecord, records } from '../../src/sandbox/braze/records.ts';
import { brazeSender } from '../support/braze-sender.ts';
import { Expected, recordsOf } from '../support/expected.ts';
import { randomFrom } from '../support/random.ts';
import { insertIds, openScene, type Scene } from '../support/scene.ts';
import {
  booksOf,
  connection,
  eventually,
  launchService,
  PUSHED,
  startService,
} from '../support/service.ts';

/** Half of what is run before a release, so that all tests together end in time: SLUICE_CRASH_KILLS=200. */
const KILLS = Number(process.env['SLUICE_CRASH_KILLS'] ?? 100);
const SEED = Number(process.env['SLUICE_CRASH_SEED'] ?? Date.now() % 2 ** 31);

/** Events a push and, at most, a file. */
const PER_PUSH = 20;
const PER_FILE = 100;
const PUSH_EVERY_MS = 20;
const FILE_EVERY_MS = 150;
/** More than arrives in the time that the test takes. */
const AMOUNT = { events: 5_000_000, hours: 240, users: 5000 };
/** How long a service lives at most once it serves. */
const LIFE_MS = 1000;
const ANSWER_MS = 120;

/** Files that appear in the folder until told to stop, whether a service runs or not. */
function arrivingFiles(scene: Scene, expected: Expected): { end(): Promise<void> } {
  let isOver = false;
  const write = async (): Promise<void> => {
    for (const file of generate({ ...AMOUNT, eventsPerFile: PER_FILE, seed: `files-${SEED}` })) {
      if (isOver) return;
      const draft = join(scene.root, 'draft');
      const target = join(scene.currents, file.path);
      await writeFile(draft, file.bytes);
      expected.count(await recordsOf(draft));
      await mkdir(dirname(target), { recursive: true });
      await rename(draft, target);
      await delay(FILE_EVERY_MS);
    }
  };
  const written = write();
  return {
    end() {
      isOver = true;
      return written;
    },
  };
}

function* pushes(expected: Expected): Generator<string> {
  let some: GeneratedRecord[] = [];
  for (const each of records({ ...AMOUNT, seed: `pushes-${SEED}` })) {
    some.push(each);
    if (some.length < PER_PUSH) continue;
    for (const { type, record } of some) expected.count({ type, records: [record] });
    yield JSON.stringify(customHttpBatch(some));
    some = [];
  }
}

test(
  `kill -9 of the service at ${KILLS} random instants: nothing that was acknowledged is lost, the books balance`,
  { timeout: 900_000 },
  async () => {
    // oxlint-disable-next-line no-console -- a failure can be repeated only with its seed
    console.log(`service crash test: SLUICE_CRASH_SEED=${SEED}`);
    const random = randomFrom(SEED);
    await using scene = await openScene();
    const expected = { files: new Expected(), pushes: new Expected() };
    const connections = [
      connection(scene, 'files', { concurrency: 2 }),
      connection(scene, 'inbox', { ...PUSHED, concurrency: 2 }),
    ];
    scene.sandbox.faults.set([
      { kind: 'reset', when: 'after', match: { every: 23 } },
      { kind: 'status', status: 503, match: { every: 17 } },
      { kind: 'slow', delayMs: ANSWER_MS },
    ]);
    const startedAt = performance.now();
    const files = arrivingFiles(scene, expected.files);
    const sender = brazeSender('inbox', pushes(expected.pushes), PUSH_EVERY_MS);

    let startMs = 500;
    let served = 0;
    for (let kills = 0; kills < KILLS; kills++) {
      const begun = performance.now();
      const service = await launchService(scene, connections);
      // However busy the machine is, half of them must come to serve.
      if (random() < 0.5) await delay(random() * startMs);
      else {
        const ended = service.process.result.then(({ stderr: words }) => {
          throw new Error(`the service did not start: ${words}`);
        });
        ended.catch(() => undefined);
        sender.goTo(await Promise.race([service.serving, ended]));
        served++;
        startMs = performance.now() - begun;
        await delay(random() * LIFE_MS);
      }
      sender.goTo(undefined);
      const { signal, stderr } = await service.kill();
      expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
    }
    const killedMs = performance.now() - startedAt;

    await files.end();
    const last = await startService(scene, connections);
    sender.goTo(last.url);
    const sent = await sender.end();
    const inFiles = await eventually(
      () => booksOf(scene, 'files'),
      ({ read }) => read === expected.files.records,
    );
    await eventually(
      async () => (await fetch(`${last.url}/metrics`)).text(),
      (text) => text.includes('sluice_inbox_pushes{connection="inbox"} 0'),
    );
    const pushed = await booksOf(scene, 'inbox');
    const { code, stderr } = await last.stop();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

    const stats = scene.sandbox.stats();
    const toDeliver = expected.files.delivered + expected.pushes.delivered;
    // oxlint-disable-next-line no-console -- the figures are the point of this test
    console.log(
      `service crash test: ${KILLS} kills in ${Math.round(killedMs / 1000)} s, of which ${served} after it served; ` +
        `${expected.files.records} records in files, ${expected.pushes.records} in ${sent.acknowledged} pushes ` +
        `(${sent.refused} tries failed, ${(pushed.read - expected.pushes.records) / PER_PUSH} pushes were kept twice); ` +
        `${stats.ingested} events ingested, ${stats.distinct} of ${toDeliver} distinct, ${stats.duplicates} repeats dropped by the four-part key`,
    );
    expect(inFiles).toMatchObject({
      read: expected.files.records,
      delivered: expected.files.delivered,
      deadLetters: 0,
      imbalances: 0,
    });
    expect(pushed).toMatchObject({ deadLetters: 0, imbalances: 0 });
    expect([inFiles, pushed].map(({ counts }) => isBalanced(counts))).toEqual([true, true]);
    // Killed between keeping a push and saying so, the service gets it again, and keeps it again.
    const again = (pushed.read - expected.pushes.records) / PER_PUSH;
    expect(Number.isInteger(again) && again >= 0 && again <= sent.refused).toBe(true);
    expect(await scene.deadLetters()).toEqual([]);

    const ids = [...expected.files.ids, ...expected.pushes.ids].toSorted();
    expect(insertIds(scene.sandbox)).toEqual(ids);
    expect(stats).toMatchObject({ distinct: toDeliver, rejected: 0 });
    const distinct = Object.fromEntries(
      Object.entries(stats.events).map(([name, counts]) => [name, counts.distinct]),
    );
    const byName = { ...expected.files.byName };
    for (const [name, n] of Object.entries(expected.pushes.byName))
      byName[name] = (byName[name] ?? 0) + n;
    expect(distinct).toEqual(byName);
    expect(served).toBeGreaterThan(KILLS / 4);
    expect(sent.refused).toBeGreaterThan(KILLS / 20);
  },
);
