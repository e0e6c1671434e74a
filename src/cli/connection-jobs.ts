import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import type { Job, JobKind } from '../core/connections.ts';
import { confirm } from './confirm.ts';
import { withControl } from './connections.ts';
import { DATA_DIR_HELP, dataDir } from './options.ts';
import type { Shell } from './shell.ts';
import { count, palette, table } from './terminal.ts';

interface WindowOptions {
  dataDir?: string;
  since: string;
  until?: string;
  yes?: boolean;
}

const MOMENT = 'a date 2026-07-31 or an hour 2026-07-31-23, UTC';

export function addConnectionJobs(program: Command, shell: Shell): void {
  withWindow(
    program
      .command('backfill <name>')
      .description('Read hours that the connection has left alone or passed; each event once'),
  ).action(async (name: string, options: WindowOptions) =>
    addJob('backfill', name, options, shell),
  );

  withWindow(
    program
      .command('replay <name>')
      .description('Send settled hours again, with the settings of today'),
  )
    .option('--yes', 'also when Mixpanel will keep both copies')
    .action(async (name: string, options: WindowOptions) => addJob('replay', name, options, shell));

  program
    .command('jobs [name]')
    .description('Backfills and replays: what waits, what runs, what became of the others')
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .option('--limit <n>', 'how many, newest first', '20')
    .option('--json', 'print one JSON object a job')
    .action(
      async (
        name: string | undefined,
        options: { dataDir?: string; limit: string; json?: boolean },
      ) => {
        const { openBooks } = await import('../connector.ts');
        const books = openBooks(dataDir(options.dataDir, shell.env));
        try {
          const jobs = await books.jobs.list({
            ...(name === undefined ? {} : { connection: name }),
            limit: Number(options.limit),
          });
          if (options.json) for (const job of jobs) shell.terminal.out(`${JSON.stringify(job)}\n`);
          else shell.terminal.out(jobs.length === 0 ? 'No jobs.\n' : jobsText(jobs, shell));
        } finally {
          books.close();
        }
      },
    );
}

function withWindow(command: Command): Command {
  return command
    .option('--data-dir <dir>', DATA_DIR_HELP)
    .requiredOption('--since <moment>', `first hour: ${MOMENT}`)
    .option('--until <moment>', 'up to this, but without it; by default up to now');
}

async function addJob(
  kind: JobKind,
  name: string,
  options: WindowOptions,
  shell: Shell,
): Promise<void> {
  const since = await hourFrom(options.since, '--since');
  const until = options.until === undefined ? null : await hourFrom(options.until, '--until');
  if (until !== null && until <= since)
    throw new UsageError('empty_window', '--until must lie after --since: nothing is between them');
  await withControl(shell, options.dataDir, async (control) => {
    if (kind === 'replay') {
      const doubt = await replayDoubt(control, name, { since, until: until ?? undefined });
      if (doubt !== undefined) await confirm(shell, doubt, options.yes === true);
    }
    const { id } = await control.jobs.add({ connection: name, kind, since, until }, Date.now());
    shell.terminal.out(
      `${name}: ${kind} of ${since} to ${until ?? 'now'} is job ${id}. How it goes: sluice jobs ${name}\n`,
    );
  });
}

async function hourFrom(text: string, option: string): Promise<string> {
  const { hourOf } = await import('../connector.ts');
  const hour = hourOf(text);
  if (hour === undefined)
    throw new UsageError('bad_moment', `${option} takes ${MOMENT}, not ${JSON.stringify(text)}`);
  return hour;
}

/** Why Mixpanel would keep both copies of what is sent again; undefined when it would drop the second. */
async function replayDoubt(
  control: Parameters<Parameters<typeof withControl>[2]>[0],
  name: string,
  window: { since: string; until: string | undefined },
): Promise<string | undefined> {
  const { otherKeys, parseConnection } = await import('../connector.ts');
  const stored = await control.connections.get(name);
  // Adding the job says that there is none.
  if (!stored) return undefined;
  const { known, unknown } = await otherKeys(control, parseConnection(stored.spec), window);
  if (known > 0)
    return `Since then the settings have changed that make the key by which Mixpanel knows a repeat: of ${count(known, 'slice')} it would keep both copies.`;
  if (unknown > 0)
    return `By what settings ${count(unknown, 'slice')} of that time went out is not known: if event names or distinct_id have changed, Mixpanel would keep both copies.`;
  return undefined;
}

function jobsText(jobs: readonly Job[], { terminal }: Shell): string {
  const { dim } = palette(terminal.color);
  const at = (time: number) => new Date(time).toISOString().slice(0, 16).replace('T', ' ');
  return table(
    [
      { title: 'job', align: 'right' },
      { title: 'connection' },
      { title: 'kind' },
      { title: 'since' },
      { title: 'until' },
      { title: 'state' },
      { title: 'reached' },
      { title: 'asked for (UTC)' },
      { title: 'ended' },
      { title: 'detail' },
    ],
    jobs.map((job) => [
      String(job.id),
      job.connection,
      job.kind,
      job.since,
      job.until ?? '·',
      job.state,
      job.reached ?? '·',
      at(job.createdAt),
      job.endedAt === null ? '·' : at(job.endedAt),
      job.detail ?? '',
    ]),
    { dim },
  );
}
