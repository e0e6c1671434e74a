import { expect, test } from 'vitest';
import { clicks, currentsFile, idOf, put } from '../support/currents-file.ts';
import { booksOf } from '../support/service.ts';
import {
  insertIds,
  jsonLines,
  type Letter,
  openScene,
  type Scene,
  TOKEN,
} from '../support/scene.ts';

const RECORDS = 1000;
/** Every hundredth of one batch. */
const REFUSED = 10;

interface RunRow {
  readonly read: number;
  readonly delivered: number;
  readonly deadLetters: number;
}

async function sceneWithLetters(): Promise<Scene> {
  const scene = await openScene();
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', RECORDS)));
  scene.sandbox.faults.set([{ kind: 'partial', every: RECORDS / REFUSED, message: 'not today' }]);
  const { code, report } = await scene.runExport(['--connection', 'mail']);
  expect(code).toBe(3);
  expect(report).toMatchObject({
    delivered: RECORDS - REFUSED,
    deadLetters: REFUSED,
    balanced: true,
  });
  return scene;
}

function retryArgs(scene: Scene, extra: readonly string[]): string[] {
  return [
    ...['dead-letters', 'retry', '--data-dir', scene.data, '--connection', 'mail', '--json'],
    ...['--mixpanel-url', scene.sandbox.url, '--project-token', TOKEN, ...extra],
  ];
}

test('list, show and export tell what is kept', async () => {
  await using scene = await sceneWithLetters();
  const folder = ['--data-dir', scene.data];

  const list = await scene.run(['dead-letters', 'list', ...folder]);
  expect(list.code).toBe(0);
  expect(list.stdout).toContain('rejected_by_mixpanel');
  expect(list.stdout).toContain('not today');
  expect(list.stdout).toContain('a.avro, record 100');

  const listed = await scene.run(['dead-letters', 'list', ...folder, '--json', '--limit', '3']);
  expect(jsonLines<Letter>(listed.stdout).map(({ record }) => record)).toEqual([0, 100, 200]);

  const shown = await scene.run(['dead-letters', 'show', '2', ...folder, '--json']);
  const letter = JSON.parse(shown.stdout) as Letter;
  expect(letter).toMatchObject({ id: 2, connection: 'mail', record: 100, retries: 0 });
  expect(letter.event?.properties).toMatchObject({ $insert_id: idOf('a', 100), token: '<token>' });

  const exported = await scene.run(['dead-letters', 'export', ...folder]);
  expect(jsonLines<Letter>(exported.stdout)).toHaveLength(REFUSED);
  const none = await scene.run(['dead-letters', 'export', ...folder, '--cause', 'corrupt_block']);
  expect(none).toMatchObject({ code: 0, stdout: '' });

  const missing = await scene.run(['dead-letters', 'show', '999', ...folder]);
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain('no dead letter 999');
});

test('retry delivers what Mixpanel takes now, and the books move with it', async () => {
  await using scene = await sceneWithLetters();

  const refused = await scene.run(retryArgs(scene, ['--all']));
  expect(refused.code).toBe(3);
  const { delivered } = JSON.parse(refused.stdout) as { delivered: number };
  // The fault refuses the first of each hundred: ten letters in one request lose one.
  expect(delivered).toBe(REFUSED - 1);
  const [left] = await scene.deadLetters();
  expect(left).toMatchObject({ retries: 1, cause: 'rejected_by_mixpanel' });

  scene.sandbox.faults.clear();
  const taken = await scene.run(retryArgs(scene, [String(left?.id)]));
  expect(taken.code).toBe(0);
  expect(JSON.parse(taken.stdout)).toMatchObject({ delivered: 1, refused: 0 });
  expect(await scene.deadLetters()).toEqual([]);
  expect(insertIds(scene.sandbox)).toEqual(Array.from({ length: RECORDS }, (_, n) => idOf('a', n)));
  expect(scene.sandbox.stats().duplicates).toBe(0);

  const after = await scene.runExport(['--connection', 'mail']);
  expect(after.code).toBe(0);
  expect(after.report).toMatchObject({ read: 0, balanced: true });
  const runs = await scene.run(['runs', '--data-dir', scene.data, '--json']);
  const [, first] = jsonLines<RunRow>(runs.stdout).toReversed().toReversed().slice(-2);
  expect(first).toMatchObject({ read: RECORDS });
});

test('retry by cause, and of nothing that is named', async () => {
  await using scene = await sceneWithLetters();
  scene.sandbox.faults.clear();
  const other = await scene.run(retryArgs(scene, ['--cause', 'event_too_large']));
  expect(other.code).toBe(0);
  expect(JSON.parse(other.stdout)).toMatchObject({ delivered: 0 });
  const unnamed = await scene.run(retryArgs(scene, []));
  expect(unnamed.code).toBe(2);
  const byCause = await scene.run(retryArgs(scene, ['--cause', 'rejected_by_mixpanel']));
  expect(JSON.parse(byCause.stdout)).toMatchObject({ delivered: REFUSED, refused: 0 });
  expect(scene.sandbox.stats().distinct).toBe(RECORDS);
});

test('a retry that is turned away at the door halts and keeps everything', async () => {
  await using scene = await sceneWithLetters();
  scene.sandbox.faults.set([{ kind: 'status', status: 401 }]);
  const halted = await scene.run(retryArgs(scene, ['--all']));
  expect(halted.code).toBe(4);
  expect(halted.stderr).toContain('401');
  expect(await scene.deadLetters()).toHaveLength(REFUSED);
});

test('discard gives them up: counted as skipped, and the books balance', async () => {
  await using scene = await sceneWithLetters();
  const discard = async (...extra: string[]) =>
    scene.run(['dead-letters', 'discard', '--data-dir', scene.data, '--json', ...extra]);
  const [first] = await scene.deadLetters();
  expect((await discard(String(first!.id))).stderr).toContain('--yes');
  expect((await discard('--yes')).code).toBe(2);
  expect((await discard('999', '--yes')).stderr).toContain('no dead letter 999');
  expect((await discard(String(first!.id), '--yes')).stdout).toBe('{"discarded":1}\n');
  const rest = await discard('--connection', 'mail', '--cause', 'rejected_by_mixpanel', '--yes');
  expect(rest.stdout).toBe(`{"discarded":${REFUSED - 1}}\n`);
  expect(await scene.deadLetters()).toEqual([]);
  const again = await scene.runExport(['--connection', 'mail']);
  expect(again.report).toMatchObject({ read: 0, balanced: true });
  const books = await booksOf(scene, 'mail');
  expect(books).toMatchObject({
    ...{ delivered: RECORDS - REFUSED, skipped: REFUSED, deadLetters: 0, imbalances: 0 },
  });
});
