/**
 * Pushes to an inbox until the disk is full, frees the disk, and pushes again: `node push-until-full.ts FOLDER`, where
 * FOLDER is a small file system of its own. Prints {@link FullDisk}.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openInbox } from '../../src/state/inbox.ts';
import { bodiesIn, openInboxScene } from './inbox-server.ts';

export interface FullDisk {
  /** Statuses as they came, those that repeat once. */
  readonly statuses: readonly number[];
  readonly acknowledged: number;
  /** What was acknowledged is there, once and in order, and nothing else; also after a restart. */
  readonly isWhole: boolean;
  readonly faults: readonly string[];
}

const [, , folder] = process.argv as [string, string, string];
const filler = join(folder, 'filler');
await writeFile(filler, Buffer.alloc(1_500_000));
const scene = await openInboxScene({
  folder: join(folder, 'data'),
  inbox: { minFreeBytes: 0, segmentBytes: 300_000 },
});
const statuses: number[] = [];
const acknowledged: string[] = [];
let n = 0;

async function push(): Promise<number> {
  const body = JSON.stringify({
    events: [{ n: n++ }],
    more: 'x'.repeat(40_000 + ((n * 7919) % 9000)),
  });
  const { status } = await scene.push(body);
  if (status === 200) acknowledged.push(body);
  if (statuses.at(-1) !== status) statuses.push(status);
  return status;
}

while ((await push()) === 200);
for (let i = 0; i < 5; i++) await push();
await rm(filler);
for (let i = 0; i < 10; i++) await push();

const whole = JSON.stringify(acknowledged);
const before = JSON.stringify(await bodiesIn(scene.inbox, 'c'));
await scene.stop();
const again = await openInbox(join(folder, 'data'));
const after = JSON.stringify(await bodiesIn(again, 'c'));
await again.close();
const report: FullDisk = {
  statuses,
  acknowledged: acknowledged.length,
  isWhole: before === whole && after === whole,
  faults: scene.faults.map(({ message }) => message),
};
process.stdout.write(JSON.stringify(report));
