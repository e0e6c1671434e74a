import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What one process cost, from its start to its exit, all its threads together. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  readonly wallSeconds: number;
  readonly stdout: string;
}

/** Arguments of Node and what the environment holds besides PATH. */
export interface Client {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const PRELOAD = new URL('usage.mjs', import.meta.url).href;

/** Whether processes can be pinned to a core: with `taskset`, and more than one core. */
export const canPin = (cores: number): boolean =>
  cores > 1 && spawnSync('taskset', ['-V']).status === 0;

/** Command and arguments that run Node on one core; on any, when `core` is undefined. */
function nodeOn(core: number | undefined, args: readonly string[]): [string, string[]] {
  if (core === undefined) return [process.execPath, [...args]];
  return ['taskset', ['-c', String(core), process.execPath, ...args]];
}

/** Runs a client to its end. Throws when it fails, with what it wrote to stderr. */
export async function measure(
  client: Client,
  core: number | undefined,
  tempDir: string,
): Promise<Usage> {
  const usageFile = join(tempDir, 'usage.json');
  rmSync(usageFile, { force: true });
  const started = performance.now();
  const [command, args] = nodeOn(core, ['--import', PRELOAD, ...client.args]);
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], ...client.env, BENCH_USAGE_FILE: usageFile },
    cwd: tempDir,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    }),
  ]);
  if (code !== 0)
    throw new Error(`${client.args[0]} ended with exit code ${code}:\n${stdout}${stderr}`);
  const usage = JSON.parse(readFileSync(usageFile, 'utf8')) as Record<
    'userMicros' | 'systemMicros' | 'peakRssKb',
    number
  >;
  return {
    cpuSeconds: (usage.userMicros + usage.systemMicros) / 1e6,
    peakRssMb: (usage.peakRssKb * 1024) / 1e6,
    wallSeconds: (performance.now() - started) / 1000,
    stdout,
  };
}

/** Starts a helper process that speaks IPC. */
export function startHelper(args: readonly string[], core: number | undefined): ChildProcess {
  const [command, all] = nodeOn(core, args);
  return spawn(command, all, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
