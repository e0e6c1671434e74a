import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { addCounts, type Counts, isBalanced, skippedOf, totalOf } from '../core/counts.ts';
import { createDemoView } from './demo-view.ts';
import type { DemoWorld } from './demo-world.ts';
import { booksText, EXIT } from './report.ts';
import type { Shell } from './shell.ts';
import { number, palette } from './terminal.ts';

const FIRST_EVENTS = 20_000;
/** Of which so many are pushed, the others come in files. */
const PUSHED_SHARE = 0.1;
const FIRST_HOURS = 24;
const ROUND = { ms: 2000, files: 400, pushed: 300 } as const;
/** Where output is no terminal, a line for each so many rounds. */
const QUIET_ROUNDS = 5;

interface Options {
  once?: boolean;
  events: string;
  json?: boolean;
}

export function addDemo(program: Command, shell: Shell): void {
  program
    .command('demo')
    .description(
      'See it work: Braze writes files and pushes, the service runs, a Mixpanel sandbox takes',
    )
    .option('--once', 'end when the first events are settled, with the books')
    .option('--events <n>', 'how many events to begin with', String(FIRST_EVENTS))
    .option('--json', 'print the closing books as JSON')
    .action((options: Options) => runDemo(options, shell));
}

async function runDemo(options: Options, shell: Shell): Promise<void> {
  const { terminal, signal } = shell;
  const { openDemoWorld } = await import('./demo-world.ts');
  const { bold, dim } = palette(terminal.color);
  const say = (text: string): void => {
    if (!options.json) terminal.out(`${text}\n`);
  };
  const world = await openDemoWorld();
  let closed = false;
  const close = async (): Promise<void> => {
    if (!closed) await world.close();
    closed = true;
  };
  try {
    const { sandbox, home } = world;
    say(bold('1. Sluice serves three connections'));
    say(`   ${bold(world.signInUrl)}`);
    say(dim('   Open this: it signs in once. /healthz, /readyz and /metrics are there too.'));
    say('   files: reads Currents files from a folder; push: takes what Braze posts;');
    say('   wrong-token: has a fault to look at');
    say(bold('2. A Mixpanel that enforces the documented rules takes the events'));
    say(`   ${sandbox.url}  ${dim('(counts per event at this address)')}`);
    say(bold('3. Braze writes files and pushes batches'));
    const pushed = Math.round(Number(options.events) * PUSHED_SHARE);
    const now = Date.now();
    await world.writeFiles(Number(options.events) - pushed, 'demo', FIRST_HOURS, now);
    await world.push(pushed, 'demo', now);
    say(
      `   ${number(world.sent.files)} events in files, ${number(world.sent.push)} pushed, in ${home}\n`,
    );
    if (options.once) await untilSettled(world, signal);
    else await live(world, shell, options);
    // What was sent before Ctrl-C is settled before the books are shown.
    if (!options.once) await untilSettled(world, AbortSignal.timeout(10_000));
    const { distinct, duplicates } = sandbox.stats();
    await close();
    await closingBooks(world, options, shell);
    say(`Mixpanel holds ${number(distinct)} events, ${number(duplicates)} of them twice.\n`);
    say(whereNext(home));
  } finally {
    await close();
  }
}

/** Braze goes on, a round every two seconds, until Ctrl-C. */
async function live(world: DemoWorld, shell: Shell, { json }: Options): Promise<void> {
  const { terminal, signal } = shell;
  const view = createDemoView(terminal);
  const show = (): void => {
    if (json) return;
    const { distinct, duplicates } = world.sandbox.stats();
    view.show({
      statuses: world.serving.service.statuses(),
      distinct,
      duplicates,
      at: performance.now(),
    });
  };
  if (!json) terminal.out('New files and pushes come every two seconds; Ctrl-C ends.\n\n');
  for (let round = 1; !signal.aborted; round++) {
    if (terminal.color || round % QUIET_ROUNDS === 1) show();
    await delay(ROUND.ms, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    await world.writeFiles(ROUND.files, `demo ${round}`, 1, Date.now());
    await world.push(ROUND.pushed, `demo ${round}`, Date.now());
  }
  if (!json) terminal.out('\n');
}

/** Waits until everything that Braze sent is settled. */
async function untilSettled({ serving, sent }: DemoWorld, signal: AbortSignal): Promise<void> {
  const isSettled = (): boolean =>
    serving.service
      .statuses()
      .every(({ connection, read }) => read >= (sent[connection as keyof typeof sent] ?? 0));
  while (!signal.aborted && !isSettled()) await delay(50);
}

async function closingBooks(world: DemoWorld, options: Options, shell: Shell): Promise<void> {
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
      const isRight = isBalanced(counts) && (await books.ledger.imbalances(name)).length === 0;
      balanced &&= isRight;
      each[name] = {
        read: total.read,
        delivered: total.delivered,
        skipped: skippedOf(total),
        deadLetters: total.deadLetters,
        balanced: isRight,
      };
    }
    if (options.json) terminal.out(`${JSON.stringify({ balanced, connections: each })}\n`);
    else terminal.out(booksText(all, balanced, terminal));
    exit(balanced ? EXIT.ok : EXIT.failed);
  } finally {
    books.close();
  }
}

/** The folder of the demo is left behind, so that there is something to look at. */
function whereNext(home: string): string {
  const data = `--data-dir ${home}/data`;
  const steps = [
    [`sluice runs ${data}`, 'the ledger: every run and its sums'],
    [`sluice get ${data}`, 'the connections, their states and figures'],
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
