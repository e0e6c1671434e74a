import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clicks, currentsFile, idOf, put } from '../support/currents-file.ts';
import { insertIds, openScene, TOKEN, until } from '../support/scene.ts';

const PROJECT = '1234567';
const RECORDS = 40_000;

test('401 midway halts; the next run with new credentials delivers exactly the rest', async () => {
  const account = (secret: string) => ({
    projectId: PROJECT,
    serviceAccounts: [{ username: 'exporter', secret }],
  });
  await using scene = await openScene({ credentials: account('first-secret-value') });
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', RECORDS), { perBlock: 1000 }));
  scene.sandbox.faults.set([{ kind: 'slow', delayMs: 60 }]);
  const secretFile = join(scene.root, 'secret.txt');
  await writeFile(secretFile, 'first-secret-value\n');
  const signIn = [
    '--service-account',
    'exporter',
    '--secret-file',
    secretFile,
    '--project-id',
    PROJECT,
  ];

  const running = scene.startExport([...signIn, '--concurrency', '2']);
  await until(() => scene.sandbox.stats().ingested >= 6000);
  scene.sandbox.setCredentials(account('second-secret-value'));
  const halted = await running.result;
  expect(halted.code).toBe(4);
  expect(halted.report).toMatchObject({ state: 'halted', deadLetters: 0, balanced: true });
  expect(halted.report.detail).toContain('401');
  expect(halted.report.detail).toMatch(/credentials/i);
  expect(halted.report.delivered).toBeGreaterThan(0);
  expect(halted.report.delivered).toBeLessThan(RECORDS);

  const again = await scene.runExport(signIn);
  expect(again.code).toBe(4);
  expect(again.report).toMatchObject({ delivered: 0, deadLetters: 0, balanced: true });

  await writeFile(secretFile, 'second-secret-value\n');
  const resumed = await scene.runExport(signIn);
  expect(resumed.code).toBe(0);
  expect(resumed.report.connection).toBe(halted.report.connection);
  expect(resumed.report).toMatchObject({
    delivered: RECORDS - halted.report.delivered,
    read: RECORDS - halted.report.read,
    balanced: true,
  });
  expect(insertIds(scene.sandbox)).toEqual(Array.from({ length: RECORDS }, (_, n) => idOf('a', n)));
});

test('a halt says in plain words that nothing is lost and what to do', async () => {
  await using scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 10)));
  const args = scene
    .exportArgs(['--project-token', 'not-the-token'])
    .filter((arg) => arg !== '--json');
  const { code, stdout } = await scene.run(args);
  expect(code).toBe(4);
  expect(stdout).toContain('Halted');
  expect(stdout).toContain('Nothing is lost');
  expect(stdout).toContain('run the same command again');
});

async function textsBelow(folder: string): Promise<{ name: string; bytes: Buffer }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const name = join(entry.parentPath, entry.name);
        return { name, bytes: await readFile(name) };
      }),
  );
}

test.each([
  { way: 'service account', secret: 'sandbox-service-secret' },
  { way: 'API secret', secret: 'sandbox-api-secret' },
  { way: 'project token', secret: TOKEN },
])(
  'the secret of a $way is in no output and in no file of the data folder',
  async ({ way, secret }) => {
    await using scene = await openScene();
    await put(scene.currents, 'a.avro', currentsFile(clicks('a', 3000)));
    const secretFile = join(scene.root, 'secret.txt');
    await writeFile(secretFile, secret);
    const signIn = {
      'service account': [
        '--service-account',
        'sluice.sandbox',
        '--secret-file',
        secretFile,
        '--project-id',
        PROJECT,
      ],
      'API secret': ['--api-secret-file', secretFile],
      'project token': ['--project-token-file', secretFile],
    }[way]!;
    const pair = way === 'service account' ? `sluice.sandbox:${secret}` : `${secret}:`;
    const encoded = Buffer.from(pair).toString('base64');
    const hidden = [secret, encoded];
    const expectClean = (text: string): void => {
      for (const each of hidden) expect(text).not.toContain(each);
    };

    // Answers that carry the secret back, one of each kind: refused for now, refused events, refused for good.
    const echo = `token ${secret} (${encoded}) is not welcome`;
    scene.sandbox.faults.set([
      { kind: 'status', status: 503, body: { error: echo }, match: { requests: 2 } },
      { kind: 'partial', every: 500, message: echo, match: { requests: 1 } },
      { kind: 'status', status: 403, body: echo, match: { requests: 1 } },
    ]);
    const plainArgs = scene
      .exportArgs([...signIn, '--concurrency', '1'])
      .filter((arg) => arg !== '--json');
    const outputs = [
      await scene.run(plainArgs),
      await scene.runExport(signIn),
      await scene.run(['runs', '--data-dir', scene.data]),
      await scene.run(['runs', '--data-dir', scene.data, '--json']),
      await scene.run(['dead-letters', 'list', '--data-dir', scene.data]),
      await scene.run(['dead-letters', 'show', '1', '--data-dir', scene.data]),
      await scene.run(['dead-letters', 'export', '--data-dir', scene.data]),
    ];
    expect(outputs[0]?.code).toBe(4);
    expect(outputs[1]?.code).toBe(0);
    for (const { stdout, stderr } of outputs) expectClean(stdout + stderr);
    expect(outputs.at(-1)?.stdout).toContain('$insert_id');

    const files = await textsBelow(scene.data);
    expect(files.length).toBeGreaterThan(0);
    for (const { bytes } of files) {
      expect(bytes.includes(encoded)).toBe(false);
      // A dead letter keeps the event as it is sent, and that holds the project token: it is no secret towards its owner.
      if (way !== 'project token') expect(bytes.includes(secret)).toBe(false);
    }
  },
);

test('dead letters show the project token masked', async () => {
  await using scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 4)));
  scene.sandbox.faults.set([{ kind: 'partial', every: 2 }]);
  expect((await scene.runExport()).code).toBe(3);
  const shown = await scene.run(['dead-letters', 'show', '1', '--data-dir', scene.data]);
  const shownJson = await scene.run([
    'dead-letters',
    'show',
    '1',
    '--data-dir',
    scene.data,
    '--json',
  ]);
  const all = await scene.run(['dead-letters', 'export', '--data-dir', scene.data]);
  for (const { stdout } of [shown, shownJson, all]) {
    expect(stdout).not.toContain(TOKEN);
    expect(stdout).toContain('<token>');
  }
});
