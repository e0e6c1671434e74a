import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cliMain, startProcess } from '../support/cli.ts';
import { clicks, currentsFile, idOf, put } from '../support/currents-file.ts';
import { insertIds, openScene, type Scene } from '../support/scene.ts';

const FILES = 120;
const PER_FILE = 50;
const RECORDS = FILES * PER_FILE;

/** Every second event is refused, so that dead letters fill the data folder by and by. */
async function fillingScene(): Promise<Scene> {
  const scene = await openScene();
  for (let n = 0; n < FILES; n++) {
    const name = `f${String(n).padStart(3, '0')}`;
    await put(scene.currents, `${name}.avro`, currentsFile(clicks(name, PER_FILE)));
  }
  scene.sandbox.faults.set([{ kind: 'partial', every: 2, message: 'refused, '.repeat(40) }]);
  return scene;
}

/** Every record is in Mixpanel or kept as a dead letter, and none is both. */
async function expectNothingLost(scene: Scene): Promise<void> {
  const letters = await scene.deadLetters();
  const kept = letters.map((letter) => String(letter.event?.properties['$insert_id']));
  const all = Array.from({ length: FILES }, (_, n) => `f${String(n).padStart(3, '0')}`).flatMap(
    (name) => Array.from({ length: PER_FILE }, (_, record) => idOf(name, record)),
  );
  expect(new Set(kept).size).toBe(kept.length);
  expect([...insertIds(scene.sandbox), ...kept].toSorted()).toEqual(all.toSorted());
}

function expectClearError(stderr: string): void {
  expect(stderr).toContain('error:');
  expect(stderr).toMatch(/free some space|disk may be full/i);
  expect(stderr).toContain('run the same command again');
  expect(stderr).not.toMatch(/^\s+at /m);
}

/** Runs a shell script with the scene's export as "$@". */
function inShell(scene: Scene, script: string, extra: readonly string[] = []) {
  return startProcess('sh', [
    '-c',
    script,
    'sh',
    process.execPath,
    cliMain(),
    ...scene.exportArgs(extra),
  ]).result;
}

test('a file that may not grow (ulimit) stops the export; with more room it ends balanced and complete', async () => {
  await using scene = await fillingScene();
  const { code, signal, stdout, stderr } = await inShell(scene, 'ulimit -f 600; exec "$@"', [
    '--concurrency',
    '1',
  ]);
  expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' });
  expectClearError(stderr);

  const { report } = await scene.runExport(['--concurrency', '1']);
  expect(report).toMatchObject({ state: 'finished', problems: [], balanced: true });
  await expectNothingLost(scene);
  expect(scene.sandbox.stats().ingested).toBeGreaterThanOrEqual(RECORDS / 2);
});

/** A mount namespace of one's own: what is mounted in it goes with its last process. */
const UNSHARE = [['-m'], ['-r', '-m']].find(
  (flags) =>
    spawnSync('unshare', [...flags, 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt'], {
      timeout: 10_000,
    }).status === 0,
);

test.skipIf(UNSHARE === undefined)(
  'a disk that is full stops the export; with more room it ends balanced and complete',
  async () => {
    await using scene = await fillingScene();
    await mkdir(scene.data);
    const copy = join(scene.root, 'copy');
    const script = `
      mount -t tmpfs -o size=1500k tmpfs '${scene.data}' || exit 70
      "$@" >full.out 2>full.err; echo "full $?"; cat full.err full.out
      "$@" >again.out 2>again.err; echo "again $?"
      mount -o remount,size=64m '${scene.data}' || exit 71
      "$@" >room.out 2>room.err; echo "room $?"; cat room.err room.out
      cp -r '${scene.data}' '${copy}'`;
    const args = [
      'sh',
      '-c',
      script,
      'sh',
      process.execPath,
      cliMain(),
      ...scene.exportArgs(['--concurrency', '1']),
    ];
    const { code, stdout, stderr } = await startProcess('unshare', [...UNSHARE!, ...args], {
      cwd: scene.root,
    }).result;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [, full = '', again, room = ''] =
      /^full (.*)\nagain (\d+)\nroom (.*)$/s.exec(stdout) ?? [];
    expect(full).toMatch(/^1\n/);
    expectClearError(full);
    expect(again).toBe('1');
    expect(room).toMatch(/^3\n/);
    expect(JSON.parse(room.slice(2))).toMatchObject({
      state: 'finished',
      problems: [],
      balanced: true,
    });
    await expectNothingLost({ ...scene, deadLetters: () => lettersOf(scene, copy) });
  },
);

async function lettersOf(scene: Scene, folder: string) {
  const { stdout } = await scene.run(['dead-letters', 'export', '--data-dir', folder]);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Awaited<ReturnType<Scene['deadLetters']>>[number]);
}
