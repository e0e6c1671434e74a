import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { customHttpBatch } from '../src/sandbox/braze/custom-http.ts';
import { records } from '../src/sandbox/braze/records.ts';
import { isBalanced } from '../src/core/counts.ts';
import { clicks, currentsFile, put } from './support/currents-file.ts';
import { jsonLines, openScene, type Scene, TOKEN } from './support/scene.ts';
import {
  booksOf,
  connection,
  eventually,
  push,
  PUSHED,
  type RunningService,
  startService,
} from './support/service.ts';

const delivered = (scene: Scene, name: string, n: number) =>
  eventually(
    () => booksOf(scene, name),
    (books) => books.delivered >= n,
  );

async function get(scene: Scene, name?: string): Promise<Record<string, unknown>[]> {
  const args = ['get', ...(name === undefined ? [] : [name]), '--json'];
  const { code, stdout, stderr } = await scene.run([...args, '--data-dir', scene.data]);
  if (code !== 0) throw new Error(stderr);
  return jsonLines<Record<string, unknown>>(stdout);
}

const run = async (scene: Scene, ...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await scene.run([...args, '--data-dir', scene.data]);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return stdout;
};

test('files and pushes are delivered as they come, and a stop leaves nothing half done', async () => {
  await using scene = await openScene();
  const service = await startService(scene, [
    connection(scene, 'files'),
    connection(scene, 'push', PUSHED),
  ]);
  await put(scene.root, 'currents/a.avro', currentsFile(clicks('a', 50)));
  await delivered(scene, 'files', 50);
  await put(scene.root, 'currents/b.avro', currentsFile(clicks('b', 70)));
  const batch = customHttpBatch(records({ events: 100, seed: 'push' }));
  expect(await push(service.url, 'push', batch)).toBe(200);
  await delivered(scene, 'files', 120);
  const pushed = await eventually(
    () => booksOf(scene, 'push'),
    ({ read }) => read === 100,
  );
  expect(isBalanced(pushed.counts)).toBe(true);
  const { code, stderr } = await service.stop();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(service.lines.at(-1)).toMatchObject({ msg: 'stopped' });
  expect(scene.sandbox.stats()).toMatchObject({ duplicates: 0, distinct: 120 + pushed.delivered });
  expect(JSON.stringify(service.lines)).not.toContain(TOKEN);
});

test('health, readiness and metrics tell what is so', async () => {
  await using scene = await openScene();
  await put(scene.root, 'currents/a.avro', currentsFile(clicks('a', 50)));
  const service = await startService(scene, [connection(scene, 'files')]);
  await delivered(scene, 'files', 50);
  const ask = async (path: string): Promise<[number, string]> => {
    const response = await fetch(service.url + path);
    return [response.status, await response.text()];
  };
  expect(await ask('/healthz')).toEqual([200, '{"status":"ok"}']);
  expect(await ask('/readyz')).toEqual([200, '{"status":"ready"}']);
  const [, text] = await ask('/metrics');
  expect(text).toContain(
    'sluice_events_delivered_total{connection="files",event_type="users.messages.email.Click"} 50',
  );
  expect(text).toContain('sluice_connection_state{connection="files",state="idle"} 1');
  expect((await fetch(`${service.url}/nothing`, { method: 'POST' })).status).toBe(404);
  await service.stop();
});

test('wrong credentials halt one connection, told with what to do; mended, it goes on by itself', async () => {
  await using scene = await openScene();
  await put(scene.root, 'currents/a.avro', currentsFile(clicks('a', 50)));
  const wrong = connection(scene, 'wrong', {
    destination: {
      kind: 'mixpanel',
      region: 'us',
      url: scene.sandbox.url,
      credentials: { kind: 'project-token', token: 'not-the-token' },
    },
  });
  const service = await startService(scene, [wrong, connection(scene, 'right')]);
  await delivered(scene, 'right', 50);
  const [halted] = await eventually(
    () => get(scene, 'wrong'),
    ([shown]) => shown?.['state'] === 'halted',
  );
  expect(JSON.stringify(halted)).toMatch(/credentials/);
  expect(JSON.stringify([halted, service.lines])).not.toContain('not-the-token');
  const file = join(scene.root, 'mended.yaml');
  await writeFile(file, JSON.stringify({ connections: [connection(scene, 'wrong')] }));
  await run(scene, 'apply', '-f', file);
  await delivered(scene, 'wrong', 50);
  await service.stop();
});

test('paused, nothing is sent and pushes are still taken; resumed, all of it arrives', async () => {
  await using scene = await openScene();
  const service = await startService(scene, [connection(scene, 'push', PUSHED)]);
  await run(scene, 'pause', 'push');
  await eventually(
    () => get(scene, 'push'),
    ([shown]) => shown?.['state'] === 'paused',
  );
  const batch = customHttpBatch(records({ events: 200, seed: 'paused' }));
  expect(await push(service.url, 'push', batch)).toBe(200);
  expect((await booksOf(scene, 'push')).read).toBe(0);
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toContain('sluice_inbox_pushes{connection="push"} 1');
  await run(scene, 'resume', 'push');
  await eventually(
    () => booksOf(scene, 'push'),
    ({ read }) => read === 200,
  );
  await service.stop();
});

