import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import type { Shell } from './shell.ts';
import {
  backoffFrom,
  dataDir,
  DATA_DIR_HELP,
  type DestinationOptions,
  type MappingOptions,
  readDestination,
  readMapping,
  withDestination,
  withMapping,
} from './options.ts';
import { progressLine } from './progress.ts';
import { exitCodeOf, exportJson, exportText } from './report.ts';

interface Options extends DestinationOptions, MappingOptions {
  from: string;
  dataDir?: string;
  connection?: string;
  concurrency?: string;
  json?: boolean;
}

export function addExport(program: Command, shell: Shell): void {
  const command = program
    .command('export')
    .description('Send the Currents files of a folder to Mixpanel, each event once')
    .requiredOption('--from <dir>', 'folder with Currents Avro files, in any layout')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option(
      '--connection <name>',
      'name of this export in the ledger; by default made from folder and project',
    )
    .option('--concurrency <n>', 'requests in flight at once', '4')
    .option('--json', 'print one JSON object at the end');
  withMapping(withDestination(command));
  command.addHelpText(
    'after',
    `
Examples:
  sluice export --from ./currents --service-account sluice --secret-file secret.txt --project-id 12345 --region eu
  sluice export --from ./currents --project-token TOKEN --region us --events "users.messages.email.*,users.behaviors.Purchase"

It may be stopped and started again at any time: what is settled is not read again. Files that came late or have
changed are read by the next run.`,
  );
  command.action(async (options: Options) => {
    const { terminal } = shell;
    // Not by the whole of the connector: the service's parts would cost every export their loading.
    const { exportFolder } = await import('../connector/export.ts');
    const concurrency = Number(options.concurrency);
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 64)
      throw new UsageError('bad_concurrency', '--concurrency takes a whole number from 1 to 64');
    const folder = dataDir(options.dataDir, shell.env);
    const progress = progressLine(terminal, options.json !== true);
    const result = await exportFolder(
      {
        from: options.from,
        dataDir: folder,
        ...(options.connection === undefined ? {} : { connection: options.connection }),
        destination: readDestination(options, shell.env),
        concurrency,
        ...backoffFrom(shell.env),
        ...(await readMapping(options, shell.env)),
      },
      {
        signal: shell.signal,
        onWarning: (text) => terminal.err(`warning: ${text}\n`),
        ...(progress.live ? { onStart: progress.start } : {}),
        onSettled: progress.settled,
        onRetry: progress.retry,
      },
    ).finally(progress.end);
    if (options.json) terminal.out(`${JSON.stringify(exportJson(result))}\n`);
    else terminal.out(exportText(result, { ...terminal, dataDir: folder }));
    shell.exit(exitCodeOf(result));
  });
}
