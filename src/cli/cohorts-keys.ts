import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import { changing, type Common, looking, moment, withData } from './cohorts-parts.ts';
import { confirm } from './confirm.ts';
import type { Shell } from './shell.ts';
import { palette, table } from './terminal.ts';

const URL_HELP = 'where Mixpanel reaches this service, for the address to paste';
const URL = 'https://sluice.example.com';

export function addCohortKeys(cohorts: Command, shell: Shell): void {
  const { terminal } = shell;
  const group = cohorts
    .command('keys')
    .description('Data import keys, by which Mixpanel gets in; each is shown once');

  const print = (name: string, key: string, base: string): void => {
    terminal.err(
      `The key of ${name}. It is shown this once. In Mixpanel, give it as the password of ${base}/cohorts/${name}, or paste the address ${base}/cohorts/KEY:\n`,
    );
    terminal.out(`${key}\n`);
  };

  withData(group.command('add <import>'))
    .description('Make a key')
    .option('--note <text>', 'what it is for')
    .option('--url <url>', URL_HELP, URL)
    .action(async (name: string, options: Common & { note?: string; url: string }) =>
      changing(shell, options, async ({ keys }, note) => {
        const made = await keys.add(name, options.note);
        await note('cohort-key.add', `${name} (${made.hint}…)`);
        print(name, made.key, options.url.replace(/\/+$/, ''));
      }),
    );

  withData(group.command('list <import>'))
    .description('The keys of an import, newest first')
    .option('--json', 'one JSON object a key')
    .action(async (name: string, options: Common) =>
      looking(shell, options, async ({ keys }) => {
        const all = await keys.list(name);
        if (options.json) for (const key of all) terminal.out(`${JSON.stringify(key)}\n`);
        else if (all.length === 0)
          terminal.out(`No keys yet. Make one: sluice cohorts keys add ${name}\n`);
        else
          terminal.out(
            table(
              [
                { title: 'id', align: 'right' },
                { title: 'begins with' },
                { title: 'note' },
                { title: 'made (UTC)' },
                { title: 'used (UTC)' },
                { title: 'ends (UTC)' },
              ],
              all.map(({ id, hint, note, createdAt, usedAt, endsAt }) => [
                ...[String(id), hint, note],
                ...[moment(createdAt), moment(usedAt)],
                endsAt !== null && endsAt <= Date.now() ? 'ended' : moment(endsAt),
              ]),
              { dim: palette(terminal.color).dim },
            ),
          );
      }),
    );

  withData(group.command('rotate <import> <id>'))
    .description('Make a key in the place of another, which goes on for some hours')
    .option('--hours <n>', 'for which the old one still works, at most 168', '24')
    .option('--url <url>', URL_HELP, URL)
    .action(async (name: string, id: string, options: Common & { hours: string; url: string }) =>
      changing(shell, options, async ({ keys }, note) => {
        const hours = options.hours.trim() === '' ? Number.NaN : Number(options.hours);
        const { key, endsAt } = await keys.rotate(name, idOf(id), hours);
        const ends = `key ${id} ends ${new Date(endsAt).toISOString()}`;
        await note('cohort-key.rotate', `${name} (${key.hint}…)`, ends);
        print(name, key.key, options.url.replace(/\/+$/, ''));
        terminal.err(`The old one ends ${moment(endsAt)} UTC.\n`);
      }),
    );

  withData(group.command('end <import> <id>'))
    .description('End a key: it lets nobody in from now on')
    .option('--yes', 'do not ask')
    .action(async (name: string, id: string, options: Common & { yes?: boolean }) =>
      changing(shell, options, async ({ keys }, note) => {
        const key = (await keys.list(name)).find((each) => each.id === idOf(id));
        await confirm(
          shell,
          `Key ${id} of ${name}${key ? ` (${key.hint}…)` : ''} will let nobody in any more.`,
          options.yes === true,
        );
        const ended = await keys.end(name, idOf(id));
        await note('cohort-key.end', `${name} (${ended.hint}…)`);
        terminal.out(`${name}: key ${id} has ended.\n`);
      }),
    );
}

function idOf(text: string): number {
  const id = Number(text);
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw new UsageError('bad_id', `${JSON.stringify(text)} is no id of a key`, {
    hint: 'Ids are the numbers that `sluice cohorts keys list` shows.',
  });
}
