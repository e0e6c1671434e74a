import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openState } from '../src/state/state.ts';
import { clicks, currentsFile, CUSTOM_EVENT, customEvent, put } from './support/currents-file.ts';
import { jsonLines, openScene, type Scene, TOKEN } from './support/scene.ts';

interface Spec {
  name?: string;
  token?: string;
  extra?: Record<string, unknown>;
  settings?: Record<string, unknown>;
}

/** Connections of a scene: from its folder to its sandbox. */
function config(scene: Scene, ...specs: Spec[]): string {
  return JSON.stringify({
    connections: specs.map(({ name = 'shop', token = TOKEN, extra, settings }) => ({
      name,
      source: { kind: 'directory', path: 'currents' },
      destination: {
        kind: 'mixpanel',
        region: 'us',
        url: scene.sandbox.url,
        credentials: { kind: 'project-token', token },
      },
      ...(settings ? { settings } : {}),
      ...extra,
    })),
  });
}

async function apply(scene: Scene, file: string, args: string[] = [], env = {}) {
  const path = join(scene.root, 'sluice.yaml');
  await writeFile(path, file);
  return scene.run(['apply', '-f', path, '--data-dir', scene.data, ...args], { env });
}

const run = (scene: Scene, ...args: string[]) => scene.run([...args, '--data-dir', scene.data]);

interface Shown {
  name: string;
  state: string;
  delivered: number;
  spec: Record<string, unknown>;
}

async function shown(scene: Scene): Promise<Shown[]> {
  const { code, stdout, stderr } = await run(scene, 'get', '--json');
  if (code !== 0) throw new Error(stderr);
  return jsonLines<Shown>(stdout);
}

test('apply says what changes, does it, and says nothing changes the next time', async () => {
  await using scene = await openScene();
  const dry = await apply(scene, config(scene, {}), ['--dry-run']);
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('+ shop: new') });
  expect(dry.stdout).toContain('this was a dry run');
  expect((await run(scene, 'get')).stderr).toContain('There is no Sluice data');

  expect((await apply(scene, config(scene, {}, { name: 'b' }))).stdout).toContain(
    '2 created, 0 changed, 0 unchanged.',
  );
  expect((await apply(scene, config(scene, {}, { name: 'b' }))).stdout).toContain(
    '0 created, 0 changed, 2 unchanged.',
  );
  const changed = config(scene, { token: 'another-secret', extra: { poll: 5 } });
  const before = await shown(scene);
  const again = await apply(scene, changed, ['--dry-run']);
  expect(again.code).toBe(0);
  expect(again.stdout).toContain('~ shop: changed');
  expect(again.stdout).toContain('    poll: 60 → 5\n');
  expect(again.stdout).toContain('    destination.credentials.token: *** (changed)\n');
  expect(again.stdout).toContain('  b: not in the file, stays; --prune deletes it');
  expect(await shown(scene)).toEqual(before);
  const done = await apply(scene, changed);
  expect(done.stdout).toContain('1 changed');
  for (const { stdout, stderr } of [again, done, await run(scene, 'get', 'shop')])
    expect(stdout + stderr).not.toMatch(new RegExp(`another-secret|${TOKEN}`));
  expect(await shown(scene)).toMatchObject([
    { name: 'b', state: 'not running' },
    { name: 'shop', spec: { poll: 5, source: { path: scene.currents } } },
  ]);
});

test('secrets come from the environment of apply, and an unset variable stops it', async () => {
  await using scene = await openScene();
  const file = config(scene, { token: '${TOKEN_OF_SHOP}' });
  const unset = await apply(scene, file);
  expect(unset.code).toBe(2);
  expect(unset.stderr).toContain(
    'shop: destination.credentials.token: the environment variable TOKEN_OF_SHOP is not set',
  );
  expect((await apply(scene, file, [], { TOKEN_OF_SHOP: 'x' })).code).toBe(0);
  const unreadable = await apply(scene, 'connections: [ {name: x, salt: s3cr3t }');
  expect(unreadable.code).toBe(2);
  expect(unreadable.stderr).toContain('neither YAML nor JSON');
  expect(unreadable.stderr).not.toContain('s3cr3t');
});

test('pruning wants a yes; what was deleted can be made again on its books', async () => {
  await using scene = await openScene();
  await apply(scene, config(scene, {}, { name: 'b' }));
  const unasked = await apply(scene, config(scene, { extra: { poll: 9 } }), ['--prune']);
  expect(unasked.code).toBe(2);
  expect(unasked.stderr).toContain('--yes');
  expect(await shown(scene)).toMatchObject([{ name: 'b' }, { spec: { poll: 60 } }]);
  const pruned = await apply(scene, config(scene, {}), ['--prune', '--yes']);
  expect(pruned).toMatchObject({ code: 0, stdout: expect.stringContaining('- b: deleted') });
  expect((await shown(scene)).map(({ name }) => name)).toEqual(['shop']);
  expect((await run(scene, 'delete', 'shop')).code).toBe(2);
  expect((await run(scene, 'delete', 'shop', '--yes')).stdout).toContain('Its books');
  expect((await run(scene, 'delete', 'shop', '--yes')).stderr).toContain('no connection shop');
  expect((await apply(scene, config(scene, {}))).stdout).toContain('books of an earlier shop');
});

