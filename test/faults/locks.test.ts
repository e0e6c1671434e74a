import { expect, test } from 'vitest';
import { clicks, currentsFile, idOf, put } from '../support/currents-file.ts';
import { insertIds, openScene, type Scene, until } from '../support/scene.ts';

const RECORDS = 40_000;

async function slowScene(): Promise<Scene> {
  const scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', RECORDS), { perBlock: 1000 }));
  scene.sandbox.faults.set([{ kind: 'slow', delayMs: 60 }]);
  return scene;
}

function everyId(): string[] {
  return Array.from({ length: RECORDS }, (_, n) => idOf('a', n));
}

test('a second process on the same data folder says so and leaves; the first goes on', async () => {
  await using scene = await slowScene();
  const first = scene.startExport(['--concurrency', '1']);
  await until(() => scene.sandbox.stats().ingested > 0);
  const second = await scene.runExport();
  expect(second.code).toBe(1);
  expect(second.stdout).toBe('');
  expect(second.stderr).toContain('Another Sluice');
  expect(second.stderr).toContain(scene.data);
  expect(second.stderr).toContain(String(first.process.pid));

  const { code, report } = await first.result;
  expect(code).toBe(0);
  expect(report).toMatchObject({ read: RECORDS, delivered: RECORDS, balanced: true });
  expect(scene.sandbox.stats()).toMatchObject({ ingested: RECORDS, distinct: RECORDS });
});

test('another data folder does not wait', async () => {
  await using scene = await slowScene();
  const first = scene.startExport(['--concurrency', '1']);
  await until(() => scene.sandbox.stats().ingested > 0);
  const second = await scene.runExport(['--data-dir', `${scene.data}-2`, '--concurrency', '8']);
  expect(second.code).toBe(0);
  expect((await first.result).code).toBe(0);
  expect(insertIds(scene.sandbox)).toEqual(everyId());
});

test('the books can be looked at while an export runs', async () => {
  await using scene = await slowScene();
  const first = scene.startExport(['--concurrency', '1']);
  await until(() => scene.sandbox.stats().ingested > 4000);
  const runs = await scene.run(['runs', '--data-dir', scene.data, '--json']);
  expect(runs.code).toBe(0);
  expect(JSON.parse(runs.stdout)).toMatchObject({ state: 'running' });
  const letters = await scene.run(['dead-letters', 'list', '--data-dir', scene.data]);
  expect(letters).toMatchObject({ code: 0, stdout: 'No dead letters.\n' });
  expect((await first.result).code).toBe(0);
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s stops at a settled place and the next run takes it up there',
  async (signal) => {
    await using scene = await slowScene();
    const running = scene.startExport(['--concurrency', '2']);
    await until(() => scene.sandbox.stats().ingested > 6000);
    running.process.kill(signal);
    const stopped = await running.result;
    expect(stopped.code).toBe(130);
    expect(stopped.report).toMatchObject({ state: 'stopped', deadLetters: 0, balanced: true });
    expect(stopped.report.delivered).toBeGreaterThan(0);
    expect(stopped.report.delivered).toBeLessThan(RECORDS);

    const resumed = await scene.runExport(['--concurrency', '8']);
    expect(resumed.code).toBe(0);
    expect(resumed.report).toMatchObject({
      delivered: RECORDS - stopped.report.delivered,
      balanced: true,
    });
    expect(insertIds(scene.sandbox)).toEqual(everyId());
  },
);

test('stopping works while nothing is taken', async () => {
  await using scene = await slowScene();
  scene.sandbox.faults.set([{ kind: 'status', status: 503 }]);
  const running = scene.startExport([], { env: { SLUICE_BACKOFF_MS: '60000' } });
  await until(() => scene.sandbox.faults.hits()[0]! > 0);
  running.process.kill('SIGTERM');
  const stopped = await running.result;
  expect(stopped.code).toBe(130);
  expect(stopped.report).toMatchObject({ state: 'stopped', delivered: 0, balanced: true });
});

test('a second Ctrl-C ends it at once', async () => {
  await using scene = await slowScene();
  scene.sandbox.faults.set([{ kind: 'stall' }]);
  const running = scene.startExport();
  await until(() => scene.sandbox.faults.hits()[0]! > 0);
  running.process.kill('SIGINT');
  running.process.kill('SIGINT');
  const { code, signal } = await running.result;
  // Either the first one was quick enough to end it in order, or the second ended it.
  expect(signal === 'SIGINT' || code === 130).toBe(true);
  scene.sandbox.faults.clear();
  expect((await scene.runExport()).report).toMatchObject({ state: 'finished', balanced: true });
  expect(insertIds(scene.sandbox)).toEqual(everyId());
});
