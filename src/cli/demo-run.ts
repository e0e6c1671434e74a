import { setTimeout as delay } from 'node:timers/promises';
import { EXAMPLE_COHORT } from '../sandbox/mixpanel/cohorts.ts';
import type { DemoOptions } from './demo.ts';
import { closeBooks, type ClosedCohort, closeCohort, whereNext } from './demo-closing.ts';
import {
  DEMO_ATTRIBUTE,
  type DemoCohort,
  EVERY_SECONDS,
  membersInBraze,
  startDemoCohort,
} from './demo-cohorts.ts';
import { createDemoView } from './demo-view.ts';
import { type DemoWorld, openDemoWorld } from './demo-world.ts';
import type { Shell } from './shell.ts';
import { number, palette } from './terminal.ts';

/** Of the first events so many are pushed, the others come in files. */
const PUSHED_SHARE = 0.1;
const FIRST_HOURS = 24;
const ROUND = { ms: 2000, files: 400, pushed: 300 } as const;
/** Where output is no terminal, a line for each so many rounds. */
const QUIET_ROUNDS = 5;
/** For what is in flight at Ctrl-C. */
const GRACE_MS = 10_000;

export async function runDemo(options: DemoOptions, shell: Shell): Promise<void> {
  const { terminal, signal } = shell;
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
    const { sandbox, braze, home } = world;
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
      `   ${number(world.sent.files)} events in files, ${number(world.sent.push)} pushed, in ${home}`,
    );
    say(bold('4. Mixpanel syncs a cohort back, and Sluice tells Braze who entered and who left'));
    say(`   ${braze.url}  ${dim('(who is in it, and who changed last)')}`);
    say(`   "${EXAMPLE_COHORT.name}", every ${EVERY_SECONDS} seconds:`);
    say(`   each user who is in it has the attribute ${DEMO_ATTRIBUTE}\n`);
    const first = { ...world.sent };
    let cohort: ClosedCohort;
    if (options.once) {
      await untilSettled(world, first, signal);
      cohort = await closeCohort(await startCohort(world), shell, signal);
    } else {
      const begun = await live(world, first, shell, options);
      // What was sent before Ctrl-C is settled before the books are shown.
      const grace = AbortSignal.timeout(GRACE_MS);
      await untilSettled(world, world.sent, grace);
      cohort = await closeCohort(begun, shell, new AbortController().signal, GRACE_MS);
    }
    const { distinct, duplicates } = sandbox.stats();
    await close();
    await closeBooks(world, cohort, options, shell);
    say(
      `Mixpanel holds ${number(distinct)} events, ${duplicates === 0 ? 'none' : number(duplicates)} of them twice.`,
    );
    say(`${cohort.text}\n`);
    say(whereNext(home));
  } finally {
    await close();
  }
}

/** Not before the first events are in: a first view with half of them would let many leave with the next. */
async function startCohort(world: DemoWorld): Promise<DemoCohort> {
  const { braze, sandbox, webhook } = world;
  return startDemoCohort({
    ...{ cohorts: sandbox.cohorts, webhook },
    inBraze: () => membersInBraze(braze),
  });
}

/** Braze goes on, a round every two seconds, until Ctrl-C. The cohort is undefined when that came first. */
async function live(
  world: DemoWorld,
  first: DemoWorld['sent'],
  shell: Shell,
  { json }: DemoOptions,
): Promise<DemoCohort | undefined> {
  const { terminal, signal } = shell;
  let cohort: DemoCohort | undefined;
  const view = createDemoView(terminal);
  const show = (): void => {
    if (json) return;
    const { distinct, duplicates } = world.sandbox.stats();
    view.show({
      statuses: world.serving.service.statuses(),
      distinct,
      duplicates,
      cohort: cohort?.figures(),
      at: performance.now(),
    });
  };
  if (!json) terminal.out('New files and pushes come every two seconds; Ctrl-C ends.\n\n');
  for (let round = 1; !signal.aborted; round++) {
    if (!cohort && isSettled(world, first)) cohort = await startCohort(world);
    if (terminal.color || round % QUIET_ROUNDS === 1) show();
    await delay(ROUND.ms, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    await world.writeFiles(ROUND.files, `demo ${round}`, 1, Date.now());
    await world.push(ROUND.pushed, `demo ${round}`, Date.now());
  }
  if (!json) terminal.out('\n');
  return cohort;
}

/** Whether so much of what Braze sent is settled. */
function isSettled({ serving }: DemoWorld, sent: DemoWorld['sent']): boolean {
  return serving.service
    .statuses()
    .every(({ connection, read }) => read >= (sent[connection as keyof typeof sent] ?? 0));
}

async function untilSettled(
  world: DemoWorld,
  sent: DemoWorld['sent'],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && !isSettled(world, sent)) await delay(50);
}
