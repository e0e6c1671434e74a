import type { Command } from 'commander';
import type { Shell } from './shell.ts';
import { DATA_DIR_HELP, dataDir } from './options.ts';
import { EXIT } from './report.ts';
import { bytes, count } from './terminal.ts';

export function addBackup(program: Command, shell: Shell): void {
  program
    .command('backup')
    .description(
      'Copy the ledger of a data folder, also while Sluice works on it, and verify the copy',
    )
    .requiredOption('--to <file>', 'where the copy goes')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--force', 'replace a file that is there already')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
The key that opens the credentials of connections is not in the copy: keep that apart, or they must be given anew.
To restore, see docs/guides/backup.md.`,
    )
    .action(async (options: { to: string; dataDir?: string; force?: boolean; json?: boolean }) => {
      const { backUp } = await import('../connector.ts');
      const {
        file,
        bytes: size,
        health,
      } = await backUp(dataDir(options.dataDir, shell.env), options.to, {
        replace: options.force ?? false,
      });
      const unbalanced =
        health?.connections.filter(({ imbalances }) => imbalances.length > 0) ?? [];
      if (options.json)
        shell.terminal.out(
          `${JSON.stringify({ file, bytes: size, balanced: health ? health.ok : null })}\n`,
        );
      else
        shell.terminal.out(
          `${file}: ${bytes(size)}, ${health ? `read back, ${count(health.connections.length, 'connection')}` : 'read back; written by an older Sluice'}.\n` +
            'The key that opens the credentials of connections is not in it: keep that apart.\n',
        );
      if (unbalanced.length === 0) return;
      shell.terminal.err(
        `The copy is whole, but the books do not balance: ${unbalanced.map(({ connection }) => connection).join('; ')}. See \`sluice doctor\`.\n`,
      );
      shell.exit(EXIT.failed);
    });
}
