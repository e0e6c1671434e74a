import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readWebhook } from '../src/cohorts/webhook.ts';
import { receivingImports } from '../src/connector.ts';
import { openState, type State } from '../src/state/state.ts';
import {
  applyCohorts,
  cohortCall,
  upTo,
  USUAL_IDENTITY,
  writeCohort,
} from './support/cohort-call.ts';
import type { CliResult } from './support/cli.ts';
import { jsonLines, openScene, type Scene } from './support/scene.ts';

const BRAZE_KEY = 'a-key-of-braze-nobody-may-see';
const TRACK = { kind: 'users-track', instance: 'EU-01', apiKey: '${BRAZE_KEY}' };
const FILE = { kind: 'file', path: 'cohorts' };

async function apply(
  scene: Scene,
  cohortImports: readonly Record<string, unknown>[],
  args: string[] = [],
): Promise<CliResult> {
  const path = join(scene.root, 'sluice.yaml');
  await writeFile(path, JSON.stringify({ cohortImports }));
  return scene.run(['apply', '-f', path, '--data-dir', scene.data, ...args], {
    env: { BRAZE_KEY },
  });
}

interface CohortScene extends AsyncDisposable {
  readonly scene: Scene;
  /** The data folder, held as a running service holds it. */
  readonly state: State;
  /** `sluice cohorts …` */
  run(...args: string[]): Promise<CliResult>;
  receive(cohort: string, members: readonly (number | object)[], name?: string): Promise<void>;
}

/** The imports `crm` and `shop`, and the folder held by another process. */
async function openCohortScene(): Promise<CohortScene> {
  const scene = await openScene();
  const made = await apply(scene, [
    { name: 'crm', destination: TRACK },
    { name: 'shop', destination: FILE, paused: true },
  ]);
  if (made.code !== 0) throw new Error(made.stderr);
  const state = openState(scene.data);
  let sessions = 0;
  return {
    scene,
    state,
    run: (...args) => scene.run(['cohorts', ...args, '--data-dir', scene.data]),
    async receive(cohort, members, name) {
      const call = cohortCall(cohort, members as never, {
        mixpanel_session_id: `s${sessions++}`,
        ...(name === undefined ? {} : { mixpanel_cohort_name: name }),
      });
      const read = readWebhook(call, USUAL_IDENTITY);
      if (read.kind === 'failure') throw new Error(read.message);
      await state.cohorts.receive('crm', read.page, Date.now());
      await applyCohorts(state);
    },
    async [Symbol.asyncDispose]() {
      state.close();
      await scene[Symbol.asyncDispose]();
    },
  };
}

describe('apply', () => {
  test('makes, changes and prunes cohort imports as it does connections', async () => {
    await using scene = await openScene();
    const specs = [
      { name: 'crm', destination: TRACK },
      { name: 'shop', destination: FILE, paused: true },
    ];
    const dry = await apply(scene, specs, ['--dry-run']);
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toContain('Cohort imports:\n+ crm: new\n+ shop: new, paused\n2 created');
    expect(dry.stdout).toContain('this was a dry run');
    expect((await apply(scene, specs)).stdout).toContain('2 created, 0 changed, 0 unchanged.');
    const same = await apply(scene, specs);
    expect(same.stdout).toContain('= shop: unchanged (paused)');
    const next = [{ name: 'crm', destination: { ...TRACK, instance: 'US-02', apiKey: 'other' } }];
    const json = await apply(scene, next, ['--dry-run', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ...{ applied: false, changes: [] },
      cohortImports: [
        { name: 'crm', kind: 'change', warnings: [expect.stringContaining('another place')] },
        { name: 'shop', kind: 'left' },
      ],
    });
    const changed = await apply(scene, next);
    expect(changed.stdout).toContain('    destination.apiKey: *** (changed)\n');
    expect(changed.stdout).toContain(
      'destination.instance: "https://rest.fra-01.braze.eu" → "https://rest.iad-02.braze.com"',
    );
    const asked = await apply(scene, next, ['--prune']);
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('1 cohort import') });
    const pruned = await apply(scene, next, ['--prune', '--yes']);
    expect(pruned.stdout).toContain('- shop: deleted; what it wrote to Braze stays');
    for (const { stdout, stderr } of [dry, same, json, changed, pruned])
      expect(stdout + stderr).not.toMatch(/a-key-of-braze|"other"/);
  });

  test('names the place that is wrong', async () => {
    await using scene = await openScene();
    const wrong = await apply(scene, [
      { name: 'crm', destination: { ...TRACK, batchSize: 1000 } },
      { name: 'crm', destination: FILE },
    ]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('crm: destination.batchSize');
    const twice = await apply(scene, [
      { name: 'a', destination: FILE },
      { name: 'a', destination: FILE },
    ]);
    expect(twice.stderr).toContain('another cohort import is called a');
  });
});