test('pause and resume hold over an apply, unless the file says otherwise', async () => {
  await using scene = await openScene();
  await apply(scene, config(scene, { extra: { paused: true } }));
  expect(await shown(scene)).toMatchObject([{ state: 'paused' }]);
  expect((await run(scene, 'resume', 'shop')).code).toBe(0);
  expect(await shown(scene)).toMatchObject([{ state: 'not running' }]);
  expect((await run(scene, 'pause', 'shop')).code).toBe(0);
  const silent = await apply(scene, config(scene, { extra: { poll: 7 } }));
  expect(silent.stdout).toContain('~ shop: changed (paused)');
  expect(await shown(scene)).toMatchObject([{ state: 'paused' }]);
  const said = await apply(scene, config(scene, { extra: { poll: 7, paused: false } }));
  expect(said.stdout).toContain('    resumed\n');
  expect(await shown(scene)).toMatchObject([{ state: 'not running' }]);
  expect((await run(scene, 'pause', 'none')).stderr).toContain('There are: shop');
});

test('commands go on beside a process that holds the folder, and see what its service says', async () => {
  await using scene = await openScene();
  await apply(scene, config(scene, {}, { name: 'new' }));
  const service = openState(scene.data);
  try {
    await service.statuses.put([
      {
        connection: 'shop',
        state: { kind: 'halted', since: 1, detail: 'HTTP 401.', hint: 'Mend the token.' },
        lagSeconds: 7200,
        deliveredAt: null,
        receivedAt: null,
        ...{ read: 0, delivered: 0, skipped: 0, deadLetters: 0, problems: 0 },
        at: 1_750_000_000_000,
      },
    ]);
    const revision = await service.connections.revision();
    expect((await apply(scene, config(scene, { extra: { poll: 3 } }))).code).toBe(0);
    expect(await service.connections.revision()).not.toBe(revision);
    expect((await service.connections.get('shop'))?.spec).toMatchObject({ poll: 3 });
    const { stdout } = await run(scene, 'get');
    expect(stdout).toMatch(/^new +not looked at yet +directory .*currents +· +0 +·$/m);
    expect(stdout).toMatch(/^shop +halted +directory .* 2 h 0 min /m);
    expect(stdout).toContain('shop is halted: HTTP 401. Mend the token.');
    expect(stdout).not.toContain('No service');
  } finally {
    service.close();
  }
  expect((await run(scene, 'get')).stdout).toContain('No service works on this folder now');
});

test('a change of the deduplication key is warned of once something was sent', async () => {
  await using scene = await openScene();
  await apply(scene, config(scene, {}));
  const renamed = config(scene, { settings: { rename: { events: { 'Email Click': 'Click' } } } });
  const before = await apply(scene, renamed, ['--dry-run']);
  expect(before.stdout).not.toContain('the key by which Mixpanel knows a repeat');
  await put(scene.currents, 'a.avro', currentsFile(clicks('a', 3)));
  expect((await scene.runExport(['--connection', 'shop'])).code).toBe(0);
  const harmless = await apply(scene, config(scene, { settings: { shape: 'full' } }), [
    '--dry-run',
  ]);
  expect(harmless.stdout).not.toContain('the key by which Mixpanel knows a repeat');
  const after = await apply(scene, renamed);
  expect(after.stdout).toContain('warning: The settings change the key by which Mixpanel knows');
  const replay = await run(scene, 'replay', 'shop', '--since', '2025-01-01');
  expect(replay.code).toBe(2);
  expect(replay.stderr).toContain('of 1 slice it would keep both copies');
  const elsewhere = await apply(scene, config(scene, { token: 'other', settings: {} }));
  expect(elsewhere.stdout).toContain('another Mixpanel project from now on');
});

