import type { Command } from 'commander';
import type { Health } from '../core/upkeep.ts';
import type { Shell } from './shell.ts';
import { DATA_DIR_HELP, dataDir } from './options.ts';
import { EXIT } from './report.ts';
import { bytes, count, number, palette, table, type Terminal } from './terminal.ts';

/** Of each kind, no more are shown to a person. */
const SHOWN = 10;

export function addDoctor(program: Command, shell: Shell): void {
  program
    .command('doctor')
    .description('Examine a data folder: damage, books that do not balance, sizes')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Works beside a running service. Exit codes: 0 sound, 1 damaged or out of balance. Slices that can't be read are shown
and are no reason for 1: the fault lies in the input.`,
    )
    .action(async (options: { dataDir?: string; json?: boolean }) => {
      const { examine } = await import('../connector.ts');
      const dir = dataDir(options.dataDir, shell.env);
      const health = await examine(dir);
      shell.terminal.out(
        options.json
          ? `${JSON.stringify({ dataDir: dir, ...health })}\n`
          : healthText(health, shell.terminal),
      );
      if (!health.ok) shell.exit(EXIT.failed);
    });
}

function healthText(health: Health, terminal: Terminal): string {
  const { red, green, yellow, dim } = palette(terminal.color);
  const mark = (good: boolean, right: string, wrong: string): string =>
    good ? `${green('✓')} ${right}` : red(`✗ ${wrong}`);
  const { damage, connections } = health;
  const out = [mark(damage.length === 0, 'No damage', 'The database is damaged')];
  out.push(...few(damage));
  if (damage.length > 0)
    return `${[...out, 'Restore it from a backup: see docs/guides/backup.md.'].join('\n')}\n`;

  const unbalanced = connections.flatMap(({ connection, imbalances }) =>
    imbalances.map(({ slice, problem }) => `${connection}: ${slice}: ${problem}`),
  );
  out.push(
    mark(
      unbalanced.length === 0,
      `The books balance (${count(connections.length, 'connection')})`,
      'The books do not balance. This is a fault in Sluice: please report it with the output of `sluice doctor --json`',
    ),
    ...few(unbalanced),
  );
  const unreadable = connections.flatMap(({ connection, problems }) =>
    problems.map(({ slice, problem }) => `${connection}: ${slice}: ${problem}`),
  );
  if (unreadable.length > 0)
    out.push(
      yellow(`${count(unreadable.length, 'slice')} could not be read whole`),
      ...few(unreadable),
    );
  const letters = connections.reduce((sum, { deadLetters }) => sum + deadLetters, 0);
  if (letters > 0)
    out.push(yellow(`${count(letters, 'dead letter')}: see sluice dead-letters list`));
  const sizes = table(
    [{ title: 'table' }, { title: 'rows', align: 'right' }, { title: 'size', align: 'right' }],
    health.tables.map((each) => [each.table, number(each.rows), bytes(each.bytes)]),
    { dim },
  );
  out.push(
    '',
    `${sizes}database ${bytes(health.databaseBytes)}, of it free ${bytes(health.freeBytes)}; log ${bytes(health.logBytes)}`,
  );
  return `${out.join('\n')}\n`;
}

function few(lines: readonly string[]): string[] {
  const shown = lines.slice(0, SHOWN).map((line) => `  ${line}`);
  return lines.length > SHOWN ? [...shown, `  … and ${lines.length - SHOWN} more`] : shown;
}
