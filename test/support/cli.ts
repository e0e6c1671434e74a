import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Longest life of a command, so that one which hangs fails its test and stays behind nowhere. */
const LIFETIME_MS = 90_000;

export interface CliResult {
  readonly code: number | null;
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly pid: number;
  /** Settles when the process has ended and its output is read. */
  readonly result: Promise<CliResult>;
  kill(signal: NodeJS.Signals): void;
}

export interface CliOptions {
  /** Added to a clean environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A command that runs the command, given behind it. */
  readonly within?: readonly string[];
  /** Told of each piece of standard output as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** The path of the built command. Throws when it is not built: these tests run what users run. */
export function cliMain(): string {
  if (!existsSync(MAIN))
    throw new Error(
      `${MAIN} is missing: run \`npm run build\` first. The process tests start the built command.`,
    );
  return MAIN;
}

/** The environment of every command under test: no setting of this machine's gets in, and retries wait milliseconds. */
export function cliEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', SLUICE_BACKOFF_MS: '20', ...extra };
}

/** Starts the built command with this very Node. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const [command, ...all] = [...(options.within ?? []), process.execPath, cliMain(), ...args];
  return startProcess(command!, all, options);
}

export function startProcess(
  command: string,
  args: readonly string[],
  options: CliOptions = {},
): RunningCli {
  const child = spawn(command, args, {
    env: cliEnv(options.env),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid === undefined) throw new Error(`${command} could not be started`);
  if (options.onOutput) child.stdout.setEncoding('utf8').on('data', options.onOutput);
  return { pid: child.pid, result: resultOf(child), kill: (signal) => void child.kill(signal) };
}

function resultOf(child: ChildProcess): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer | string) => out.push(Buffer.from(chunk)));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), LIFETIME_MS);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({
        code,
        signal,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      });
    });
  });
}
