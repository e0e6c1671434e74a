import type { Command } from 'commander';
import type { Shell } from './shell.ts';

const FIRST_EVENTS = 20_000;

export interface DemoOptions {
  /** End by itself. */
  once?: boolean;
  events: string;
  json?: boolean;
}

export function addDemo(program: Command, shell: Shell): void {
  program
    .command('demo')
    .description(
      'See it work: Braze writes files and pushes, a Mixpanel sandbox takes, and its cohort comes back to Braze',
    )
    .option('--once', 'end when the first events are settled and Braze holds the cohort')
    .option('--events <n>', 'how many events to begin with', String(FIRST_EVENTS))
    .option('--json', 'print the closing books and the cohort as JSON')
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('./demo-run.ts');
      await runDemo(options, shell);
    });
}
