/**
 * Appends numbered bodies to an inbox until it is killed, some at once, sealing and settling now and then:
 * `node append-for-ever.ts DATA_DIR FIRST`. Prints `+N` once body N is acknowledged and `-N` once it is settled.
 */
import { openInbox } from '../../src/state/inbox.ts';
import { bodiesIn } from './inbox-server.ts';

const [, , dataDir, first] = process.argv as [string, string, string, string];
const inbox = await openInbox(dataDir, { segmentBytes: 50_000 });
process.stdout.write('ready\n');

const append = async (n: number): Promise<void> => {
  await inbox.append('c', Buffer.from(`${n} `.padEnd(50 + ((n * 7919) % 3000), 'x')));
  process.stdout.write(`+${n}\n`);
};

for (let n = Number(first), round = 0; ; round++) {
  await Promise.all(Array.from({ length: 1 + (round % 7) }, () => append(n++)));
  if (round % 11 === 0) await inbox.seal('c');
  if (round % 29 === 0) {
    const settled = await bodiesIn(inbox, 'c');
    for (const slice of await inbox.segments('c', 'waiting')) await inbox.release('c', slice);
    process.stdout.write(settled.map((body) => `-${Number.parseInt(body, 10)}\n`).join(''));
  }
}
