import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isBalanced } from '../../src/core/counts.ts';
import { brazeSender } from '../support/braze-sender.ts';
import { clicks, currentsFile, idsOf, pushedClicks, put } from '../support/currents-file.ts';
import { insertIds, openScene, until } from '../support/scene.ts';
import { booksOf, connection, eventually, PUSHED, startService } from '../support/service.ts';

/** A mount namespace of one's own: what is mounted in it goes with its last process. */
const UNSHARE = [['-m'], ['-r', '-m']].find(
  (flags) =>
    spawnSync('unshare', [...flags, 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt'], {
      timeout: 10_000,
    }).status === 0,
);

/**
 * Runs "$@" with a data folder of few megabytes. It is filled up when a file `fill` appears, freed when `free` does,
 * and copied out when the command has ended.
 */
const SCRIPT = `
  mount -t tmpfs -o size=8m tmpfs data || exit 70
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

const PER_PUSH = 40;
const PER_FILE = 50;

function* batches(sent: [string, number][]): Generator<string> {
  for (let n = 0; ; n++) {
    sent.push([`p${n}`, PER_PUSH]);
    yield JSON.stringify(pushedClicks(`p${n}`, PER_PUSH));
  }
}

test.skipIf(UNSHARE === undefined)(
  'a disk that is full: pushes are refused and files wait, told why; freed, it goes on by itself and nothing is lost',
  async () => {
    await using scene = await openScene();
    await mkdir(scene.data);
    const specs = [connection(scene, 'files'), connection(scene, 'push', PUSHED)];
    const service = await startService(scene, specs, {
      service: { inbox: { minFreeBytes: 0, keepSettledBytes: 0 } },
      within: ['unshare', ...UNSHARE!, 'sh', '-c', SCRIPT, 'sh'],
    });
    const touch = (name: string) => writeFile(join(scene.root, name), '');
    const said = (msg: string, name: string) =>
      service.lines.filter((line) => line.msg === msg && line['connection'] === name);
    const sent: [string, number][] = [];
    const sender = brazeSender('push', batches(sent), 5);
    sender.goTo(service.url);
    await put(scene.currents, 'before.avro', currentsFile(clicks('before', PER_FILE)));
    await until(() => scene.sandbox.stats().distinct > PER_FILE + 5 * PER_PUSH);

    await touch('fill');
    await put(scene.currents, 'during.avro', currentsFile(clicks('during', PER_FILE)));
    await until(() => sender.statuses().includes(503));
    await until(() => said('connection retrying', 'files').length > 0);
    const [line] = said('connection retrying', 'files');
    expect(line!['detail']).toMatch(/disk .*full/i);
    const answer = await fetch(`${service.url}/currents/push`, {
      method: 'POST',
      headers: { authorization: `Bearer ${PUSHED.source.token}` },
      body: JSON.stringify(pushedClicks('refused', 2000)),
    });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);

    await touch('free');
    const { acknowledged, statuses } = await sender.end();
    expect(statuses).toEqual([200, 503]);
    expect(acknowledged).toBe(sent.length);
    const expected = idsOf([...sent, ['before', PER_FILE], ['during', PER_FILE]]);
    await until(() => scene.sandbox.stats().distinct === expected.length);
    await eventually(
      async () => (await fetch(`${service.url}/metrics`)).text(),
      (text) =>
        text.includes('sluice_inbox_pushes{connection="push"} 0') &&
        ['push', 'files'].every((name) =>
          text.includes(`sluice_connection_state{connection="${name}",state="idle"} 1`),
        ),
    );
    await eventually(
      async () => (await fetch(`${service.url}/readyz`)).status,
      (status) => status === 200,
    );
    const { code } = await service.stop();
    expect(code).toBe(0);
    expect(service.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(insertIds(scene.sandbox)).toEqual(expected);
    for (const name of ['files', 'push']) {
      const books = await booksOf({ data: join(scene.root, 'copy') }, name);
      expect(books).toMatchObject({ imbalances: 0, deadLetters: 0, skipped: 0 });
      expect(isBalanced(books.counts)).toBe(true);
    }
    expect((await booksOf({ data: join(scene.root, 'copy') }, 'push')).read).toBe(
      sent.length * PER_PUSH,
    );
  },
);
