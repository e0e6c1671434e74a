import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clicks, currentsFile, put } from '../support/currents-file.ts';
import { openScene } from '../support/scene.ts';

test('0: everything is delivered or skipped, also when there is nothing', async () => {
  await using scene = await openScene();
  const empty = await scene.runExport();
  expect(empty.code).toBe(0);
  expect(empty.report).toMatchObject({ state: 'finished', read: 0, balanced: true });
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 10, { anonymousEvery: 2 })));
  const { code, report } = await scene.runExport();
  expect(code).toBe(0);
  expect(report).toMatchObject({ delivered: 5, skipped: { no_external_user_id: 5 } });
});

test.each([
  {
    why: 'no folder is named',
    args: ['export', '--project-token', 'T', '--region', 'us'],
    says: '--from',
  },
  {
    why: 'an option does not exist',
    args: ['export', '--from', '.', '--nonsense'],
    says: '--nonsense',
  },
  {
    why: 'the region is missing',
    args: ['export', '--from', '.', '--project-token', 'T'],
    says: '--region',
  },
  {
    why: 'the credentials are missing',
    args: ['export', '--from', '.', '--region', 'us'],
    says: '--service-account',
  },
  {
    why: 'the concurrency is none',
    args: ['export', '--from', '.', '--region', 'us', '--project-token', 'T', '--concurrency', '0'],
    says: '--concurrency',
  },
  {
    why: 'the settings do not exist',
    args: [
      'export',
      '--from',
      '.',
      '--region',
      'us',
      '--project-token',
      'T',
      '--settings',
      'none.yaml',
    ],
    says: 'none.yaml',
  },
  { why: 'the command does not exist', args: ['exprot'], says: 'exprot' },
])('2: $why', async ({ args, says }) => {
  await using scene = await openScene();
  const { code, stdout, stderr } = await scene.run(args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(says);
});

test('1: there is no such folder', async () => {
  await using scene = await openScene();
  const { code, stderr } = await scene.run([
    'export',
    '--from',
    join(scene.root, 'nowhere'),
    '--region',
    'us',
    '--project-token',
    'T',
  ]);
  expect(code).toBe(1);
  expect(stderr).toContain('There is no folder');
});

test('1: the data folder is a file', async () => {
  await using scene = await openScene();
  await put(scene.root, 'data', 'not a folder');
  const { code, stderr } = await scene.runExport();
  expect(code).toBe(1);
  expect(stderr).toMatch(/data folder/i);
  expect(stderr).toContain('--data-dir');
});

test('5 goes before 3: an unreadable file beside dead letters', async () => {
  await using scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 10)));
  await mkdir(join(scene.currents, 'b'));
  await put(scene.currents, 'b/bad.avro', 'nonsense');
  scene.sandbox.faults.set([{ kind: 'partial', every: 5 }]);
  const { code, report } = await scene.runExport();
  expect(code).toBe(5);
  expect(report).toMatchObject({ delivered: 8, deadLetters: 2, balanced: true });
  scene.sandbox.faults.clear();
});
