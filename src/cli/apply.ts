import type { Command } from 'commander';
import { StateError } from '../core/errors.ts';
import type { Change, Config, FieldChange, ImportChange } from '../connector.ts';
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

/** What a file changes. */
interface Plan {
  readonly connections: readonly Change[];
  readonly imports: readonly ImportChange[];
}

type AnyChange = Change<unknown>;

export function addApply(program: Command, shell: Shell): void {
  program
    .command('apply')
    .description(
      'Make the connections and cohort imports of a file the ones that run; says first what changes',
    )
    .requiredOption('-f, --file <file>', 'YAML or JSON; - for standard input')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--dry-run', 'only say what would change')
    .option('--prune', 'delete connections and cohort imports that are not in the file')
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
  const { carryOut, carryOutImports, keySource, openControl, planApply, planImports } =
    await import('../connector.ts');
  const folder = dataDir(options.dataDir, env);
  const config = await readConfig(options.file, env);
  const prune = options.prune === true;
  if (options.dryRun) {
    report(await planDry(config, folder, prune, env), { ...options, applied: false }, shell);
    return;
  }
  const control = await openControl(folder, keySource(env), { make: true });
  try {
    const plan: Plan = {
      connections: await planApply(control, config.connections, { prune }),
      imports: await planImports(control.cohortImports, config.cohortImports, { prune }),
    };
    if (!options.json) terminal.out(planText(plan, shell));
    const doomed = [
      ...doomedOf(plan.connections, 'connection'),
      ...doomedOf(plan.imports, 'cohort import'),
    ];
    if (doomed.length > 0) await confirm(shell, doomed.join(' '), options.yes === true);
    await carryOut(control, plan.connections, Date.now());
    await carryOutImports(control.cohortImports, plan.imports, Date.now());
    report(plan, { ...options, applied: true }, shell);
  } finally {
    control.close();
  }
}

function doomedOf(changes: readonly AnyChange[], thing: string): string[] {
  const names = changes.filter(({ kind }) => kind === 'delete').map(({ name }) => name);
  return names.length === 0
    ? []
    : [`${count(names.length, thing)} will be deleted: ${names.join(', ')}.`];
}

/** Looks without writing: a folder that is not there yet is not made. */
async function planDry(
  { connections, cohortImports }: Config,
  folder: string,
  prune: boolean,
  env: Shell['env'],
): Promise<Plan> {
  const {
    keySource,
    openBooks,
    planApply,
    planForNewFolder,
    planImports,
    planImportsForNewFolder,
  } = await import('../connector.ts');
  let books: ReturnType<typeof openBooks>;
  try {
    books = openBooks(folder, keySource(env));
  } catch (error) {
    if (error instanceof StateError && error.code === 'no_data_folder')
      return {
        connections: planForNewFolder(connections),
        imports: planImportsForNewFolder(cohortImports),
      };
    throw error;
  }
  try {
    return {
      connections: await planApply(books, connections, { prune }),
      imports: await planImports(books.cohortImports, cohortImports, { prune }),
    };
  } finally {
    books.close();
  }
}

function report(
  plan: Plan,
  { json, dryRun, applied }: { json?: boolean; dryRun?: boolean; applied: boolean },
  shell: Shell,
): void {
  const { terminal } = shell;
  if (json) {
    const shown = (changes: readonly AnyChange[]) =>
      changes.map(({ spec: _spec, ...change }) => change);
    const { connections, imports } = plan;
    terminal.out(
      `${JSON.stringify({ applied, changes: shown(connections), cohortImports: shown(imports) })}\n`,
    );
    return;
  }
  if (dryRun) terminal.out(planText(plan, shell));
  const all: AnyChange[] = [...plan.connections, ...plan.imports];
  const n = (kind: Change['kind']) => all.filter((each) => each.kind === kind).length;
  const sums = [
    `${n('create')} created`,
    `${n('change')} changed`,
    `${n('unchanged')} unchanged`,
    ...(n('delete') > 0 ? [`${n('delete')} deleted`] : []),
  ];
  terminal.out(`${sums.join(', ')}.${applied ? '' : ' Nothing was done: this was a dry run.'}\n`);
}

function planText({ connections, imports }: Plan, shell: Shell): string {
  if (connections.length + imports.length === 0)
    return 'The file names no connections and no cohort imports.\n';
  return (
    changesText(connections, 'its books stay', shell) +
    (imports.length === 0
      ? ''
      : `Cohort imports:\n${changesText(imports, 'what it wrote to Braze stays', shell)}`)
  );
}

function changesText(changes: readonly AnyChange[], stays: string, { terminal }: Shell): string {
  const { green, yellow, red, dim } = palette(terminal.color);
  return changes
    .flatMap(({ name, kind, fields, paused, isPaused, warnings }) => {
      const rests = isPaused && paused === undefined ? ' (paused)' : '';
      const head = {
        create: green(`+ ${name}: new${isPaused ? ', paused' : ''}`),
        change: yellow(`~ ${name}: changed${rests}`),
        unchanged: dim(`= ${name}: unchanged${rests}`),
        delete: red(`- ${name}: deleted; ${stays}`),
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
    })
    .map((line) => `${line}\n`)
    .join('');
}

function fieldText({ place, before, after, isSecret }: FieldChange): string {
  if (isSecret) return `${place}: *** (changed)`;
  return `${place}: ${before ?? '(none)'} → ${after ?? '(none)'}`;
}