test('a deleted connection takes nothing more, and its books stay', async () => {
  await using scene = await openScene();
  const service = await startService(scene, [connection(scene, 'push', PUSHED)]);
  const batch = customHttpBatch(records({ events: 100, seed: 'gone' }));
  await push(service.url, 'push', batch);
  await eventually(
    () => booksOf(scene, 'push'),
    ({ read }) => read === 100,
  );
  await run(scene, 'delete', 'push', '--yes');
  // A probe, so that what is taken until the service has noticed changes no sums.
  await eventually(
    () => push(service.url, 'push', { events: [] }),
    (status) => status === 404,
  );
  expect((await booksOf(scene, 'push')).read).toBe(100);
  await service.stop();
});

/** Braze's layout below the folder, one file an hour. */
const hourly = (hour: string): string =>
  `currents/event_type=users.messages.email.Click/date=${hour}/version=4/prod/${hour}.avro`;

test('hours before the start are left alone until a backfill is ordered', async () => {
  await using scene = await openScene();
  await put(scene.root, hourly('2026-05-01-03'), currentsFile(clicks('old', 30)));
  await put(scene.root, hourly('2026-05-02-03'), currentsFile(clicks('older', 20)));
  await put(scene.root, hourly('2026-06-01-05'), currentsFile(clicks('new', 40)));
  const service = await startService(scene, [connection(scene, 'files', { since: '2026-06-01' })]);
  await delivered(scene, 'files', 40);
  await run(scene, 'backfill', 'files', '--since', '2026-05-02', '--until', '2026-06-01');
  const books = await delivered(scene, 'files', 60);
  expect(books).toMatchObject({ read: 60, imbalances: 0 });
  await eventually(
    () => run(scene, 'jobs', 'files'),
    (text) => text.includes('finished'),
  );
  expect((await booksOf(scene, 'files')).read).toBe(60);
  await service.stop();
});

test('a replay sends again what was settled, under books of its own, and Mixpanel drops the repeats', async () => {
  await using scene = await openScene();
  await put(scene.root, hourly('2026-05-01-03'), currentsFile(clicks('a', 30)));
  await put(scene.root, hourly('2026-05-02-03'), currentsFile(clicks('b', 20)));
  const service = await startService(scene, [
    connection(scene, 'files'),
    connection(scene, 'push', PUSHED),
  ]);
  const batch = customHttpBatch(records({ events: 100, seed: 'again' }));
  await push(service.url, 'push', batch);
  const pushed = await eventually(
    () => booksOf(scene, 'push'),
    ({ read }) => read === 100,
  );
  await delivered(scene, 'files', 50);
  const before = scene.sandbox.stats();
  await run(scene, 'replay', 'files', '--since', '2026-05-02', '--until', '2026-05-03');
  await run(scene, 'replay', 'push', '--since', '2026-05-02');
  const again = 20 + pushed.delivered;
  await eventually(
    () => Promise.resolve(scene.sandbox.stats()),
    ({ duplicates }) => duplicates === before.duplicates + again,
  );
  expect(scene.sandbox.stats().distinct).toBe(before.distinct);
  expect(await booksOf(scene, 'files')).toMatchObject({ read: 50, delivered: 50 });
  await service.stop();
});

test('event types that are not selected are not read at all', async () => {
  await using scene = await openScene();
  const other = 'currents/event_type=users.messages.sms.Send/date=2026-05-01-03/x.avro';
  await put(scene.root, hourly('2026-05-01-03'), currentsFile(clicks('a', 30)));
  await put(scene.root, other, Buffer.from('what would be unreadable'));
  const service = await startService(scene, [
    connection(scene, 'files', { settings: { events: ['users.messages.email.*'] } }),
  ]);
  const books = await delivered(scene, 'files', 30);
  expect(books.read).toBe(30);
  await service.stop();
  expect(service.lines.filter(({ msg }) => msg === 'unreadable')).toEqual([]);
});

test('a second service on the same data folder is refused in words', async () => {
  await using scene = await openScene();
  const service: RunningService = await startService(scene, []);
  await expect(startService(scene, [])).rejects.toThrow(/Another Sluice works on/);
  await service.stop();
});

test('a data folder is moved to another place and goes on there', async () => {
  await using scene = await openScene();
  await put(scene.root, 'currents/a.avro', currentsFile(clicks('a', 50)));
  const service = await startService(scene, [connection(scene, 'files')]);
  await delivered(scene, 'files', 50);
  await service.stop();
  const moved = join(scene.root, 'moved');
  await mkdir(moved);
  for (const name of await readdir(scene.data))
    await cp(join(scene.data, name), join(moved, name), { recursive: true });
  const there = { ...scene, data: moved };
  const again = await startService(there, []);
  await put(scene.root, 'currents/b.avro', currentsFile(clicks('b', 5)));
  await delivered(there, 'files', 55);
  await again.stop();
  expect(scene.sandbox.stats().duplicates).toBe(0);
  expect((await readFile(join(moved, 'key'), 'utf8')).length).toBeGreaterThan(0);
});
