import { copyFile, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { Health } from '../src/core/upkeep.ts';
import { cliMain, startProcess } from './support/cli.ts';
import { clicks, currentsFile, put } from './support/currents-file.ts';
import { copyCurrentsV1, copyDataV1, expectedV1 } from './support/data-v1.ts';
import { openScene, type Scene, TOKEN } from './support/scene.ts';

const at = (scene: Scene): string[] => ['--data-dir', scene.data];

async function doctor(scene: Scene): Promise<{ code: number | null; health: Health }> {
  const { code, stdout } = await scene.run(['doctor', '--json', ...at(scene)]);
  return { code, health: JSON.parse(stdout) as Health };
}

test('a backup put back by the guide is gone on from: what came since is sent again, what came before is not', async () => {
  await using scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 10)));
  await scene.runExport();
  const copy = join(scene.root, 'copy.db');
  const made = await scene.run(['backup', '--to', copy, ...at(scene)]);
  expect(made.code).toBe(0);
  expect(made.stdout).toContain('1 connection');
  expect(made.stdout).toContain('key');
  expect((await stat(copy)).mode & 0o777).toBe(0o600);
  const again = await scene.run(['backup', '--to', copy, ...at(scene)]);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('--force');

  await put(scene.currents, 'b.avro', currentsFile(clicks('b', 5)));
  await scene.runExport();
  await rm(scene.data, { recursive: true });
  await mkdir(scene.data);
  await copyFile(copy, join(scene.data, 'sluice.db'));
  expect((await scene.runExport()).report).toMatchObject({ read: 5, delivered: 5, balanced: true });
  expect(scene.sandbox.events()).toHaveLength(15);
  const { code, health } = await doctor(scene);
  expect(code).toBe(0);
  expect(health).toMatchObject({ ok: true, connections: [{ imbalances: [] }] });
});

test('the doctor says what is not in order, to people and to scripts', async () => {
  await using scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 10)));
  await put(scene.currents, 'b.avro', currentsFile(clicks('b', 100)).subarray(0, -10));
  await scene.runExport();
  const sound = await scene.run(['doctor', ...at(scene)]);
  expect(sound.code).toBe(0);
  expect(sound.stdout).toMatch(/✓ No damage\n✓ The books balance \(1 connection\)/);
  expect(sound.stdout).toContain('1 slice could not be read whole');
  expect(sound.stdout).toContain('b.avro');
  expect(sound.stdout).toMatch(/^slices +2 +/m);

  const file = join(scene.data, 'sluice.db');
  const db = new Database(file);
  db.exec("UPDATE counts SET n = n - 1 WHERE outcome = 'delivered'");
  db.close();
  const unbalanced = await scene.run(['doctor', ...at(scene)]);
  expect(unbalanced.code).toBe(1);
  expect(unbalanced.stdout).toMatch(/✗ The books do not balance.*\n.*a\.avro: records 10/);
  const backup = await scene.run(['backup', '--to', join(scene.root, 'c.db'), ...at(scene)]);
  expect(backup.code).toBe(1);
  expect(backup.stderr).toContain('do not balance');

  await writeFile(file, Buffer.alloc(100_000, 'no database'));
  const damaged = await doctor(scene);
  expect(damaged.code).toBe(1);
  expect(damaged.health).toMatchObject({ ok: false, damage: [expect.any(String)] });
  expect((await scene.run(['doctor', ...at(scene)])).stdout).toContain('✗ The database is damaged');
});

async function olderScene(): Promise<Scene> {
  const scene = await openScene();
  await mkdir(scene.data);
  copyDataV1(scene.data);
  copyCurrentsV1(scene.currents);
  return scene;
}

test('the data folder of an older version goes on where it stood', async () => {
  await using scene = await olderScene();
  const older = ['--connection', 'old'];
  const { problems, deadLetters } = expectedV1();
  expect((await scene.runExport(older)).report).toMatchObject({
    read: 0,
    problems,
    balanced: true,
  });
  await put(scene.currents, 'new.avro', currentsFile(clicks('new', 7)));
  await put(scene.currents, 'plain/breaks-off.avro', currentsFile(clicks('broken', 20)));
  expect((await scene.runExport(older)).report).toMatchObject({
    read: 27,
    delivered: 27,
    problems: [],
    balanced: true,
  });
  const retry = await scene.run([
    ...['dead-letters', 'retry', '--all', ...older, ...at(scene), '--json'],
    ...['--mixpanel-url', scene.sandbox.url, '--project-token', TOKEN],
  ]);
  expect(JSON.parse(retry.stdout)).toEqual({
    delivered: deadLetters.length - 1,
    skipped: 0,
    refused: 1,
  });
  expect((await doctor(scene)).health.ok).toBe(true);
});

test('without room for the copy that is made first, an older data folder is left as it is', async () => {
  await using scene = await olderScene();
  // 48 kB a file: less than the database has.
  const { code, stderr } = await startProcess('sh', [
    '-c',
    'ulimit -f 96; exec "$@"',
    'sh',
    ...[process.execPath, cliMain(), ...scene.exportArgs(['--connection', 'old'])],
  ]).result;
  expect(code).toBe(1);
  expect(stderr).toContain('older version (1)');
  expect(stderr).toMatch(/has \d+ MB of free space.*Nothing was changed/);
  expect((await scene.run(['doctor', ...at(scene)])).stderr).toContain('brings that of an older');
  expect((await scene.runExport(['--connection', 'old'])).report).toMatchObject({
    read: 0,
    balanced: true,
  });
});
