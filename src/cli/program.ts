import { Command, CommanderError } from 'commander';
import { SluiceError, UsageError } from '../core/errors.ts';
import { addApply } from './apply.ts';
import { addBackup } from './backup.ts';
import { addChecks } from './check.ts';
import { addCohorts } from './cohorts.ts';
import { addConnectionJobs } from './connection-jobs.ts';
import { addConnections } from './connections.ts';
import { addDeadLetters } from './dead-letters.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { addExport } from './export.ts';
import { addKeys } from './keys.ts';
import { addPreview } from './preview.ts';
import { EXIT } from './report.ts';
import { addRuns } from './runs.ts';
import { addServe } from './serve.ts';
import { addTest } from './test-events.ts';
import { addTools } from './tools.ts';
import { addUsers } from './users.ts';
import type { Shell } from './shell.ts';
import { isTerminal, palette, processTerminal, type Terminal } from './terminal.ts';
import { version } from './version.ts';

/** Every command with its options. */
export async function program(shell: Shell): Promise<Command> {
  const command = new Command('sluice')
    .description('Streams Braze Currents events into Mixpanel, with books that balance.')
    .version(version(), '-V, --version')
    .configureHelp({ helpWidth: Math.min(shell.terminal.width, 110) })
    .showHelpAfterError('Run with --help to see what is possible.')
    .exitOverride();
  addDemo(command, shell);
  addExport(command, shell);
  addPreview(command, shell);
  addChecks(command, shell);
  addTest(command, shell);
  addApply(command, shell);
  addConnections(command, shell);
  addConnectionJobs(command, shell);
  addDeadLetters(command, shell);
  addCohorts(command, shell);
  addServe(command, shell);
  addUsers(command, shell);
  addRuns(command, shell);
  addKeys(command, shell);
  addBackup(command, shell);
  addDoctor(command, shell);
  await addTools(command, shell);
  command.addHelpText(
    'after',
    `
First steps:
  sluice demo --once                      see the whole thing work, on made-up data
  sluice preview FILE.avro | head -3      see your events as Mixpanel would get them; sends nothing
  sluice check --from DIR ...             try the credentials and the folder; sends nothing
  sluice test --events TYPES ...          send one marked test event of each type
  sluice export --from DIR ...            send them

Exit codes of export: 0 all delivered or skipped, 3 finished with dead letters, 4 halted by credentials,
5 a source could not be read whole, 2 wrong usage, 1 any other failure.`,
  );
  return command;
}

/** One error, as a person wants to read it. */
function explain(error: unknown, terminal: Terminal): number {
  const paint = palette(terminal.live);
  if (error instanceof SluiceError) {
    terminal.err(`${paint.red('error:')} ${error.message}\n`);
    if (error.hint) terminal.err(`${error.hint}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  terminal.err(`${paint.red('error:')} ${message}\n`);
  if (process.env['SLUICE_DEBUG']) terminal.err(`${stack}\n`);
  return EXIT.failed;
}

/** Runs the command line of this process. */
export async function main(): Promise<void> {
  const terminal = processTerminal();
  const stop = new AbortController();
  const onSignal = (): void => {
    // A second Ctrl-C ends the process at once, as people expect.
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
    stop.abort(new Error('interrupted'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `sluice preview … | head` closes the pipe early; that is no fault.
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const shell: Shell = {
    terminal,
    env: process.env,
    args: process.argv.slice(2),
    ...(isTerminal(process.stdin) ? { input: process.stdin } : {}),
    signal: stop.signal,
    exit: (code) => {
      process.exitCode = code;
    },
  };
  try {
    await (await program(shell)).parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
      return;
    }
    process.exitCode = explain(error, terminal);
  }
}
