import { type Command, Option } from 'commander';
import type { ExportFormat } from '../connector.ts';
import type { BrazeUser, CohortUser } from '../core/cohorts.ts';
import {
  changing,
  type CohortOptions,
  looking,
  meant,
  ofCohort,
  targetOf,
} from './cohorts-parts.ts';
import { confirm } from './confirm.ts';
import type { Shell } from './shell.ts';
import { count, number } from './terminal.ts';

interface Sure extends CohortOptions {
  yes?: boolean;
}

const STATES: readonly CohortUser['state'][] = [
  ...(['in', 'pending_add', 'pending_remove', 'unmatched', 'suppressed'] as const),
  ...(['refused', 'out'] as const),
];

export function addCohortActions(group: Command, shell: Shell): void {
  const { terminal } = shell;

  ofCohort(group.command('dry-run'))
    .description('What would be written to Braze now, what it costs, and what the guard says')
    .option('--json', 'print one JSON object')
    .action(async (text: string, options: CohortOptions) =>
      looking(shell, options, async (cohorts) => {
        const { id, name } = await meant(cohorts, text, options);
        const plan = await cohorts.dryRun(id);
        if (options.json) {
          terminal.out(`${JSON.stringify(plan)}\n`);
          return;
        }
        const points =
          plan.dataPoints === null ? '' : `, about ${count(plan.dataPoints, 'data point')}`;
        terminal.out(
          `${name}: ${number(plan.adds)} to add, ${number(plan.removes)} to remove: ${count(plan.writes, 'write')}${points}.\n${plan.guard.words}\n`,
        );
        for (const { change, user } of plan.sample)
          terminal.out(`  ${change === 'add' ? '+' : '-'} ${userText(user)}\n`);
        if (plan.writes > plan.sample.length && plan.sample.length > 0)
          terminal.out(`  … all of them: sluice cohorts export\n`);
        terminal.out('Nothing was sent.\n');
      }),
    );

  ofCohort(group.command('approve'))
    .description('Let the removals that are pending now be written')
    .option('--yes', 'do not ask')
    .action(async (text: string, options: Sure) =>
      changing(shell, options, async (cohorts, note) => {
        const cohort = await meant(cohorts, text, options);
        const { removes } = await cohorts.dryRun(cohort.id);
        if (removes === 0) {
          terminal.out(`${cohort.name}: nobody is to be taken out.\n`);
          return;
        }
        await confirm(
          shell,
          `${count(removes, 'user')} will be taken out of ${cohort.name} in Braze.`,
          options.yes === true,
        );
        await cohorts.approve(cohort.id);
        await note('cohort.approve', targetOf(cohort), `${removes} removals`);
        terminal.out(`${cohort.name}: ${count(removes, 'removal')} approved.\n`);
      }),
    );

  ofCohort(group.command('resync'))
    .description('Write everybody again, whether it seems needed or not')
    .option('--yes', 'do not ask')
    .action(async (text: string, options: Sure) =>
      changing(shell, options, async (cohorts, note) => {
        const cohort = await meant(cohorts, text, options);
        const { writes, dataPoints } = await cohorts.resyncCost(cohort.id);
        const points = dataPoints === null ? '' : `, about ${count(dataPoints, 'data point')}`;
        await confirm(
          shell,
          `${cohort.name} will be written whole: ${count(writes, 'write')}${points}.`,
          options.yes === true,
        );
        await cohorts.resync(cohort.id, true);
        await note('cohort.resync', targetOf(cohort), `${writes} writes`);
        terminal.out(`${cohort.name}: ${count(writes, 'write')} ordered.\n`);
      }),
    );

  ofCohort(group.command('export'))
    .description('Its members and where each stands, on standard output')
    .addOption(
      new Option('--format <format>', 'csv, or ndjson: one JSON object a line')
        .choices(['csv', 'ndjson'])
        .default('csv'),
    )
    .addOption(new Option('--state <state>', 'only those that stand there').choices(STATES))
    .action(
      async (
        text: string,
        options: CohortOptions & { format: ExportFormat; state?: CohortUser['state'] },
      ) =>
        looking(shell, options, async (cohorts) => {
          const { id } = await meant(cohorts, text, options);
          const { format, state } = options;
          const pages = await cohorts.export(id, {
            format,
            ...(state === undefined ? {} : { state }),
          });
          for await (const page of pages) terminal.out(page);
        }),
    );

  ofCohort(group.command('delete'))
    .description('Forget a cohort; Braze stays as it is, unless it is cleared')
    .option('--clear', 'take everybody out of it in Braze first')
    .option('--yes', 'do not ask')
    .action(async (text: string, options: Sure & { clear?: boolean }) =>
      changing(shell, options, async (cohorts, note) => {
        const cohort = await meant(cohorts, text, options);
        const clear = options.clear === true;
        await confirm(
          shell,
          clear
            ? `${cohort.name} will be forgotten, and ${count(cohort.inBraze, 'user')} taken out of it in Braze.`
            : `${cohort.name} will be forgotten; ${count(cohort.inBraze, 'user')} stay in it in Braze.`,
          options.yes === true,
        );
        await cohorts.remove(cohort.id, clear);
        await note('cohort.delete', targetOf(cohort), clear ? 'cleared first' : 'Braze as it is');
        terminal.out(
          clear
            ? `${cohort.name}: it is being cleared, and forgotten then.\n`
            : `${cohort.name}: forgotten. As long as Mixpanel syncs it, it turns up again.\n`,
        );
      }),
    );
}

export function userText(user: BrazeUser | null): string {
  if (user === null) return '(no id)';
  return user.kind === 'user_alias'
    ? `${user.name} (alias ${user.label})`
    : `${user.id} (${user.kind})`;
}
