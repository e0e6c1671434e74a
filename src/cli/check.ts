import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import type { Shell } from './shell.ts';
import { type DestinationOptions, readDestination, withDestination } from './options.ts';
import { EXIT } from './report.ts';
import { palette } from './terminal.ts';

export function addChecks(program: Command, shell: Shell): void {
  const command = program
    .command('check')
    .description('Try the credentials and the source, without side effects')
    .option('--from <dir>', 'folder with Currents Avro files')
    .option('--json', 'print one JSON object');
  withDestination(command).action(
    async (options: DestinationOptions & { from?: string; json?: boolean }) => {
      const { terminal } = shell;
      const { checkSetup } = await import('../connector.ts');
      const destination = namesProject(options, shell)
        ? readDestination(options, shell.env)
        : undefined;
      if (options.from === undefined && !destination)
        throw new UsageError('nothing_to_check', 'Nothing says what to check', {
          hint: 'Give --from DIR, or the options of a Mixpanel project, or both.',
        });
      const lines = await checkSetup(
        {
          ...(options.from === undefined ? {} : { from: options.from }),
          ...(destination ? { destination } : {}),
        },
        shell.signal,
      );
      const { green, red } = palette(terminal.color);
      if (options.json)
        terminal.out(`${JSON.stringify({ ok: lines.every((line) => line.ok), checks: lines })}\n`);
      else
        for (const { ok, detail } of lines)
          terminal.out(`${ok ? green('✓') : red('✗')} ${detail}\n`);
      if (lines.some((line) => !line.ok && line.what === 'mixpanel')) shell.exit(EXIT.halted);
      else if (lines.some((line) => !line.ok)) shell.exit(EXIT.unreadable);
    },
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
