import type { Command } from 'commander';
import type { PreviewLine } from '../connector.ts';
import type { Shell } from './shell.ts';
import { type MappingOptions, readMapping, withMapping } from './options.ts';
import { EXIT } from './report.ts';
import { palette } from './terminal.ts';

/** What stands for the project token where no project is involved. */
const TOKEN = '<token>';

interface Options extends MappingOptions {
  limit?: string;
}

export function addPreview(program: Command, shell: Shell): void {
  const command = program
    .command('preview')
    .description('Show what each record of a file would become in Mixpanel; sends nothing')
    .argument('<files...>', "Avro files, or JSON files as Braze's Custom HTTP connector posts them")
    .option('--limit <n>', 'stop after this many records')
    .option('--json', 'one JSON object a line, which is also the default');
  withMapping(command);
  command.addHelpText(
    'after',
    `
Prints one JSON object per record, in file order:
  {"type":…,"outcome":"event","event":{"event":…,"properties":{…}}}
  {"type":…,"outcome":"skip","reason":…}
  {"type":…,"outcome":"dead-letter","cause":…,"detail":…}

No credentials are needed; the token property shows as ${TOKEN}.`,
  );
  command.action(async (files: string[], options: Options) => {
    const limit = options.limit === undefined ? Infinity : Number(options.limit);
    const { terminal } = shell;
    let shown = 0;
    const onProblem = (text: string): void => {
      terminal.err(`${palette(terminal.live).red('error:')} ${text}\n`);
      shell.exit(EXIT.unreadable);
    };
    const { previewFiles } = await import('../connector.ts');
    const { settings, salt } = await readMapping(options, shell.env);
    const lines = previewFiles(files, {
      settings,
      salt,
      token: TOKEN,
      onProblem,
      onWarning: (text) => terminal.err(`warning: ${text}\n`),
      signal: shell.signal,
    });
    for await (const line of lines) {
      if (shown >= limit) break;
      terminal.out(`${render(line)}\n`);
      shown++;
    }
  });
}

/** The event's own bytes are put in as they are, so that what is shown is what would be sent. */
function render(line: PreviewLine): string {
  const type = JSON.stringify(line.type);
  if (line.outcome === 'event') return `{"type":${type},"outcome":"event","event":${line.event}}`;
  return JSON.stringify(line);
}
