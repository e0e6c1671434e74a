/** Measures how many pushes a second the inbox takes, and how long one waits. `node bench/pushes.ts --help` says how. */
import { randomUUID } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startHelper } from './measure.ts';
import type { Load, LoadReport } from './pushes-load.ts';
import type { ServerKind, ServerReport } from './pushes-server.ts';

const HELP = `node bench/pushes.ts [options]

  --seconds <n>      how long pushes come at the rate (default 60)
  --rate <n>         pushes a second (default 1000)
  --events <n>       events a push (default 100)
  --connections <n>  of the sender (default 64)
  --floor-seconds <n>  how long each server is driven as fast as it goes, for comparison (default 10)
`;

interface Measured extends LoadReport {
  readonly server: ServerReport;
}

async function measure(kind: ServerKind, load: Omit<Load, 'port' | 'token'>): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pushes-'));
  const token = randomUUID();
  const program = join(import.meta.dirname, 'pushes-server.ts');
  const portOf = async (helper: ChildProcess): Promise<number> => {
    const [message] = (await once(helper, 'message')) as [{ port: number }];
    return message.port;
  };
  const destination =
    kind === 'service' ? startHelper([program, 'read', folder, token], undefined) : undefined;
  const to = destination ? [String(await portOf(destination))] : [];
  const server = startHelper([program, kind, folder, token, ...to], undefined);
  try {
    const port = await portOf(server);
    server.send('measure');
    const order: Load = { ...load, port, token };
    const loader = [join(import.meta.dirname, 'pushes-load.ts'), JSON.stringify(order)];
    const [report] = (await once(startHelper(loader, undefined), 'message')) as [LoadReport];
    const ended = once(server, 'message');
    server.send('stop');
    const [ofServer] = (await ended) as [ServerReport];
    return { ...report, server: ofServer };
  } finally {
    server.kill();
    destination?.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

function row(title: string, { server, ...of }: Measured): string {
  const ms = (n: number): string => n.toFixed(1);
  const cells = [
    ...[(of.pushes / of.seconds).toFixed(0), (of.bytes / of.seconds / 1e6).toFixed(0)],
    ...[ms(of.p50), ms(of.p90), ms(of.p99), ms(of.max)],
    ...[String(of.failures), (server.cpuSeconds / of.seconds).toFixed(2)],
    ...[server.syncs === 0 ? '' : (server.pushes / server.syncs).toFixed(1)],
    ...[ms(server.loopMs), server.peakRssMb.toFixed(0)],
  ];
  return `| ${[title, ...cells].join(' | ')} |`;
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '1000' },
    events: { type: 'string', default: '100' },
    connections: { type: 'string', default: '64' },
    'floor-seconds': { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
} else {
  const load = { events: Number(values.events), connections: Number(values.connections) };
  const rate = Number(values.rate);
  const short = { ...load, rate: undefined, seconds: Number(values['floor-seconds']) };
  const atRate = await measure('inbox', { ...load, rate, seconds: Number(values.seconds) });
  const whole = await measure('service', { ...load, rate, seconds: Number(values.seconds) });
  const floors = new Map<ServerKind, Measured>();
  for (const kind of ['inbox', 'read', 'fsync'] as const)
    floors.set(kind, await measure(kind, short));
  const perSecond = (kind: ServerKind): number =>
    floors.get(kind)!.pushes / floors.get(kind)!.seconds;
  const lines = [
    `Node ${process.version}, ${availableParallelism()} cores, server and sender on the same machine.`,
    `${load.events} events and ${(atRate.bytes / atRate.pushes / 1000).toFixed(0)} kB a push.`,
    '',
    '|  | pushes/s | MB/s | p50 ms | p90 ms | p99 ms | max ms | failed | cores used | pushes a sync | loop held ms | peak RSS MB |',
    `|---|${'---:|'.repeat(11)}`,
    row(`inbox, ${rate} pushes/s for ${values.seconds} s`, atRate),
    row(`the whole service, the same, which delivers meanwhile`, whole),
    row('inbox, as fast as it goes', floors.get('inbox')!),
    row('floor: reads the body, keeps nothing', floors.get('read')!),
    row('floor: one fdatasync a push', floors.get('fsync')!),
    '',
    `The whole service delivered ${Math.round(whole.server.delivered / whole.seconds).toLocaleString('en-US')} events a second meanwhile (a Mixpanel project takes 30,000); the others waited in its inbox.`,
    `Inbox against the server that keeps nothing: ${(perSecond('inbox') / perSecond('read')).toFixed(2)}×; ` +
      `against one fdatasync a push: ${(perSecond('inbox') / perSecond('fsync')).toFixed(2)}×.`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
