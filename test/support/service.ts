import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionStatus } from '../../src/core/connections.ts';
import { type Counts, totalOf, skippedOf } from '../../src/core/counts.ts';
import { openState } from '../../src/state/state.ts';
import type { CliResult, RunningCli } from './cli.ts';
import { type Scene, TOKEN } from './scene.ts';

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

export interface RunningService {
  readonly process: RunningCli;
  readonly url: string;
  /** What was logged so far. */
  readonly lines: readonly LogLine[];
  /** SIGTERM; settles when the process has ended. */
  stop(): Promise<CliResult>;
  /** SIGKILL. */
  kill(): Promise<CliResult>;
}

export const PUSH_TOKEN = 'a-token-of-the-tests-0123';

/** A connection from the scene's folder, or from what is said, to its sandbox. */
export function connection(
  scene: Pick<Scene, 'sandbox'>,
  name: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    name,
    source: { kind: 'directory', path: 'currents' },
    destination: {
      kind: 'mixpanel',
      region: 'us',
      url: scene.sandbox.url,
      credentials: { kind: 'project-token', token: TOKEN },
    },
    poll: 1,
    ...more,
  };
}

/** Of the user `admin` of every service under test, unless the environment says otherwise. */
export const ADMIN_PASSWORD = 'an-admin-of-the-tests';

export const PUSHED = { source: { kind: 'inbox', token: PUSH_TOKEN } };

export interface ServiceStart {
  readonly service?: Record<string, unknown>;
  readonly cohortImports?: readonly unknown[];
  readonly env?: Record<string, string>;
  /** A command that runs the service, given behind it. */
  readonly within?: readonly string[];
}

/** Starts `sluice serve` on the scene's data folder and waits until it serves. */
export async function startService(
  scene: Scene,
  connections: readonly unknown[],
  options: ServiceStart = {},
): Promise<RunningService> {
  const { serving, ...launched } = await launchService(scene, connections, options);
  const ended = launched.process.result.then(({ stderr }) => {
    throw new Error(`the service did not start: ${stderr}`);
  });
  ended.catch(() => undefined);
  return { ...launched, url: await Promise.race([serving, ended]) };
}

/** The same without waiting. `serving`: its URL, once it serves; never settles when it does not come to that. */
export async function launchService(
  scene: Scene,
  connections: readonly unknown[],
  options: ServiceStart = {},
): Promise<Omit<RunningService, 'url'> & { readonly serving: Promise<string> }> {
  const file = join(scene.root, 'sluice.yaml');
  const service = { listen: { port: 0 }, ...options.service };
  const { cohortImports = [] } = options;
  await writeFile(file, JSON.stringify({ service, connections, cohortImports }));
  const lines: LogLine[] = [];
  let rest = '';
  let served!: (url: string) => void;
  const serving = new Promise<string>((resolve) => {
    served = resolve;
  });
  const process = scene.start(['serve', '-f', file, '--data-dir', scene.data], {
    ...(options.within ? { within: options.within } : {}),
    env: { SLUICE_ADMIN_PASSWORD: ADMIN_PASSWORD, ...options.env },
    onOutput(text) {
      const parts = (rest + text).split('\n');
      rest = parts.pop()!;
      for (const part of parts) {
        const line = JSON.parse(part) as LogLine;
        lines.push(line);
        if (line.msg === 'serving') served(String(line['url']));
      }
    },
  });
  const end = (signal: NodeJS.Signals) => (): Promise<CliResult> => {
    process.kill(signal);
    return process.result;
  };
  return { process, serving, lines, stop: end('SIGTERM'), kill: end('SIGKILL') };
}

/** Posts a body as Braze does. Rejects when there is no answer. */
export async function push(
  url: string,
  name: string,
  body: unknown,
  token = PUSH_TOKEN,
): Promise<number> {
  const response = await fetch(`${url}/currents/${name}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'braze-currents-version': '1',
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  await response.body?.cancel();
  return response.status;
}

export interface Books {
  readonly counts: Counts;
  readonly read: number;
  readonly delivered: number;
  readonly skipped: number;
  readonly deadLetters: number;
  readonly imbalances: number;
}

/** What the ledger says of a connection; the service may be running. */
export async function booksOf(scene: Pick<Scene, 'data'>, name: string): Promise<Books> {
  const state = openState(scene.data, { readonly: true });
  try {
    const counts = await state.ledger.totals(name);
    const { read, delivered, deadLetters, ...total } = totalOf(counts);
    const imbalances = (await state.ledger.imbalances(name)).length;
    return {
      counts,
      read,
      delivered,
      deadLetters,
      skipped: skippedOf({ ...total, read, delivered, deadLetters }),
      imbalances,
    };
  } finally {
    state.close();
  }
}

/** What the service last stored of each connection. */
export async function statusesOf(
  scene: Pick<Scene, 'data'>,
): Promise<ReadonlyMap<string, ConnectionStatus>> {
  const state = openState(scene.data, { readonly: true });
  try {
    return new Map((await state.statuses.list()).map((each) => [each.connection, each]));
  } finally {
    state.close();
  }
}

/** Waits until something is so, asked a few times a second. */
export async function eventually<T>(
  ask: () => Promise<T>,
  holds: (value: T) => boolean,
): Promise<T> {
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    await delay(50);
  }
}
