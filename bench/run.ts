/** Measures Sluice against others that do the same work. `npm run bench -- --help` says how. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allContenders, type Contender, type Setting, sluice } from './contenders.ts';
import type { Floors } from './floors.ts';
import { generateInput, installPeers } from './input.ts';
import { canPin, measure, type Usage } from './measure.ts';
import { type Measured, type Results, resultsText } from './report.ts';
import { type SinkProcess, startSink } from './sink-process.ts';
import type { SinkReport } from './sink.ts';

const HELP = `npm run bench -- [options]

  --events <n>   records in the input (default 200000)
  --runs <n>     runs of each contender, interleaved (default 3)
  --seed <n>     of the generated input (default 1)
  --from <dir>   measure this folder in place of a generated one
  --only <names> contenders, comma-separated, sluice among them: sluice, tuned, tuned-gzip-1, peer, peer-got, peer-gzip-1
  --large        2000000 records, Sluice alone, once: shows that memory does not grow with the input
  --out <file>   where the results go (default bench/RESULTS.md for a full run, RESULTS-LARGE.md with --large)
`;
const FULL_EVENTS = 200_000;
const LARGE_EVENTS = 2_000_000;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

interface Core {
  readonly client: number | undefined;
  readonly sink: number | undefined;
}

/** Runs each contender once, unmeasured: what arrives must be the same events from all. Returns what arrived. */
async function verify(
  contenders: readonly Contender[],
  sink: SinkProcess,
  core: Core,
  tempDir: string,
): Promise<{ records: number; delivered: number }> {
  const seen: { title: string; report: SinkReport }[] = [];
  let records = 0;
  for (const { name, title, client } of contenders) {
    await sink.reset(true);
    const { stdout } = await measure(client(), core.client, tempDir);
    const report = await sink.report();
    checkDelivered(title, stdout, report.events);
    if (name === 'sluice') records = (JSON.parse(stdout) as { read: number }).read;
    seen.push({ title, report });
    say(`  ${title}: ${report.events} events in ${report.requests} requests`);
  }
  const [first, ...rest] = seen;
  for (const other of rest) {
    const names = new Set([
      ...Object.keys(first!.report.byName),
      ...Object.keys(other.report.byName),
    ]);
    const different = [...names].filter((event) => {
      const [a, b] = [first!.report.byName[event], other.report.byName[event]];
      return a?.n !== b?.n || a?.digest !== b?.digest;
    });
    if (different.length > 0)
      throw new Error(
        `${first!.title} and ${other.title} delivered different events: ${different.slice(0, 10).join(', ')}`,
      );
  }
  return { records, delivered: first!.report.events };
}

function checkDelivered(title: string, stdout: string, arrived: number): void {
  const { delivered } = JSON.parse(stdout) as { delivered: number };
  if (delivered !== arrived || arrived === 0)
    throw new Error(`${title} says it delivered ${delivered} events, ${arrived} arrived`);
}

async function measureAll(
  contenders: readonly Contender[],
  runs: number,
  expected: number | undefined,
  sink: SinkProcess,
  core: Core,
  tempDir: string,
): Promise<Measured[]> {
  const usages = new Map<string, Usage[]>(contenders.map(({ name }) => [name, []]));
  for (let run = 1; run <= runs; run++) {
    for (const { name, title, client } of contenders) {
      await sink.reset(false);
      const usage = await measure(client(), core.client, tempDir);
      const { events } = await sink.report();
      checkDelivered(title, usage.stdout, events);
      if (expected !== undefined && events !== expected)
        throw new Error(`${title} delivered ${events} events in run ${run}, ${expected} before`);
      usages.get(name)!.push(usage);
      say(
        `  run ${run}: ${title}: ${usage.cpuSeconds.toFixed(2)} CPU s, ${usage.peakRssMb.toFixed(0)} MB`,
      );
    }
  }
  return contenders.map(({ name, title }) => ({ name, title, runs: usages.get(name)! }));
}

async function measureFloors(folder: string, core: Core, tempDir: string): Promise<Floors> {
  const client = { args: [join(import.meta.dirname, 'floors.ts'), folder], env: {} };
  const { stdout } = await measure(client, core.client, tempDir);
  return JSON.parse(stdout) as Floors;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      events: { type: 'string' },
      runs: { type: 'string' },
      seed: { type: 'string', default: '1' },
      from: { type: 'string' },
      only: { type: 'string' },
      large: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const events = Number(values.events ?? (values.large ? LARGE_EVENTS : FULL_EVENTS));
  const runs = Number(values.runs ?? (values.large ? 1 : 3));
  const isFull =
    !values.large &&
    values.only === undefined &&
    values.from === undefined &&
    events >= FULL_EVENTS;
  const isWhole = isFull || (values.large && values.from === undefined);
  const file = values.large ? 'RESULTS-LARGE.md' : 'RESULTS.md';
  const out = values.out ?? (isWhole ? join(import.meta.dirname, file) : undefined);
  const cores = availableParallelism();
  const core: Core = canPin(cores)
    ? { client: 0, sink: 1 }
    : { client: undefined, sink: undefined };

  if (!values.large) installPeers();
  const tempDir = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  let sink: SinkProcess | undefined;
  try {
    const folder = values.from ?? join(tempDir, 'input');
    if (values.from === undefined) {
      say(`Generating ${events} records`);
      generateInput(folder, events, Number(values.seed));
    }
    sink = await startSink(tempDir, core.sink);
    const setting: Setting = {
      folder,
      sinkPort: sink.port,
      certificate: sink.certificate,
      tempDir,
    };
    const wanted = values.only?.split(',');
    const contenders = (values.large ? [sluice(setting)] : allContenders(setting)).filter(
      ({ name }) => wanted === undefined || wanted.includes(name),
    );
    let found = { records: events, delivered: 0 };
    if (!values.large) {
      say('Verifying that all deliver the same events');
      found = await verify(contenders, sink, core, tempDir);
    }
    say('Measuring');
    const measured = await measureAll(
      contenders,
      runs,
      values.large ? undefined : found.delivered,
      sink,
      core,
      tempDir,
    );
    if (values.large) found.delivered = (await sink.report()).events;
    const floors = values.large ? undefined : await measureFloors(folder, core, tempDir);
    const results: Results = { ...found, measured, floors };
    const text = resultsText(results);
    process.stdout.write(`\n${text}`);
    if (out !== undefined)
      writeFileSync(out, `${preface(cores, core)}\n\n${text}${sectionsOfOthers(out)}`);
  } finally {
    sink?.close();
    rmSync(tempDir, { recursive: true, force: true });
  }
}

/** What the other benches have left in the file, which takes hours to measure anew. */
function sectionsOfOthers(file: string): string {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const start = text.indexOf('\n## ');
  return start < 0 ? '' : text.slice(start);
}

function preface(cores: number, core: Core): string {
  const { version } = JSON.parse(
    readFileSync(
      join(import.meta.dirname, 'node_modules', 'mixpanel-import', 'package.json'),
      'utf8',
    ),
  ) as { version: string };
  const pinned =
    core.client === undefined ? 'not pinned' : 'client and sink pinned to one core each';
  return `# Results

Written by \`npm run bench\`; [README.md](README.md) says what is measured and how to read it.
Node ${process.version}, ${cores} cores, ${pinned}, mixpanel-import ${version}.`;
}

await main();
