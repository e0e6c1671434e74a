import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { keyOfUser } from '../core/cohorts.ts';
import { UsageError } from '../core/errors.ts';
import { userText } from './cohorts-actions.ts';
import { changing, type Common, looking, moment, withData } from './cohorts-parts.ts';
import type { Shell } from './shell.ts';
import { count } from './terminal.ts';

interface Options extends Common {
  file?: string;
}

const PAGE = 1000;

/** Users that are in no cohort in Braze, whatever Mixpanel says. */
export function addSuppressions(cohorts: Command, shell: Shell): void {
  const { terminal } = shell;
  const group = cohorts
    .command('suppress')
    .description('Users that are in no cohort in Braze, whatever Mixpanel says');

  for (const [verb, text] of [
    ['add', 'Suppress users: they are taken out of every cohort of the import'],
    ['remove', 'Suppress users no more: they are put back where Mixpanel says'],
  ] as const)
    withData(group.command(`${verb} <import> [ids...]`))
      .description(text)
      .option('--file <file>', 'a file of ids, one a line; - for standard input')
      .action(async (name: string, ids: string[], options: Options) =>
        changing(shell, options, async ({ suppressions }, note) => {
          const all = [...ids, ...idsOf(options.file)];
          if (all.length === 0)
            throw new UsageError('nothing_named', 'Nothing says which users are meant', {
              hint: 'Give ids, of the kind that the import knows its members by, or --file.',
            });
          let n = 0;
          for (let from = 0; from < all.length; from += PAGE)
            n += await suppressions[verb](name, all.slice(from, from + PAGE));
          await note(`suppression.${verb}`, name, `${n} users`);
          terminal.out(
            verb === 'add'
              ? `${count(n, 'user')} suppressed; the others were already.\n`
              : `${count(n, 'user')} not suppressed any more.\n`,
          );
        }),
      );

  withData(group.command('list <import>'))
    .description('All of them')
    .option('--json', 'one JSON object a user')
    .action(async (name: string, options: Common) =>
      looking(shell, options, async ({ suppressions }) => {
        let n = 0;
        for (let after: string | undefined; ;) {
          const page = await suppressions.list(name, {
            ...(after === undefined ? {} : { after }),
            limit: PAGE,
          });
          for (const each of page)
            terminal.out(
              options.json
                ? `${JSON.stringify(each)}\n`
                : `${userText(each.user)}  since ${moment(each.at)} UTC\n`,
            );
          n += page.length;
          if (page.length < PAGE) break;
          after = keyOfUser(page.at(-1)!.user);
        }
        if (n === 0 && !options.json) terminal.out('Nobody is suppressed.\n');
      }),
    );
}

function idsOf(file: string | undefined): string[] {
  if (file === undefined) return [];
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError('no_file', `Can't read ${file}: ${(error as Error).message}`);
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
