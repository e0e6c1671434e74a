import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DEMO_CREDENTIALS } from '../../src/sandbox/mixpanel/auth.ts';
import type { MixpanelSandboxOptions } from '../../src/sandbox/mixpanel/sandbox.ts';
import { type MixpanelSandbox, startMixpanelSandbox } from '../../src/sandbox/mixpanel/server.ts';
import { type CliOptions, type CliResult, cliMain, type RunningCli, startCli } from './cli.ts';

/** What `sluice export --json` prints. */
export interface ExportReport {
  readonly connection: string;
  readonly run: number;
  readonly state: string;
  readonly detail?: string;
  readonly slices: number;
  readonly read: number;
  readonly delivered: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly deadLetters: number;
  readonly requests: number;
  readonly durationMs: number;
  readonly adjusted: Readonly<Record<string, number>>;
  readonly problems: readonly { slice: string; problem: string }[];
  readonly balanced: boolean;
}

export interface Exported extends CliResult {
  /** Throws when the command printed no report. */
  readonly report: ExportReport;
}

/** What `sluice dead-letters list --json`, `show --json` and `export` print for each. */
export interface Letter {
  readonly id: number;
  readonly connection: string;
  readonly slice: string;
  readonly record: number;
  readonly eventType: string;
  readonly cause: string;
  readonly detail: string;
  readonly retries: number;
  readonly event?: { event: string; properties: Record<string, unknown> };
  /** Base64. */
  readonly bytes?: string;
}

export interface RunningExport {
  readonly process: RunningCli;
  readonly result: Promise<Exported>;
}

/** A sandbox, a folder of Currents files and a data folder, of one test alone. */
export interface Scene extends AsyncDisposable {
  readonly root: string;
  /** The folder that is exported. */
  readonly currents: string;
  readonly data: string;
  readonly sandbox: MixpanelSandbox;
  /** Options of `export` for this scene; sign-in by the sandbox's project token. */
  exportArgs(extra?: readonly string[]): string[];
  startExport(extra?: readonly string[], options?: CliOptions): RunningExport;
  runExport(extra?: readonly string[], options?: CliOptions): Promise<Exported>;
  /** Starts any command and ends it with the scene. */
  start(args: readonly string[], options?: CliOptions): RunningCli;
  run(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** All dead letters, by `dead-letters export`. */
  deadLetters(): Promise<Letter[]>;
}

export const TOKEN = DEMO_CREDENTIALS.token!;

/** Everything a test needs, taken away at the end of the block it is declared in. */
export async function openScene(options: MixpanelSandboxOptions = {}): Promise<Scene> {
  cliMain();
  const root = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  const sandbox = await startMixpanelSandbox({ rateLimit: 'off', ...options });
  const currents = join(root, 'currents');
  const data = join(root, 'data');
  await mkdir(currents);
  const running = new Set<RunningCli>();

  const start = (args: readonly string[], cliOptions: CliOptions = {}): RunningCli => {
    const process = startCli(args, { cwd: root, ...cliOptions });
    running.add(process);
    process.result.finally(() => running.delete(process)).catch(() => undefined);
    return process;
  };
  const exportArgs = (extra: readonly string[] = []): string[] => [
    'export',
    ...['--from', currents, '--data-dir', data, '--mixpanel-url', sandbox.url, '--json'],
    ...(signsIn(extra) ? [] : ['--project-token', TOKEN]),
    ...extra,
  ];
  const startExport = (extra?: readonly string[], cliOptions?: CliOptions): RunningExport => {
    const process = start(exportArgs(extra), cliOptions);
    return { process, result: process.result.then(exported) };
  };

  return {
    root,
    currents,
    data,
    sandbox,
    exportArgs,
    startExport,
    runExport: (extra, cliOptions) => startExport(extra, cliOptions).result,
    start,
    run: (args, cliOptions) => start(args, cliOptions).result,
    async deadLetters() {
      const { code, stdout, stderr } = await start(['dead-letters', 'export', '--data-dir', data])
        .result;
      if (code !== 0) throw new Error(`dead-letters export ended with ${code}: ${stderr}`);
      return jsonLines<Letter>(stdout);
    },
    async [Symbol.asyncDispose]() {
      for (const process of running) process.kill('SIGKILL');
      await Promise.allSettled([...running].map((process) => process.result));
      await sandbox.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function signsIn(args: readonly string[]): boolean {
  return args.some((arg) =>
    /^--(service-account|project-token(-file)?|api-secret-file)$/.test(arg),
  );
}

function exported(result: CliResult): Exported {
  return {
    ...result,
    get report() {
      try {
        return JSON.parse(result.stdout) as ExportReport;
      } catch (error) {
        throw new Error(
          `export printed no report (exit ${result.code ?? result.signal}): ${result.stdout}\n${result.stderr}`,
          { cause: error },
        );
      }
    },
  };
}

export function jsonLines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** Until something is so. The tests' own time limit bounds it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(5);
}

/** The `$insert_id` of every event that a query sees, sorted. */
export function insertIds(sandbox: MixpanelSandbox): string[] {
  return sandbox
    .events()
    .map((event) => String(event.properties['$insert_id']))
    .toSorted();
}