test('backfill and replay become jobs; a replay that would double wants a yes', async () => {
  await using scene = await openScene();
  await apply(scene, config(scene, {}));
  const backfill = ['backfill', 'shop', '--since', '2026-07-01', '--until', '2026-07-02-12'];
  expect((await run(scene, ...backfill)).stdout).toContain('is job 1');
  expect((await run(scene, 'replay', 'shop', '--since', '2026-07-01')).stdout).toContain('job 2');

  const service = openState(scene.data);
  const claim = await service.ledger.claim('shop', 1, { mapping: 'another' });
  await service.ledger.settle(claim, {
    advances: [
      {
        slice: { id: 'a', version: '1', format: 'avro', hour: '2026-07-03-00' },
        position: { offset: 1, index: 0, record: 0 },
        done: true,
        counts: new Map(),
      },
    ],
    ...{ deadLetters: [], requests: 1, bytesSent: 1, at: 1 },
  });
  service.close();
  const replay = ['replay', 'shop', '--since', '2026-07-02'];
  const doubtful = await run(scene, ...replay);
  expect(doubtful.code).toBe(2);
  expect(doubtful.stderr).toMatch(/of 1 slice it would keep both copies.*--yes/s);
  expect((await run(scene, ...replay, '--until', '2026-07-03')).code).toBe(0);
  expect((await run(scene, ...replay, '--yes')).code).toBe(0);
  expect(jsonLines((await run(scene, 'jobs', '--json')).stdout)).toMatchObject([
    { id: 4, kind: 'replay', since: '2026-07-02-00', until: null, state: 'waiting' },
    { id: 3, kind: 'replay', until: '2026-07-03-00' },
    { id: 2 },
    { id: 1, kind: 'backfill', since: '2026-07-01-00', until: '2026-07-02-12' },
  ]);
  expect((await run(scene, 'jobs', 'shop')).stdout).toMatch(/^ +4 +shop +replay +2026-07-02-00 /m);
  for (const [wrong, words] of [
    [['backfill', 'shop', '--since', 'yesterday'], '--since takes a date'],
    [['backfill', 'shop', '--since', '2026-07-02', '--until', '2026-07-02'], '--until must lie'],
    [['backfill', 'none', '--since', '2026-07-02'], 'no connection none'],
    [['replay', 'none', '--since', '2026-07-02'], 'no connection none'],
  ] as const) {
    const { code, stderr } = await run(scene, ...wrong);
    expect(code).not.toBe(0);
    expect(stderr).toContain(words);
  }
});

test('dead letters are sent again with what is stored, beside the service', async () => {
  await using scene = await openScene();
  const records = [customEvent('a', '{"x":1}')];
  await put(scene.currents, 'a.avro', currentsFile(records, { schema: CUSTOM_EVENT }));
  scene.sandbox.faults.set([{ kind: 'partial', every: 1, match: { requests: 1 } }]);
  await scene.runExport(['--connection', 'shop']);
  expect(await scene.deadLetters()).toHaveLength(1);
  await apply(scene, config(scene, {}));
  const service = openState(scene.data);
  try {
    const retry = await run(scene, 'dead-letters', 'retry', '--all', '--connection', 'shop');
    expect(retry.stdout).toContain('1 delivered, 0 skipped, 0 still refused.');
    expect(retry.code).toBe(0);
    expect(await service.ledger.imbalances('shop')).toEqual([]);
  } finally {
    service.close();
  }
  expect(await scene.deadLetters()).toEqual([]);
});

test('several applies at once on a folder that is not there yet all come through', async () => {
  await using scene = await openScene();
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const results = await Promise.all(
    names.map(async (name) => {
      const path = await put(scene.root, `${name}.json`, config(scene, { name }));
      return scene.run(['apply', '-f', path, '--data-dir', scene.data]);
    }),
  );
  expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(names.map(() => [0, '']));
  expect((await shown(scene)).map(({ name }) => name)).toEqual(names);
});

test('a rotation of keys that is killed at any instant leaves everything readable', async () => {
  await using scene = await openScene();
  await apply(scene, config(scene, {}, { name: 'b' }));
  for (let round = 0; round < 10; round++) {
    const rotating = scene.start(['keys', 'rotate', '--data-dir', scene.data]);
    await delay(80 + Math.random() * 200);
    rotating.kill('SIGKILL');
    await rotating.result;
    expect((await shown(scene)).map(({ name }) => name)).toEqual(['b', 'shop']);
  }
  expect((await run(scene, 'keys', 'rotate')).stdout).toContain('2 connections sealed anew');
  expect(await shown(scene)).toHaveLength(2);
});

test('the wrong key is told with what to do', async () => {
  await using scene = await openScene();
  const env = { SLUICE_KEY: 'ab'.repeat(32) };
  expect((await apply(scene, config(scene, {}), [], env)).code).toBe(0);
  const { code, stderr } = await run(scene, 'get');
  expect(code).toBe(1);
  expect(stderr).toContain('not at hand');
  expect(stderr).toContain('SLUICE_KEY');
});

test('the schema is JSON Schema that an editor can take', async () => {
  await using scene = await openScene();
  const { stdout } = await scene.run(['schema']);
  expect(JSON.parse(stdout)).toMatchObject({
    $schema: expect.stringContaining('json-schema.org'),
    properties: { connections: { type: 'array' }, service: { type: 'object' } },
  });
});
