import type { Command } from 'commander';
import type { TestReport } from '../connector.ts';
import type { Shell } from './shell.ts';
import {
  backoffFrom,
  DATA_DIR_HELP,
  dataDir,
  type DestinationOptions,
  type MappingOptions,
  readDestination,
  readMapping,
  withDestination,
  withMapping,
} from './options.ts';
import { progressLine } from './progress.ts';
import { EXIT } from './report.ts';
import { count, palette, table } from './terminal.ts';

interface Options extends DestinationOptions, MappingOptions {
  dataDir?: string;
  json?: boolean;
}

export function addTest(program: Command, shell: Shell): void {
  const command = program
    .command('test')
    .description('Send one made-up event of each selected type to Mixpanel, marked as a test')
    .argument('[name]', 'a stored connection; then nothing else is needed')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--json', 'print one JSON object');
  withMapping(withDestination(command));
  command.addHelpText(
    'after',
    `
The events carry the property sluice_test: true and belong to the user sluice-test-user; their values are placeholders.
They stay in the project, and count there as any event does. Each call sends new ones.

Examples:
  sluice test prod-email
  sluice test --project-token TOKEN --region eu --events "users.messages.email.*"

Exit codes: 0 all sent or skipped, 3 some rejected, 4 halted by credentials.`,
  );
  command.action(async (name: string | undefined, options: Options) => {
    const { terminal, env, signal } = shell;
    const { keySource, sendStoredTestEvents, sendTestEvents } = await import('../connector.ts');
    const progress = progressLine(terminal, false);
    const events = {
      onWarning: (text: string) => terminal.err(`warning: ${text}\n`),
      onRetry: progress.retry,
    };
    const common = { now: Date.now(), ...backoffFrom(env) };
    const send = async (): Promise<TestReport> => {
      if (name === undefined) {
        const destination = readDestination(options, env);
        const mapping = await readMapping(options, env);
        return sendTestEvents({ ...common, destination, ...mapping }, signal, events);
      }
      const place = { dataDir: dataDir(options.dataDir, env), keys: keySource(env) };
      return sendStoredTestEvents({ ...common, ...place, connection: name }, signal, events);
    };
    const report = await send().finally(progress.end);
    terminal.out(
      options.json ? `${JSON.stringify(reportJson(report))}\n` : reportText(report, terminal.color),
    );
    if (report.halted !== undefined) shell.exit(EXIT.halted);
    else if (numberOf(report, 'rejected') > 0) shell.exit(EXIT.deadLetters);
  });
}

function reportJson(report: TestReport): Record<string, unknown> {
  const { results, halted } = report;
  return {
    sent: numberOf(report, 'sent'),
    rejected: numberOf(report, 'rejected'),
    skipped: numberOf(report, 'skipped'),
    ...(halted === undefined ? {} : { halted }),
    results,
  };
}

function reportText(report: TestReport, color: boolean): string {
  const { dim, red } = palette(color);
  const rows = report.results.map(({ type, event, outcome, detail }) => [
    type,
    event ?? '',
    // Halted, all have the same reason: it is said below.
    detail === undefined || outcome === 'not-sent'
      ? outcome.replace('-', ' ')
      : `${outcome}: ${detail}`,
  ]);
  const out =
    rows.length === 0
      ? []
      : [
          table([{ title: 'event type' }, { title: 'Mixpanel event' }, { title: 'result' }], rows, {
            dim,
          }),
        ];
  const sent = numberOf(report, 'sent');
  if (report.halted !== undefined)
    out.push(red(`Halted: ${report.halted}`), '  Mend this and try again.');
  else
    out.push(
      `${count(sent, 'test event')} sent, ${numberOf(report, 'rejected')} rejected, ${numberOf(report, 'skipped')} skipped.`,
    );
  if (sent > 0) out.push('In Mixpanel they are found by the property sluice_test.');
  return `${out.join('\n')}\n`;
}

function numberOf({ results }: TestReport, wanted: string): number {
  return results.filter(({ outcome }) => outcome === wanted).length;
}
