import { mkdir, readdir, rename } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Expected, recordsOf } from '../support/expected.ts';
import { randomFrom } from '../support/random.ts';
import { type Exported, openScene, type Scene } from '../support/scene.ts';

/** Half of what is run before a release, so that all tests together end in time: SLUICE_CRASH_KILLS=200. */
const KILLS = Number(process.env['SLUICE_CRASH_KILLS'] ?? 100);
const SEED = Number(process.env['SLUICE_CRASH_SEED'] ?? Date.now() % 2 ** 31);

/** Files of about so many records arrive whenever an export has come to its end: three or four requests. */
const ARRIVAL = 5500;
const ANSWER_MS = 180;

interface Arrivals {
  /** Moves the next files into the exported folder. False when there are none left. */
  next(): Promise<boolean>;
}

async function arrivals(scene: Scene, random: () => number, expected: Expected): Promise<Arrivals> {
  const staging = join(scene.root, 'staging');
  const made = await scene.run([
    ...['generate', '--events', String(Math.max(20_000, KILLS * 3300)), '--out', staging],
    ...['--seed', String(SEED)],
  ]);
  if (made.code !== 0) throw new Error(`generate ended with ${made.code}: ${made.stderr}`);
  const names = (await readdir(staging, { recursive: true })).filter((name) =>
    name.endsWith('.avro'),
  );
  const shuffled = names
    .toSorted()
    .map((name) => ({ name, key: random() }))
    .toSorted((a, b) => a.key - b.key);
  let at = 0;
  return {
    async next() {
      const before = expected.records;
      for (; at < shuffled.length && expected.records - before < ARRIVAL; at++) {
        const from = join(staging, shuffled[at]!.name);
        const to = join(scene.currents, relative(staging, from));
        expected.count(await recordsOf(from));
        await mkdir(dirname(to), { recursive: true });
        await rename(from, to);
      }
      return expected.records > before;
    },
  };
}

function expectInOrder({ code, report }: Exported): void {
  expect(report).toMatchObject({ state: 'finished', deadLetters: 0, problems: [], balanced: true });
  expect(code).toBe(0);
}

test(
  `kill -9 at ${KILLS} random instants: nothing is lost, nothing is there twice`,
  { timeout: 600_000 },
  async () => {
    // oxlint-disable-next-line no-console -- a failure can be repeated only with its seed
    console.log(`crash test: SLUICE_CRASH_SEED=${SEED}`);
    const random = randomFrom(SEED);
    await using scene = await openScene();
    const expected = new Expected();
    const files = await arrivals(scene, random, expected);
    scene.sandbox.faults.set([
      { kind: 'reset', when: 'after', match: { every: 23 } },
      { kind: 'status', status: 503, match: { every: 17 } },
      { kind: 'slow', delayMs: ANSWER_MS },
    ]);
    const startedAt = Date.now();
    const args = ['--concurrency', '1'];
    let kills = 0;
    let runs = 0;

    // The first one runs undisturbed, to learn how long one takes.
    expect(await files.next()).toBe(true);
    const before = performance.now();
    expectInOrder(await scene.runExport(args));
    let fullMs = performance.now() - before;
    expect(await files.next()).toBe(true);
    let startsFresh = true;

    while (kills < KILLS) {
      const begun = performance.now();
      const running = scene.startExport(args);
      const instant = delay(random() * fullMs * 1.15).then(() => running.process.kill('SIGKILL'));
      const result = await running.result;
      const endedAt = performance.now();
      await instant;
      runs++;
      if (result.signal === 'SIGKILL') {
        kills++;
        startsFresh = false;
        continue;
      }
      // Measured anew where it can be: a machine that was busy at first would kill too late, and run out of files.
      if (startsFresh) fullMs = endedAt - begun;
      expectInOrder(result);
      if (!(await files.next())) break;
      startsFresh = true;
    }
    const last = await scene.runExport(args);
    expectInOrder(last);
    const idle = await scene.runExport(args);
    expectInOrder(idle);

    const stats = scene.sandbox.stats();
    // oxlint-disable-next-line no-console -- the figures are the point of this test
    console.log(
      `crash test: ${kills} kills in ${runs} runs, ${Math.round((Date.now() - startedAt) / 1000)} s; ` +
        `${stats.requests.total} requests; ${expected.records} records read, ${expected.delivered} to deliver; ` +
        `${stats.ingested} events ingested, ${stats.distinct} distinct, ${stats.duplicates} repeats dropped by the four-part key`,
    );
    expect(kills).toBe(KILLS);
    expect(idle.report).toMatchObject({ read: 0, requests: 0 });
    expect(await scene.deadLetters()).toEqual([]);
    expect(stats.distinct).toBe(expected.delivered);
    expect(stats.rejected).toBe(0);
    const distinct = Object.fromEntries(
      Object.entries(stats.events).map(([name, counts]) => [name, counts.distinct]),
    );
    expect(distinct).toEqual(expected.byName);

    const listed = await scene.run([
      'runs',
      '--data-dir',
      scene.data,
      '--json',
      '--limit',
      '100000',
    ]);
    const sum = { read: 0, delivered: 0, skipped: 0, deadLetters: 0 };
    for (const line of listed.stdout.split('\n').filter(Boolean)) {
      const run = JSON.parse(line) as typeof sum;
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += run[key];
    }
    expect(sum).toEqual({
      read: expected.records,
      delivered: expected.delivered,
      skipped: expected.records - expected.delivered,
      deadLetters: 0,
    });
  },
);
