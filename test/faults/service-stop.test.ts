import { expect, test } from 'vitest';
import { clicks, currentsFile, idsOf, pushedClicks, put } from '../support/currents-file.ts';
import { insertIds, openScene, type Scene, until } from '../support/scene.ts';
import {
  booksOf,
  connection,
  eventually,
  push,
  PUSHED,
  type RunningService,
  startService,
} from '../support/service.ts';

/** No answer ever comes: waited for, it would outlast the test. */
const PATIENT = 3_600_000;
const EVENTS = 2500;

const patient = (scene: Scene, name: string, more?: Record<string, unknown>) => {
  const { destination, ...spec } = connection(scene, name, { concurrency: 2, ...more });
  return { ...spec, destination: { ...(destination as object), timeoutMs: PATIENT } };
};

/** A service of whose four bodies two were taken, and two wait for an answer that never comes. */
async function stalled(
  scene: Scene,
  when: 'before' | 'after',
  env: Record<string, string>,
): Promise<RunningService> {
  scene.sandbox.faults.set([{ kind: 'stall', when, match: { fromRequest: 3 } }]);
  const service = await startService(
    scene,
    [patient(scene, 'files'), patient(scene, 'push', PUSHED)],
    { env },
  );
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', EVENTS), { perBlock: 100 }));
  expect(await push(service.url, 'push', pushedClicks('p', EVENTS))).toBe(200);
  await until(() => scene.sandbox.stats().requests.total === 4);
  return service;
}

async function expectAllAfterAll(scene: Scene): Promise<void> {
  for (const name of ['files', 'push'])
    expect(await booksOf(scene, name)).toMatchObject({ imbalances: 0 });
  scene.sandbox.faults.clear();
  const service = await startService(scene, []);
  for (const name of ['files', 'push'])
    await eventually(
      () => booksOf(scene, name),
      ({ read }) => read >= EVENTS,
    );
  const { code, stderr } = await service.stop();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const name of ['files', 'push'])
    expect(await booksOf(scene, name)).toMatchObject({
      read: EVENTS,
      delivered: EVENTS,
      imbalances: 0,
    });
  expect(insertIds(scene.sandbox)).toEqual(
    idsOf([
      ['a', EVENTS],
      ['p', EVENTS],
    ]),
  );
}

test.each(['before', 'after'] as const)(
  'stopped while the destination stalls %s it takes the events, it gives up in time and leaves nothing half done',
  async (when) => {
    await using scene = await openScene();
    const service = await stalled(scene, when, { SLUICE_GRACE_MS: '300' });
    const { code, signal, stderr } = await service.stop();
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    expect(service.lines.at(-1)).toMatchObject({ msg: 'stopped' });
    await expectAllAfterAll(scene);
    // What was given up after it had been taken was sent once more, and dropped there.
    expect(scene.sandbox.stats().duplicates > 0).toBe(when === 'after');
  },
);

test('told to stop twice, it ends at once, and the next start goes on', async () => {
  await using scene = await openScene();
  const service = await stalled(scene, 'before', { SLUICE_GRACE_MS: String(PATIENT) });
  service.process.kill('SIGTERM');
  await until(() => service.lines.some(({ msg }) => msg === 'stopping'));
  service.process.kill('SIGTERM');
  expect(await service.process.result).toMatchObject({ code: null, signal: 'SIGTERM' });
  await expectAllAfterAll(scene);
});

test('stopped while it waits to try again and while a source is at fault, it waits for neither', async () => {
  await using scene = await openScene();
  scene.sandbox.faults.set([{ kind: 'status', status: 503, headers: { 'retry-after': '600' } }]);
  const service = await startService(
    scene,
    [
      connection(scene, 'files'),
      connection(scene, 'gone', { source: { kind: 'directory', path: 'nowhere' } }),
    ],
    { env: { SLUICE_GRACE_MS: String(PATIENT), SLUICE_BACKOFF_MS: '3000000' } },
  );
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 10)));
  await until(() => service.lines.filter(({ msg }) => msg === 'connection retrying').length === 2);
  const { code, signal, stderr } = await service.stop();
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
});

test('a grace that is no number is refused in words', async () => {
  await using scene = await openScene();
  const { code, stderr } = await scene.run(['serve', '--data-dir', scene.data], {
    env: { SLUICE_GRACE_MS: 'soon' },
  });
  expect(code).toBe(2);
  expect(stderr).toContain('SLUICE_GRACE_MS');
});
