import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newImportKey } from '../../src/cohorts/import-key.ts';
import { startCohortService } from '../../src/connector/cohorts/service.ts';
import { startBrazeSandbox } from '../../src/sandbox/braze-rest/server.ts';
import { openState } from '../../src/state/state.ts';
import { startCli } from '../support/cli.ts';
import { cohortCall, upTo } from '../support/cohort-call.ts';
import { brazeDestination, cohortWorld, users } from '../support/cohort-world.ts';
import { mixpanelSender } from '../support/mixpanel-sender.ts';
import { randomFrom } from '../support/random.ts';
import { openScene, until } from '../support/scene.ts';
import { eventually, startService } from '../support/service.ts';

const FREE = { guard: { share: 1, empties: false } };

const sluice = async (...args: string[]) => {
  const { code, stdout, stderr } = await startCli(args).result;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
};

test('the key that seals the settings is replaced while imports run, change, and after a start: nobody notices', async () => {
  await using world = await cohortWorld({ spec: FREE });
  await world.call('7', [1]);
  await world.settled();
  const before = await readFile(join(world.data, 'key'), 'utf8');
  expect(await sluice('keys', 'rotate', '--data-dir', world.data)).toContain('New key');
  expect(await readFile(join(world.data, 'key'), 'utf8')).not.toBe(before);
  expect(await world.call('7', [1, 2])).toBe(200);
  await world.settled();
  await world.apply({ destination: brazeDestination(world.braze, { batchSize: 5 }) });
  await world.call('7', [1, 2, 3]);
  await world.settled();
  await world.stop();
  expect(await sluice('keys', 'rotate', '--data-dir', world.data)).toContain('1 connection');
  await world.start();
  expect(await world.call('7', [2, 3, 4])).toBe(200);
  await world.settled();
  expect(world.inside()).toEqual(users(2, 3, 4));
  expect(world.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('restored from a copy, the next whole view puts right what was written since, and keys, holds and suppressions are there', async () => {
  await using world = await cohortWorld();
  await world.call('7', upTo(20));
  await world.call('8', upTo(20));
  await world.settled('7');
  await world.settled('8');
  await world.call('8', upTo(2));
  await world.until('8', ({ held }) => held !== null);
  await world.ask('POST', '/cohort-imports/crm/suppressions', { users: ['u20'] });
  await world.until('7', ({ inBraze }) => inBraze === 19);
  // A view of which a page is in when the copy is made.
  await world.page('7', 'under-way', [1, 2], upTo(18));
  const copy = join(world.data, '..', 'copy.db');
  await sluice('backup', '--to', copy, '--data-dir', world.data);
  await world.page('7', 'under-way', [2, 2], [19, 30]);
  await world.call('7', [1, 2], {}, 'remove_members');
  await world.until('7', ({ inBraze, pendingRemoves }) => inBraze === 18 && pendingRemoves === 0);
  await world.stop();
  for (const end of ['', '-wal', '-shm'])
    await rm(join(world.data, `sluice.db${end}`), { force: true });
  await copyFile(copy, join(world.data, 'sluice.db'));
  await world.start();
  expect(await world.cohort('7')).toMatchObject({ inBraze: 19, members: 20 });
  expect((await world.cohort('8')).held).toMatchObject({ removes: 17, why: 'share' });
  // Mixpanel was told that it has been received: it says it again as a whole.
  expect(await world.call('7', [...upTo(20), 30, 31].slice(2))).toBe(200);
  await world.settled('7');
  expect(world.inside('7')).toEqual(users(...upTo(19).slice(2), 30, 31));
  expect(world.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('an import that is deleted and made again at once begins anew, under the eyes of a service that runs', async () => {
  await using world = await cohortWorld({ spec: FREE });
  await world.call('7', [1, 2]);
  await world.settled();
  const { cohortImports } = world.state;
  const stored = (await cohortImports.get('crm'))!;
  await eventually(
    () => cohortImports.statuses(),
    (all) => all[0]?.state.kind === 'idle',
  );
  await cohortImports.remove('crm', Date.now());
  await cohortImports.put('crm', stored.spec, stored.createdAt + 1);
  expect(await world.state.cohorts.list({ limit: 10 })).toEqual([]);
  expect(await world.call('7', [1])).toBe(401);
  const [status] = await eventually(
    () => cohortImports.statuses(),
    (all) => all.length > 0,
  );
  expect(status).toMatchObject({ import: 'crm', receivedAt: null, writtenAt: null });
  const { key, hint, digest } = newImportKey();
  await cohortImports.addKey({ import: 'crm', note: '', hint, digest, at: 0 });
  const response = await fetch(`${world.url}/cohorts/${key}`, {
    method: 'POST',
    body: JSON.stringify(cohortCall('7', [2, 3])),
  });
  expect(response.status).toBe(200);
  await world.settled();
  // What the one before wrote stays as it is.
  expect(world.inside()).toEqual(users(1, 2, 3));
});

test('while what a deleted import held is forgotten, which may take long, the others are followed', async () => {
  await using scene = await openScene();
  const state = openState(scene.data);
  const spec = { destination: { kind: 'file', path: scene.root } };
  for (const name of ['large', 'other']) await state.cohortImports.put(name, { name, ...spec }, 0);
  let forget!: () => void;
  const isForgotten = new Promise<void>((resolve) => {
    forget = resolve;
  });
  const nothing = (): void => undefined;
  const service = await startCohortService({
    state: {
      cohortImports: state.cohortImports,
      cohorts: { ...state.cohorts, prune: () => isForgotten.then(() => 0) },
    },
    log: { info: nothing, warn: nothing, error: nothing },
    observer: { secrets: nothing, gone: nothing, sent: nothing, written: nothing },
  });
  await state.cohortImports.remove('large', 1);
  await eventually(
    () => Promise.resolve(service.statuses()),
    (all) => all.length === 1,
  );
  await state.cohortImports.setPaused('other', true, 2);
  await eventually(
    () => Promise.resolve(service.statuses()),
    ([other]) => other?.state.kind === 'paused',
  );
  forget();
  await service.stop();
  state.close();
});

/** A mount namespace of one's own: what is mounted in it goes with its last process. */
const UNSHARE = [['-m'], ['-r', '-m']].find(
  (flags) =>
    spawnSync('unshare', [...flags, 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt'], {
      timeout: 10_000,
    }).status === 0,
);

/**
 * Runs "$@" on a disk of few megabytes that holds the data folder as it was. It is filled up when a file `fill` appears,
 * freed when `free` does, and copied out when the command has ended.
 */
const SCRIPT = `
  mv data before && mkdir data
  mount -t tmpfs -o size=8m tmpfs data || exit 70
  cp -r before/. data
  "$@" & pid=$!
  trap 'kill -TERM $pid' TERM
  while ! [ -e fill ]; do sleep 0.05; done
  cat /dev/zero >data/filler 2>/dev/null
  touch filled
  while ! [ -e free ]; do sleep 0.05; done
  rm data/filler
  wait $pid
  code=$?
  while kill -0 $pid 2>/dev/null; do wait $pid; code=$?; done
  cp -r data copy
  exit $code`;

test.skipIf(UNSHARE === undefined)(
  'a disk that is full: Mixpanel is told to come again; freed, all it says is written, and what was applied halfway is whole',
  async () => {
    await using scene = await openScene();
    const braze = await startBrazeSandbox({ existing: 'all', trackLimit: 'off' });
    const spec = { name: 'crm', destination: brazeDestination(braze), spacing: 0, ...FREE };
    const { key, hint, digest } = newImportKey();
    await mkdir(scene.data);
    const state = openState(scene.data);
    await state.cohortImports.put('crm', spec, 0);
    await state.cohortImports.addKey({ import: 'crm', note: '', hint, digest, at: 0 });
    state.close();
    const service = await startService(scene, [], {
      service: { inbox: { minFreeBytes: 0 } },
      cohortImports: [spec],
      within: ['unshare', ...UNSHARE!, 'sh', '-c', SCRIPT, 'sh'],
    });
    const sender = (cohortId: string) =>
      mixpanelSender({ cohortId, key, users: 400, pageSize: 100, random: randomFrom(7) });
    const senders = ['7', '8', '9'].map(sender);
    senders.forEach((each) => each.goTo(service.url));
    await until(() => (braze.stats().attributes['mp_cohort_9']?.held ?? 0) > 0);
    const touch = (name: string) => writeFile(join(scene.root, name), '');
    await touch('fill');
    await until(() => senders.some((each) => each.statuses().includes(503)));
    const answer = await fetch(`${service.url}/cohorts/${key}`, { method: 'POST', body: '{}' });
    expect([400, 503]).toContain(answer.status);
    await touch('free');
    const counts = await Promise.all(senders.map((each) => each.end()));
    expect(counts.reduce((sum, { failed }) => sum + failed, 0)).toBeGreaterThan(0);
    await eventually(
      () => Promise.resolve(senders),
      (all) =>
        all.every(({ cohortId, members }) => {
          const counted = braze.stats().attributes[`mp_cohort_${cohortId}`];
          return counted?.held === members.size;
        }),
    );
    const { code } = await service.stop();
    await braze.close();
    expect(code).toBe(0);
    // Nothing but that.
    for (const line of service.lines.filter(({ level }) => level === 'error'))
      expect(line['detail']).toMatch(/disk .*full/);
    for (const { cohortId, members, statuses } of senders) {
      expect(statuses().every((status) => status === 200 || status === 503)).toBe(true);
      const attribute = `mp_cohort_${cohortId}`;
      const inside = upTo(400)
        .map((n) => n - 1)
        .filter(
          (n) => braze.attributes({ kind: 'external_id', id: `u${n}` })?.[attribute] === true,
        );
      expect(inside).toEqual([...members].toSorted((a, b) => a - b));
    }
  },
);
