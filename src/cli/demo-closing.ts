import { addCounts, type Counts, isBalanced, skippedOf, totalOf } from '../core/counts.ts';
import type { DemoOptions } from './demo.ts';
import {
  cohortLine,
  cohortSizes,
  type DemoCohort,
  type DemoCohortFigures,
} from './demo-cohorts.ts';
import type { DemoWorld } from './demo-world.ts';
import { booksText, EXIT } from './report.ts';
import type { Shell } from './shell.ts';
import { duration, palette } from './terminal.ts';

/** Braze has the cohort within seconds; where it has not after so long, something is wrong. */
const COHORT_MS = 60_000;

export interface ClosedCohort {
  /** Whether Braze holds exactly the members that have an id. */
  readonly equal: boolean;
  /** Undefined when it was not begun. */
  readonly figures: DemoCohortFigures | undefined;
  /** For people. */
  readonly text: string;
}

/** Gives Braze the time to hold what Mixpanel's cohort holds, unless the signal ends it. */
export async function closeCohort(
  cohort: DemoCohort | undefined,
  { terminal }: Pick<Shell, 'terminal'>,
  signal: AbortSignal,
  limitMs: number = COHORT_MS,
): Promise<ClosedCohort> {
  const { green, red } = palette(terminal.color);
  const failed = (why: string, figures?: DemoCohortFigures): ClosedCohort => ({
    ...{ equal: false, figures },
    text: `${red('✗')} ${why}${figures ? `: ${cohortLine(figures)}` : '.'}`,
  });
  if (!cohort || signal.aborted) return failed('It was stopped before the cohort was synced');
  const timeout = AbortSignal.timeout(limitMs);
  const equal = await cohort.untilEqual(AbortSignal.any([signal, timeout]));
  const figures = cohort.figures();
  if (equal)
    return { equal, figures, text: `${green('✓')} Braze holds the ${cohortSizes(figures)}` };
  if (signal.aborted) return failed('It was stopped before Braze held the cohort', figures);
  return failed(`After ${duration(limitMs)} Braze does not hold the cohort`, figures);
}

/** Shows the ledger, and sets the exit code: 0 when it balances and Braze holds the cohort. */
export async function closeBooks(
  world: DemoWorld,
  { equal, figures }: ClosedCohort,
  options: DemoOptions,
  shell: Shell,
): Promise<void> {
  const { terminal, exit } = shell;
  const { openBooks } = await import('../connector.ts');
  const books = openBooks(world.dataDir);
  try {
    const all: Counts = new Map();
    const each: Record<string, unknown> = {};
    let balanced = true;
    for (const name of ['files', 'push']) {
      const counts = await books.ledger.totals(name);
      addCounts(all, counts);
      const total = totalOf(counts);
      const isEven = isBalanced(counts) && (await books.ledger.imbalances(name)).length === 0;
      balanced &&= isEven;
      each[name] = {
        read: total.read,
        delivered: total.delivered,
        skipped: skippedOf(total),
        deadLetters: total.deadLetters,
        balanced: isEven,
      };
    }
    const cohort = { equal, ...figures };
    if (options.json) terminal.out(`${JSON.stringify({ balanced, connections: each, cohort })}\n`);
    else terminal.out(booksText(all, balanced, terminal));
    // Without --once a person may end it before there is a cohort.
    const isRight = equal || (!options.once && figures === undefined);
    exit(balanced && isRight ? EXIT.ok : EXIT.failed);
  } finally {
    books.close();
  }
}

/** The folder of the demo is left behind, so that there is something to look at. */
export function whereNext(home: string): string {
  const data = `--data-dir ${home}/data`;
  const steps = [
    [`sluice runs ${data}`, 'the ledger: every run and its sums'],
    [`sluice get ${data}`, 'the connections, their states and figures'],
    [`sluice cohorts list ${data}`, 'the cohort, and what became of it'],
    [`sluice preview $(find ${home} -name '*.avro' | head -1)`, 'records as Mixpanel gets them'],
    ['sluice events', 'what Mixpanel gets for each event of Braze'],
    ['sluice check --from DIR …', 'try your folder and your credentials; sends nothing'],
    ['sluice export --from DIR …', 'send your own events, once'],
    ['sluice serve -f sluice.yaml', 'send them for good: docs/guides/connections.md'],
  ];
  return [
    'Where to go next (from a clone, sluice is bin/sluice):',
    ...steps.map(([command, what]) => `  ${command}\n      ${what}`),
    `Files, settings and the service's log stay in ${home} until you delete them.`,
  ].join('\n');
}
