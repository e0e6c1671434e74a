/** Measures what connections cost a service: memory at rest and under load. `node bench/connections.ts --help` says how. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { writeGenerated } from '../src/sandbox/braze/generate.ts';
import { type SinkProcess, startSink } from './sink-process.ts';

const HELP = `node bench/connections.ts [options]     (Linux; build first)

  --connections <list>  how many at once, one service after the other (default 1,10,50)
  --events <n>          events of each connection (default 20000)
  --rest <seconds>      how long it rests before and after the load (default 10)
`;

/** No events for so long: there are no more. */
const QUIET_MS = 4000;
const MAIN = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js');

interface Figures {
  readonly connections: number;
  readonly events: number;
  readonly seconds: number;
  /** Of the resident set, in MB: at rest before anything came, at most under load, at rest afterwards. */
  readonly before: number;
  readonly peak: number;
  readonly after: number;
  /** Of one core, in per cent, at rest. */
  readonly restingCpu: number;
}

function memoryOf(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)![1]) * 1024) / 1e6;
}

/** User and system time in seconds. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const TICKS = 100;
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

function specOf(n: number, sink: SinkProcess): object {
  return {
    name: `c${n}`,
    source: { kind: 'directory', path: `currents-${n}` },
    // A project of its own, with a limit of its own.
    destination: {
      kind: 'mixpanel',
      region: 'us',
      url: `https://127.0.0.1:${sink.port}`,
      credentials: { kind: 'project-token', token: `project-${n}` },
    },
    poll: 1,
  };
}

async function untilServing(service: ChildProcess): Promise<void> {
  let said = '';
  for await (const [chunk] of onData(service)) {
    said += String(chunk);
    if (said.includes('"msg":"serving"')) break;
  }
  service.stdout!.resume();
}

async function* onData(service: ChildProcess): AsyncGenerator<[Buffer]> {
  for (;;) yield (await once(service.stdout!, 'data')) as [Buffer];
}

async function measure(
  connections: number,
  restMs: number,
  sink: SinkProcess,
  input: string,
  folder: string,
): Promise<Figures> {
  const names = Array.from({ length: connections }, (_, n) => `currents-${n}`);
  for (const name of names) {
    mkdirSync(join(folder, name), { recursive: true });
    cpSync(input, join(folder, `next-${name}`), { recursive: true });
  }
  const config = {
    service: { listen: { port: 0 } },
    connections: names.map((_, n) => specOf(n, sink)),
  };
  writeFileSync(join(folder, 'sluice.json'), JSON.stringify(config));
  await sink.reset(false);
  const args = ['serve', '-f', join(folder, 'sluice.json'), '--data-dir', join(folder, 'data')];
  const service = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: sink.certificate },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = service.pid!;
  try {
    await untilServing(service);
    await delay(restMs);
    const before = memoryOf(pid, 'VmRSS');
    const cpu = cpuOf(pid);
    await delay(restMs);
    const restingCpu = ((cpuOf(pid) - cpu) / restMs) * 1e5;

    const started = performance.now();
    for (const name of names)
      renameSync(join(folder, `next-${name}`), join(folder, name, 'arrived'));
    // Events of anonymous users are left out, so how many come is not known before: all are there when no more come.
    let events = 0;
    let endedAt = started;
    while (events === 0 || performance.now() - endedAt < QUIET_MS) {
      await delay(50);
      const report = await sink.report();
      if (report.events === events) continue;
      ({ events } = report);
      endedAt = performance.now();
    }
    const seconds = (endedAt - started) / 1000;
    const peak = memoryOf(pid, 'VmHWM');
    await delay(restMs);
    return {
      connections,
      events,
      seconds,
      before,
      peak,
      after: memoryOf(pid, 'VmRSS'),
      restingCpu,
    };
  } finally {
    const ended = once(service, 'exit');
    service.kill('SIGTERM');
    await ended;
  }
}

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '1,10,50' },
    events: { type: 'string', default: '20000' },
    rest: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
} else {
  const root = mkdtempSync(join(tmpdir(), 'sluice-connections-'));
  const sink = await startSink(root, undefined);
  try {
    const input = join(root, 'input');
    const each = Number(values.events);
    await writeGenerated(input, { events: each, seed: 1, hours: 1 });
    const rows: string[] = [];
    for (const count of values.connections.split(',').map(Number)) {
      const folder = mkdtempSync(join(root, 'service-'));
      const of = await measure(count, Number(values.rest) * 1000, sink, input, folder);
      rmSync(folder, { recursive: true });
      const cells = [
        ...[of.connections, of.events, (of.events / of.seconds).toFixed(0)],
        ...[of.before.toFixed(0), of.peak.toFixed(0), of.after.toFixed(0)],
        of.restingCpu.toFixed(1),
      ];
      rows.push(`| ${cells.join(' | ')} |`);
      process.stderr.write(`${rows.at(-1)}\n`);
    }
    const lines = [
      `Node ${process.version}, ${availableParallelism()} cores, service and sink on the same machine.`,
      '',
      '| connections | events | events/s | MB at rest, new | MB at most | MB at rest, after | % of a core at rest |',
      `|${'---:|'.repeat(7)}`,
      ...rows,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    sink.close();
    rmSync(root, { recursive: true, force: true });
  }
}
