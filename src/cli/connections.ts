import type { Command } from 'commander';
import type { ConnectionStatus, StoredConnection } from '../core/connections.ts';
import { totalOf } from '../core/counts.ts';
import { UsageError } from '../core/errors.ts';
import type { Control } from '../connector.ts';
import { confirm } from './confirm.ts';
import { DATA_DIR_HELP, dataDir } from './options.ts';
import type { Shell } from './shell.ts';
import { stateDetail, stateWords } from './state-words.ts';
import { duration, number, palette, table } from './terminal.ts';

interface GetOptions {
  dataDir?: string;
  json?: boolean;
  yaml?: boolean;
}

/** A connection as it is shown: secrets hidden. */
interface Shown {
  readonly name: string;
  readonly state: string;
  /** Why, and what to do, where there is something to say. */
  readonly detail?: string;
  readonly source: string;
  /** Null while no service has looked. */
  readonly lagSeconds: number | null;
  /** Over all time. */
  readonly delivered: number;
  /** There are now. */
  readonly deadLetters: number;
  /** When the service last said so; null when none has yet. */
  readonly asOf: string | null;
  readonly changed: string;
  readonly spec: unknown;
}

export function addConnections(program: Command, shell: Shell): void {
  program
    .command('get [name]')
    .description('The connections and what each is doing; or one of them whole')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--json', 'one JSON object a connection')
    .option('--yaml', 'whole, as YAML')
    .action(async (name: string | undefined, options: GetOptions) => get(name, options, shell));

  for (const [command, paused, text] of [
    ['pause', true, 'Let connections rest: nothing is read or sent, pushes are still taken'],
    ['resume', false, 'Let paused connections go on where they stood'],
  ] as const)
    program
      .command(`${command} <names...>`)
      .description(text)
      .option('--data-dir <dir>', DATA_DIR_HELP)
      .action(async (names: string[], options: { dataDir?: string }) =>
        withControl(shell, options.dataDir, async ({ connections }) => {
          for (const name of names) {
            await connections.setPaused(name, paused, Date.now());
            shell.terminal.out(`${name}: ${paused ? 'paused' : 'resumed'}\n`);
          }
        }),
      );

  program
    .command('delete <name>')
    .description('Forget a connection and its secrets; its books stay')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--yes', 'do not ask')
    .action(async (name: string, options: { dataDir?: string; yes?: boolean }) =>
      withControl(shell, options.dataDir, async ({ connections }) => {
        await confirm(shell, `The connection ${name} will be deleted.`, options.yes === true);
        await connections.remove(name, Date.now());
        shell.terminal.out(
          `${name}: deleted. Its books and dead letters stay; made again under this name, it goes on where it stood.\n`,
        );
      }),
    );
}

export async function withControl(
  shell: Shell,
  folder: string | undefined,
  work: (control: Control) => Promise<void>,
): Promise<void> {
  const { keySource, openControl } = await import('../connector.ts');
  const control = await openControl(dataDir(folder, shell.env), keySource(shell.env));
  try {
    await work(control);
  } finally {
    control.close();
  }
}

async function get(name: string | undefined, options: GetOptions, shell: Shell): Promise<void> {
  const { terminal, env } = shell;
  const { holderOf, keySource, openBooks } = await import('../connector.ts');
  const folder = dataDir(options.dataDir, env);
  const books = openBooks(folder, keySource(env));
  try {
    const isServed = holderOf(folder) !== undefined;
    const stored = await storedBy(name, books.connections);
    const statuses = new Map((await books.statuses.list()).map((each) => [each.connection, each]));
    const letters = await books.deadLetters.summary();
    const all: Shown[] = [];
    for (const each of stored) {
      const total = totalOf(await books.ledger.totals(each.name));
      const deadLetters = letters
        .filter(({ connection }) => connection === each.name)
        .reduce((sum, { n }) => sum + n, 0);
      const figures = { delivered: total.delivered, deadLetters };
      all.push(await shownOf(each, statuses.get(each.name), isServed, figures));
    }
    if (options.json) for (const each of all) terminal.out(`${JSON.stringify(each)}\n`);
    else if (options.yaml || name !== undefined) {
      const { stringify } = await import('yaml');
      terminal.out(stringify(name === undefined ? all : all[0]));
    } else terminal.out(listText(all, isServed, shell));
  } finally {
    books.close();
  }
}

async function storedBy(
  name: string | undefined,
  connections: Control['connections'],
): Promise<StoredConnection[]> {
  if (name === undefined) return connections.list();
  const one = await connections.get(name);
  if (!one)
    throw new UsageError('no_such_connection', `There is no connection ${name}`, {
      hint: 'Those there are: sluice get',
    });
  return [one];
}

async function shownOf(
  stored: StoredConnection,
  status: ConnectionStatus | undefined,
  isServed: boolean,
  figures: Pick<Shown, 'delivered' | 'deadLetters'>,
): Promise<Shown> {
  const { shown } = await import('../connector.ts');
  const spec = shown(stored);
  const detail = isServed && status && !stored.paused ? stateDetail(status.state) : undefined;
  return {
    name: stored.name,
    state: stored.paused
      ? 'paused'
      : !isServed
        ? 'not running'
        : status
          ? stateWords(status.state, Date.now())
          : 'not looked at yet',
    ...(detail === undefined ? {} : { detail }),
    source: sourceWords(spec),
    lagSeconds: status?.lagSeconds ?? null,
    ...figures,
    asOf: status ? new Date(status.at).toISOString() : null,
    changed: new Date(stored.updatedAt).toISOString(),
    spec,
  };
}

/** The kind of a source and the place it reads, where a setting names one. */
function sourceWords(spec: unknown): string {
  const { source } = spec as { source: Readonly<Record<string, unknown>> };
  const place = ['path', 'bucket', 'container', 'prefix']
    .map((key) => source[key])
    .filter((value) => typeof value === 'string' && value !== '');
  return [source['kind'], place.join('/')].filter((text) => text !== '').join(' ');
}

function listText(all: readonly Shown[], isServed: boolean, { terminal }: Shell): string {
  if (all.length === 0) return 'No connections yet. They are made by: sluice apply -f FILE\n';
  const { dim, yellow } = palette(terminal.color);
  const text = table(
    [
      { title: 'connection' },
      { title: 'state' },
      { title: 'source' },
      { title: 'lag', align: 'right' },
      { title: 'delivered', align: 'right' },
      { title: 'dead letters', align: 'right' },
    ],
    all.map((each) => [
      each.name,
      each.state,
      each.source,
      each.lagSeconds === null ? '·' : duration(each.lagSeconds * 1000),
      number(each.delivered),
      each.deadLetters === 0 ? '·' : number(each.deadLetters),
    ]),
    { dim },
  );
  const details = all.flatMap(({ name, state, detail }) =>
    detail === undefined ? [] : [`${name} is ${state}: ${detail}\n`],
  );
  const remark = isServed
    ? ''
    : yellow('No service works on this folder now. Start one: sluice serve\n');
  return text + details.join('') + remark;
}
