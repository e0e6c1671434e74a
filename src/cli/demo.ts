import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Shell } from './shell.ts';
import { exitCodeOf, exportJson, exportText } from './report.ts';
import { number, palette } from './terminal.ts';

const FIRST_EVENTS = 20_000;
const EVENTS_A_ROUND = 500;
const ROUND_MS = 5000;

export function addDemo(program: Command, shell: Shell): void {
  program
    .command('demo')
    .description('See it work: made-up Currents files, a Mixpanel sandbox, an export and its books')
    .option('--once', 'one export, then end')
    .option('--events <n>', 'how many events to begin with', String(FIRST_EVENTS))
    .option('--json', 'print the result as JSON')
    .action((options: { once?: boolean; events: string; json?: boolean }) =>
      runDemo(options, shell),
    );
}

async function runDemo(
  options: { once?: boolean; events: string; json?: boolean },
  shell: Shell,
): Promise<void> {
  const { terminal, signal } = shell;
  const { exportFolder, parseMappingSettings } = await import('../connector.ts');
  const { writeGenerated } = await import('../sandbox/braze/generate.ts');
  const { DEMO_CREDENTIALS } = await import('../sandbox/mixpanel/auth.ts');
  const { startMixpanelSandbox } = await import('../sandbox/mixpanel/server.ts');
  const { bold, dim } = palette(terminal.color);
  const say = (text: string): void => {
    if (!options.json) terminal.out(`${text}\n`);
  };
  const home = await mkdtemp(join(tmpdir(), 'sluice-demo-'));
  const files = join(home, 'currents');
  const dataDir = join(home, 'data');
  const sandbox = await startMixpanelSandbox({ credentials: DEMO_CREDENTIALS });
  try {
    say(bold('1. Braze writes Currents files'));
    const written = await writeGenerated(files, { events: Number(options.events), seed: 'demo' });
    const { events, types } = written;
    say(`   ${number(events)} events of ${Object.keys(types).length} types, in ${files}\n`);
    say(bold('2. A Mixpanel that enforces the documented rules'));
    say(`   ${sandbox.url}  ${dim('(counts per event at this address)')}\n`);
    say(bold('3. sluice export'));

    const runOnce = () =>
      exportFolder(
        {
          from: files,
          dataDir,
          connection: 'demo',
          destination: {
            credentials: { kind: 'project-token', token: DEMO_CREDENTIALS.token! },
            region: 'us',
            url: sandbox.url,
          },
          settings: parseMappingSettings({}),
          salt: undefined,
          concurrency: 4,
        },
        { signal },
      );
    const result = await runOnce();
    if (options.json) terminal.out(`${JSON.stringify(exportJson(result))}\n`);
    else terminal.out(exportText(result, { ...terminal, dataDir }));
    const { distinct, duplicates } = sandbox.stats();
    say(`Mixpanel holds ${number(distinct)} events, ${number(duplicates)} of them twice.\n`);
    shell.exit(exitCodeOf(result));
    if (options.once) {
      say(whereNext(home));
      return;
    }

    say(bold('New files arrive every few seconds; Ctrl-C ends.'));
    for (let round = 1; !signal.aborted; round++) {
      await delay(ROUND_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      await writeGenerated(files, { events: EVENTS_A_ROUND, seed: `demo ${round}` });
      const { slices, counts, balanced } = await runOnce();
      const delivered = [...counts.values()].reduce((sum, each) => sum + each.delivered, 0);
      say(
        `   ${number(slices)} new files, ${number(delivered)} events delivered, books ${balanced ? 'balanced' : 'NOT balanced'}, ${number(sandbox.stats().distinct)} events in Mixpanel`,
      );
    }
    say(`\n${whereNext(home)}`);
    shell.exit(0);
  } finally {
    await sandbox.close();
  }
}

/** The folder of the demo is left behind, so that there is something to look at. */
function whereNext(home: string): string {
  const steps = [
    [`sluice runs --data-dir ${home}/data`, 'the ledger: every run and its sums'],
    [`sluice preview $(find ${home} -name '*.avro' | head -1)`, 'records as Mixpanel gets them'],
    ['sluice events', 'what Mixpanel gets for each event of Braze'],
    ['sluice check --from DIR …', 'try your folder and your credentials; sends nothing'],
    ['sluice export --from DIR …', 'send your own events'],
  ];
  return [
    'Where to go next (from a clone, sluice is bin/sluice):',
    ...steps.map(([command, what]) => `  ${command}\n      ${what}`),
    `The files stay in ${home} until you delete them.`,
  ].join('\n');
}