describe('cohorts', () => {
  test('lists imports and lets them rest', async () => {
    await using world = await openCohortScene();
    const { run } = world;
    expect((await run('imports')).stdout).toMatch(/shop +paused/);
    expect((await run('pause', 'crm')).stdout).toBe('crm: paused\n');
    expect(jsonLines(await run('imports', '--json').then(({ stdout }) => stdout))).toMatchObject([
      { name: 'crm', paused: true, keys: 0 },
      { name: 'shop', paused: true, destination: { place: join(world.scene.root, 'cohorts') } },
    ]);
    expect((await run('resume', 'crm')).stdout).toBe('crm: resumed\n');
    expect(await run('pause', 'none')).toMatchObject({
      stderr: expect.stringContaining('There are: crm, shop'),
    });
  });

  test('makes keys, which are shown once, and rotates and ends them', async () => {
    await using world = await openCohortScene();
    const { run } = world;
    const ownerOf = (key: string) =>
      receivingImports(world.state.cohortImports).ownerOf(key, Date.now());
    const made = await run(
      'keys',
      'add',
      'crm',
      '--note',
      'Project 7',
      '--url',
      'https://s.example',
    );
    const key = made.stdout.trim();
    expect(key).toMatch(/^sluice_ck_[\w-]{43}$/);
    expect(made.stderr).toContain('https://s.example/cohorts/crm');
    expect(made.stderr).not.toContain(key);
    expect(await ownerOf(key)).toBe('crm');
    const rotated = await run('keys', 'rotate', 'crm', '1', '--hours', '2');
    expect(await ownerOf(rotated.stdout.trim())).toBe('crm');
    expect(await ownerOf(key)).toBe('crm');
    expect((await run('keys', 'end', 'crm', '1')).stderr).toContain('--yes');
    expect((await run('keys', 'end', 'crm', '1', '--yes')).code).toBe(0);
    expect(await ownerOf(key)).toBeUndefined();
    const listed = await run('keys', 'list', 'crm');
    expect(listed.stdout).toMatch(/1 +sluice_ck_.{4} +Project 7 .*ended/);
    expect(listed.stdout).not.toContain(key);
    expect((await run('keys', 'rotate', 'crm', '1')).stderr).toContain('has ended');
    for (const [args, words] of [
      [['rotate', 'crm', '2', '--hours', '169'], 'from 0 to 168'],
      [['rotate', 'crm', '2', '--hours', 'x'], 'from 0 to 168'],
      [['rotate', 'crm', 'x'], 'no id of a key'],
      [['end', 'shop', '2', '--yes'], 'shop has no key 2'],
      [['add', 'none'], 'no cohort import none'],
    ] as const)
      expect((await run('keys', ...args)).stderr).toContain(words);
    const audit = await world.state.access.audit.list({ limit: 9 });
    expect(audit.map(({ actor, action }) => [actor, action])).toEqual([
      ['the command line', 'cohort-key.end'],
      ['the command line', 'cohort-key.rotate'],
      ['the command line', 'cohort-key.add'],
    ]);
    expect(JSON.stringify(audit)).not.toContain(key);
  });

  test('shows what there is, and what would be written', async () => {
    await using world = await openCohortScene();
    const { run } = world;
    expect((await run('list')).stdout).toContain('No cohorts yet');
    await world.receive('4242', [1, 2, 3, {}], 'Lapsed');
    await world.receive('77', [1], 'Buyers');
    expect((await run('list')).stdout).toMatch(/4242 +Lapsed +crm +4 +0 +\+3 -0 +1 /);
    const listed = await run('list', '--import', 'crm', '--search', 'buy', '--json');
    expect(jsonLines(listed.stdout)).toMatchObject([{ cohortId: '77' }]);
    const shown = await run('show', 'Lapsed');
    expect(shown.stdout).toContain('Custom Attributes > mp_cohort_4242 > is > true');
    expect(shown.stdout).toMatch(/members +done +1 of 1 +4 +\+4 -0/);
    expect(shown.stdout).toContain('1 unmatched: no_id');
    expect(JSON.parse((await run('show', '4242', '--json')).stdout)).toMatchObject({
      ...{ cohortId: '4242', members: 4, syncs: [{ state: 'done' }], reasons: [{ n: 1 }] },
    });
    const dry = await run('dry-run', '4242');
    expect(dry.stdout).toBe(
      'Lapsed: 3 to add, 0 to remove: 3 writes, about 3 data points.\nNobody is to be taken out.\n' +
        '  + u1 (external_id)\n  + u2 (external_id)\n  + u3 (external_id)\nNothing was sent.\n',
    );
    expect(JSON.parse((await run('dry-run', '4242', '--json')).stdout)).toMatchObject({
      writes: 3,
    });
    const csv = await run('export', '4242', '--state', 'unmatched');
    expect(csv.stdout).toMatch(/^member,.*\r\nfields:.{43},unmatched,no_id,,,,\{\}\r\n$/);
    const lines = await run('export', '4242', '--format', 'ndjson');
    expect(jsonLines(lines.stdout)).toHaveLength(4);
    expect(await run('show', 'none')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('no cohort none') },
    });
  });

  test('approves, orders a resync and forgets, each only with a yes', async () => {
    await using world = await openCohortScene();
    const { run, state } = world;
    await world.receive('4242', upTo(20), 'Lapsed');
    const { id } = await state.cohorts.find('4242');
    expect((await run('approve', '4242', '--yes')).stdout).toContain('nobody is to be taken out');
    await writeCohort(state, id);
    await world.receive('4242', [], 'Lapsed');
    expect((await run('dry-run', '4242')).stdout).toContain('waits for a person');
    const unasked = await run('approve', '4242');
    expect(unasked.stderr).toContain('20 users will be taken out of Lapsed in Braze.');
    expect((await state.cohorts.pending(id)).unapproved).toBe(20);
    expect((await run('approve', '4242', '--yes')).stdout).toContain('20 removals approved');
    expect((await state.cohorts.pending(id)).unapproved).toBe(0);

    await world.receive('4242', [1, 2], 'Lapsed');
    await writeCohort(state, id);
    expect((await run('resync', '4242')).stderr).toContain('2 writes, about 2 data points');
    expect((await run('resync', '4242', '--yes')).code).toBe(0);
    await applyCohorts(state);
    expect((await state.cohorts.pending(id)).adds).toBe(2);

    expect((await run('delete', '4242')).code).toBe(2);
    expect((await run('delete', '4242', '--clear', '--yes')).stdout).toContain('being cleared');
    expect((await state.cohorts.get(id))?.clearing).toBe(true);
    expect((await run('delete', '4242', '--yes')).stdout).toContain('turns up again');
    expect(await state.cohorts.get(id)).toBeUndefined();
    const audit = await state.access.audit.list({ limit: 9 });
    expect(audit.map(({ action }) => action)).toEqual([
      ...['cohort.delete', 'cohort.delete', 'cohort.resync', 'cohort.approve'],
    ]);
  });

  test('suppresses users, by name and from a file', async () => {
    await using world = await openCohortScene();
    const { run, scene } = world;
    expect((await run('suppress', 'list', 'crm')).stdout).toBe('Nobody is suppressed.\n');
    const file = join(scene.root, 'ids');
    await writeFile(file, 'u2\r\n\n u3 \n');
    expect((await run('suppress', 'add', 'crm', 'u1', '--file', file)).stdout).toContain('3 users');
    expect((await run('suppress', 'remove', 'crm', 'u1', 'u9')).stdout).toContain('1 user not');
    const listed = await run('suppress', 'list', 'crm', '--json');
    expect(jsonLines(listed.stdout)).toMatchObject([
      { user: { id: 'u2' } },
      { user: { id: 'u3' } },
    ]);
    expect((await run('suppress', 'list', 'crm')).stdout).toMatch(/^u2 \(external_id\)  since 20/);
    expect((await run('suppress', 'add', 'crm')).stderr).toContain('Nothing says which users');
    await world.receive('4242', [1, 2, 3]);
    expect((await run('dry-run', '4242')).stdout).toContain('1 to add');
  });
});
