import type { Command } from 'commander';
import { DATA_DIR_HELP, dataDir } from './options.ts';
import type { Shell } from './shell.ts';
import { count } from './terminal.ts';

export function addKeys(program: Command, shell: Shell): void {
  const group = program
    .command('keys')
    .description('The key that seals the stored settings of connections');
  group
    .command('rotate')
    .description('Seal everything with a new key; may be stopped and started again at any time')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .addHelpText(
      'after',
      `
A key that Sluice made itself is replaced by a new one. A key of your own you replace yourself: give the new one
by SLUICE_KEY (or as the first line of SLUICE_KEY_FILE) and the one before by SLUICE_OLD_KEY (or as the second
line) to the service and to this command; afterwards the old one can go.`,
    )
    .action(async (options: { dataDir?: string }) => {
      const { keySource, openControl } = await import('../connector.ts');
      const folder = dataDir(options.dataDir, shell.env);
      const control = await openControl(folder, keySource(shell.env));
      try {
        const { made, resealed } = control.rotateKeys();
        const sealed = `${count(resealed, 'connection')} sealed anew.`;
        shell.terminal.out(
          made
            ? `New key in ${folder}/key. ${sealed} Backups made before need the key of their time.\n`
            : resealed === 0
              ? 'Everything is sealed with the current key already.\n'
              : `${sealed} The key before is needed no more.\n`,
        );
      } finally {
        control.close();
      }
    });
}
