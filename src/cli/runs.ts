import type { Command } from 'commander';
import type { Shell } from './shell.ts';
import { DATA_DIR_HELP, dataDir } from './options.ts';
import { duration, number, table } from './terminal.ts';

export function addRuns(program: Command, shell: Shell): void {
  program
    .command('runs')
    .description('What was run, when, and with what result')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--limit <n>', 'how many, newest first', '20')
    .option('--json', 'print one JSON object a run')
    .action(async (options: { dataDir?: string; limit: string; json?: boolean }) => {
      const { openBooks } = await import('../connector.ts');
      const books = openBooks(dataDir(options.dataDir, shell.env));
      try {
        const runs = await books.ledger.runs({ limit: Number(options.limit) });
        if (options.json) {
          for (const run of runs) shell.terminal.out(`${JSON.stringify(run)}\n`);
          return;
        }
        if (runs.length === 0) {
          shell.terminal.out('No runs yet.\n');
          return;
        }
        shell.terminal.out(
          table(
            [
              { title: 'run', align: 'right' },
              { title: 'started (UTC)' },
              { title: 'took', align: 'right' },
              { title: 'state' },
              { title: 'read', align: 'right' },
              { title: 'delivered', align: 'right' },
              { title: 'skipped', align: 'right' },
              { title: 'dead letters', align: 'right' },
              { title: 'connection' },
            ],
            runs.map((run) => [
              String(run.id),
              new Date(run.startedAt).toISOString().slice(0, 19).replace('T', ' '),
              run.endedAt === null ? '…' : duration(run.endedAt - run.startedAt),
              run.state,
              number(run.read),
              number(run.delivered),
              number(run.skipped),
              number(run.deadLetters),
              run.connection,
            ]),
          ),
        );
        for (const run of runs.slice(0, 3))
          if (run.detail) shell.terminal.out(`run ${run.id}: ${run.detail}\n`);
      } finally {
        books.close();
      }
    });
}
