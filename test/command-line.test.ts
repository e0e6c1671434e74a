import { expect, test } from 'vitest';
import { clicks, CUSTOM_EVENT, currentsFile, customEvent, put } from './support/currents-file.ts';
import { jsonLines, openScene, TOKEN, until } from './support/scene.ts';

test('an event pattern that selects nothing known is refused before anything is settled', async () => {
  await using scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 10)));
  const wrong = await scene.runExport(['--events', 'users.messages.emial.*']);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('users.messages.emial.*');
  expect(wrong.stderr).toContain('users.messages.email.*');
  const right = await scene.runExport(['--events', 'users.messages.email.*']);
  expect(right.report).toMatchObject({ read: 10, delivered: 10 });
});

test('a misspelt field in the privacy settings is named, with what was meant', async () => {
  await using scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 1)));
  const settings = await put(
    scene.root,
    's.yaml',
    'privacy:\n  fields:\n    emial_address: remove\n',
  );
  for (const result of [
    await scene.runExport(['--settings', settings]),
    await scene.run(['preview', `${scene.currents}/a.avro`, '--settings', settings]),
  ]) {
    expect(result.code).toBe(0);
    expect(result.stderr).toContain('Did you mean email_address?');
  }
});

test('a settings file that is empty means the defaults', async () => {
  await using scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 1)));
  const settings = await put(scene.root, 's.yaml', '');
  expect((await scene.runExport(['--settings', settings])).report.delivered).toBe(1);
});

test('a way to sign in that is named goes before those of the environment', async () => {
  await using scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 1)));
  const { code, report } = await scene.runExport(['--project-token', TOKEN], {
    env: { MIXPANEL_SERVICE_ACCOUNT: 'other', MIXPANEL_API_SECRET: 'wrong' },
  });
  expect(code).toBe(0);
  expect(report.delivered).toBe(1);
});

test('a folder without Avro files is told from one that is settled', async () => {
  await using scene = await openScene();
  const args = scene.exportArgs().filter((arg) => arg !== '--json');
  expect((await scene.run(args)).stdout).toContain('no .avro files');
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 1)));
  expect((await scene.run(args)).stdout).toContain('✓ The books balance: 1 read = 1 delivered');
  expect((await scene.run(args)).stdout).toContain('Nothing new');
});

test('a file that breaks off is reported with what to do', async () => {
  await using scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 100)).subarray(0, -10));
  const { code, report } = await scene.runExport();
  expect(code).toBe(5);
  expect(report.problems).toEqual([
    { slice: 'a.avro', problem: expect.stringMatching(/breaks off.*a\.avro.*byte \d+.*written/s) },
  ]);
});

test('a dead letter of a record shows both its number and the record', async () => {
  await using scene = await openScene();
  const records = [customEvent('a', '{"x":1}'), customEvent('b', '[1]')];
  await put(scene.currents, 'a.avro', currentsFile(records, { schema: CUSTOM_EVENT }));
  expect((await scene.runExport()).code).toBe(3);
  const [letter] = jsonLines<Record<string, unknown>>(
    (await scene.run(['dead-letters', 'export', '--data-dir', scene.data])).stdout,
  );
  expect(letter).toMatchObject({
    record: 1,
    cause: 'bad_properties',
    source: { id: 'b', properties: '[1]' },
  });
});

test('sending a dead letter again that does not exist is an error', async () => {
  await using scene = await openScene();
  await scene.runExport();
  const retry = ['dead-letters', 'retry', '999', '--data-dir', scene.data];
  const { code, stderr } = await scene.run([
    ...retry,
    ...['--mixpanel-url', scene.sandbox.url, '--project-token', TOKEN],
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain('no dead letter 999');
  const other = await scene.run([
    ...['dead-letters', 'retry', '--all', '--connection', 'nosuch', '--data-dir', scene.data],
    ...['--mixpanel-url', scene.sandbox.url, '--project-token', TOKEN],
  ]);
  expect(other.code).toBe(2);
  expect(other.stderr).toContain('no connection nosuch');
});

test('that Mixpanel takes nothing is said also when only JSON is wanted', async () => {
  await using scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 1)));
  scene.sandbox.faults.set([{ kind: 'status', status: 503, match: { requests: 2 } }]);
  const { result } = scene.startExport();
  await until(() => scene.sandbox.stats().requests.total >= 2);
  const { code, stderr, report } = await result;
  expect(code).toBe(0);
  expect(report.delivered).toBe(1);
  expect(stderr).toContain('Mixpanel does not take events: HTTP 503');
});

test('a service account that is good for another project does not pass the check', async () => {
  await using scene = await openScene();
  const secret = await put(scene.root, 'secret', 'sandbox-service-secret');
  const check = async (project: string) =>
    scene.run([
      ...['check', '--service-account', 'sluice.sandbox', '--secret-file', secret],
      ...['--project-id', project, '--mixpanel-url', scene.sandbox.url],
    ]);
  expect((await check('1234567')).code).toBe(0);
  const wrong = await check('99');
  expect(wrong.code).toBe(4);
  expect(wrong.stdout).toContain('401');
  expect(scene.sandbox.stats().ingested).toBe(0);
});

test('types that are not selected share one row of the closing table', async () => {
  await using scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 10)));
  await put(
    scene.currents,
    'b.avro',
    currentsFile([customEvent('b', null)], { schema: CUSTOM_EVENT }),
  );
  const args = scene.exportArgs(['--events', 'users.messages.email.*']);
  const { stdout } = await scene.run(args.filter((arg) => arg !== '--json'));
  expect(stdout).toMatch(/^users\.messages\.email\.Click +10 +10 +· +·$/m);
  expect(stdout).toMatch(/^1 deselected type +1 +· +1 +·$/m);
  expect(stdout).not.toContain('users.behaviors.CustomEvent');
  expect(stdout).toMatch(/^total +11 +10 +1 +·$/m);
});
