import type { Command } from 'commander';
import { StateError } from '../core/errors.ts';
import type { Change, Config, FieldChange } from '../connector.ts';
import { readConfig } from './config-file.ts';
import { confirm } from './confirm.ts';
import { DATA_DIR_HELP, dataDir } from './options.ts';
import type { Shell } from './shell.ts';
import { count, palette } from './terminal.ts';

interface Options {
  file: string;
  dataDir?: string;
  dryRun?: boolean;
  prune?: boolean;
  yes?: boolean;
  json?: boolean;
}

export function addApply(program: Command, shell: Shell): void {
  program
    .command('apply')
    .description('Make the connections of a file the ones that run; says first what changes')
    .requiredOption('-f, --file <file>', 'YAML or JSON; - for standard input')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--dry-run', 'only say what would change')
    .option('--prune', 'delete connections that are not in the file')
    .option('--yes', 'delete without asking')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
The file: docs/guides/connections.md. A service that runs follows within a second or two.

Secrets are sealed by a key: SLUICE_KEY, else the file SLUICE_KEY_FILE, else the file "key" in the data folder.`,
    )
    .action(async (options: Options) => apply(options, shell));

  program
    .command('schema')
    .description('The JSON Schema of the file that apply reads, for editors')
    .action(async () => {
      const { configJsonSchema } = await import('../connector.ts');
      shell.terminal.out(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    });
}

async function apply(options: Options, shell: Shell): Promise<void> {
  const { terminal, env } = shell;
  const { carryOut, keySource, openControl, planApply } = await import('../connector.ts');
  const folder = dataDir(options.dataDir, env);
  const config = await readConfig(options.file, env);
  const prune = options.prune === true;
  if (options.dryRun) {
    report(await planDry(config, folder, prune, env), { ...options, applied: false }, shell);
    return;
  }
  const control = await openControl(folder, keySource(env), { make: true });
  try {
    const changes = await planApply(control, config.connections, { prune });
    if (!options.json) terminal.out(changesText(changes, shell));
    const doomed = changes.filter(({ kind }) => kind === 'delete').map(({ name }) => name);
    if (doomed.length > 0)
      await confirm(
        shell,
        `${count(doomed.length, 'connection')} will be deleted: ${doomed.join(', ')}.`,
        options.yes === true,
      );
    await carryOut(control, changes, Date.now());
    report(changes, { ...options, applied: true }, shell);
  } finally {
    control.close();
  }
}

/** Looks without writing: a folder that is not there yet is not made. */
async function planDry(
  { connections }: Config,
  folder: string,
  prune: boolean,
  env: Shell['env'],
): Promise<Change[]> {
  const { keySource, openBooks, planApply, planForNewFolder } = await import('../connector.ts');
  let books: ReturnType<typeof openBooks>;
  try {
    books = openBooks(folder, keySource(env));
  } catch (error) {
    if (error instanceof StateError && error.code === 'no_data_folder')
      return planForNewFolder(connections);
    throw error;
  }
  try {
    return await planApply(books, connections, { prune });
  } finally {
    books.close();
  }
}

function report(
  changes: readonly Change[],
  { json, dryRun, applied }: { json?: boolean; dryRun?: boolean; applied: boolean },
  shell: Shell,
): void {
  const { terminal } = shell;
  if (json) {
    const shown = changes.map(({ spec: _spec, ...change }) => change);
    terminal.out(`${JSON.stringify({ applied, changes: shown })}\n`);
    return;
  }
  if (dryRun) terminal.out(changesText(changes, shell));
  const n = (kind: Change['kind']) => changes.filter((each) => each.kind === kind).length;
  const sums = [
    `${n('create')} created`,
    `${n('change')} changed`,
    `${n('unchanged')} unchanged`,
    ...(n('delete') > 0 ? [`${n('delete')} deleted`] : []),
  ];
  terminal.out(`${sums.join(', ')}.${applied ? '' : ' Nothing was done: this was a dry run.'}\n`);
}

function changesText(changes: readonly Change[], { terminal }: Shell): string {
  if (changes.length === 0) return 'The file names no connections.\n';
  const { green, yellow, red, dim } = palette(terminal.color);
  const lines = changes.flatMap(({ name, kind, fields, paused, isPaused, warnings }) => {
    const rests = isPaused && paused === undefined ? ' (paused)' : '';
    const head = {
      create: green(`+ ${name}: new${isPaused ? ', paused' : ''}`),
      change: yellow(`~ ${name}: changed${rests}`),
      unchanged: dim(`= ${name}: unchanged${rests}`),
      delete: red(`- ${name}: deleted; its books stay`),
      left: dim(`  ${name}: not in the file, stays${rests}; --prune deletes it`),
    }[kind];
    return [
      head,
      ...fields.map((field) => `    ${fieldText(field)}`),
      ...(kind === 'change' && paused !== undefined
        ? [`    ${paused ? 'paused' : 'resumed'}`]
        : []),
      ...warnings.map((text) => `    ${yellow('warning:')} ${text}`),
    ];
  });
  return `${lines.join('\n')}\n`;
}

function fieldText({ place, before, after, isSecret }: FieldChange): string {
  if (isSecret) return `${place}: *** (changed)`;
  return `${place}: ${before ?? '(none)'} → ${after ?? '(none)'}`;
}
