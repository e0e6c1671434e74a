import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import type { Shell } from './shell.ts';
import type { CheckLine } from '../connector.ts';
import {
  DATA_DIR_HELP,
  dataDir,
  type DestinationOptions,
  readDestination,
  withDestination,
} from './options.ts';
import { EXIT } from './report.ts';
import { palette } from './terminal.ts';

interface Options extends DestinationOptions {
  from?: string;
  dataDir?: string;
  json?: boolean;
}

export function addChecks(program: Command, shell: Shell): void {
  const command = program
    .command('check')
    .description('Try the credentials and the source, without side effects')
    .argument('[name]', 'a stored connection; then nothing else is needed')
    .option('--from <dir>', 'folder with Currents Avro files')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--json', 'print one JSON object');
  withDestination(command).action(async (name: string | undefined, options: Options) => {
    const { terminal } = shell;
    const lines =
      name === undefined
        ? await checkGiven(options, shell)
        : await checkNamed(name, options, shell);
    const { green, red } = palette(terminal.color);
    if (options.json)
      terminal.out(`${JSON.stringify({ ok: lines.every((line) => line.ok), checks: lines })}\n`);
    else
      for (const { ok, detail } of lines) terminal.out(`${ok ? green('✓') : red('✗')} ${detail}\n`);
    if (lines.some((line) => !line.ok && line.what === 'mixpanel')) shell.exit(EXIT.halted);
    else if (lines.some((line) => !line.ok)) shell.exit(EXIT.unreadable);
  });
}

async function checkNamed(
  name: string,
  options: Options,
  { env, signal }: Shell,
): Promise<CheckLine[]> {
  const { checkStored, keySource } = await import('../connector.ts');
  return checkStored(name, dataDir(options.dataDir, env), keySource(env), signal);
}

async function checkGiven(options: Options, shell: Shell): Promise<CheckLine[]> {
  const { checkSetup } = await import('../connector.ts');
  const destination = namesProject(options, shell)
    ? readDestination(options, shell.env)
    : undefined;
  if (options.from === undefined && !destination)
    throw new UsageError('nothing_to_check', 'Nothing says what to check', {
      hint: 'Give --from DIR, or the options of a Mixpanel project, or both.',
    });
  return checkSetup(
    {
      ...(options.from === undefined ? {} : { from: options.from }),
      ...(destination ? { destination } : {}),
    },
    shell.signal,
  );
}

function namesProject(options: DestinationOptions, { env }: Shell): boolean {
  const given: unknown[] = [
    options.projectToken,
    options.projectTokenFile,
    options.serviceAccount,
    options.apiSecretFile,
    options.region,
    options.mixpanelUrl,
    env['MIXPANEL_PROJECT_TOKEN'],
    env['MIXPANEL_SERVICE_ACCOUNT'],
    env['MIXPANEL_API_SECRET'],
  ];
  return given.some((each) => each !== undefined);
}
