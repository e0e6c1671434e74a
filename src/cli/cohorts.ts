import type { Command } from 'commander';
import type { CohortDetail, ImportSummary } from '../connector.ts';
import type { Cohort, CohortSync } from '../core/cohorts.ts';
import type { ConnectionState } from '../core/connections.ts';
import { addCohortActions } from './cohorts-actions.ts';
import { addCohortKeys } from './cohorts-keys.ts';
import {
  changing,
  type CohortOptions,
  type Common,
  looking,
  meant,
  moment,
  ofCohort,
  withData,
} from './cohorts-parts.ts';
import { addSuppressions } from './cohorts-suppress.ts';
import type { Shell } from './shell.ts';
import { stateDetail, stateWords } from './state-words.ts';
import { number, palette, table } from './terminal.ts';

const PAGE = 200;
const SYNCS = 5;

export function addCohorts(program: Command, shell: Shell): void {
  const group = program
    .command('cohorts')
    .description('Mixpanel cohorts in Braze: imports, their keys, and what became of each cohort');

  withData(group.command('imports'))
    .description('The imports and what each is doing; they are made by sluice apply')
    .option('--json', 'one JSON object an import')
    .action(async (options: Common) =>
      looking(shell, options, async ({ imports }, isServed) => {
        const all = await imports.list();
        shell.terminal.out(options.json ? lines(all) : importsText(all, isServed, shell));
      }),
    );

  for (const [verb, paused, text] of [
    ['pause', true, 'Let imports rest: Mixpanel is still answered, nothing is written'],
    ['resume', false, 'Let paused imports write what has changed meanwhile'],
  ] as const)
    withData(group.command(`${verb} <imports...>`))
      .description(text)
      .action(async (names: string[], options: Common) =>
        changing(shell, options, async ({ imports }, note) => {
          for (const name of names) {
            await imports.setPaused(name, paused);
            await note(`cohort-import.${verb}`, name);
            shell.terminal.out(`${name}: ${paused ? 'paused' : 'resumed'}\n`);
          }
        }),
      );

  withData(group.command('list'))
    .description('The cohorts that Mixpanel has called for')
    .option('--import <name>', 'only of this import')
    .option('--search <text>', 'only whose name or id holds this')
    .option('--json', 'one JSON object a cohort')
    .action(async (options: CohortOptions & { search?: string }) =>
      looking(shell, options, async (cohorts) => {
        const { import: owner, search } = options;
        const all: Cohort[] = [];
        for (let after: number | undefined; ;) {
          const page = await cohorts.list({
            ...(owner === undefined ? {} : { import: owner }),
            ...(search === undefined ? {} : { search }),
            ...(after === undefined ? {} : { after }),
            limit: PAGE,
          });
          all.push(...page);
          if (page.length < PAGE) break;
          after = page.at(-1)!.id;
        }
        shell.terminal.out(options.json ? lines(all) : listText(all, shell));
      }),
    );

  ofCohort(group.command('show'))
    .description('One cohort: figures, last syncs, reasons, and how to make the Braze segment')
    .option('--json', 'print one JSON object')
    .action(async (text: string, options: CohortOptions) =>
      looking(shell, options, async (cohorts, isServed) => {
        const { id } = await meant(cohorts, text, options);
        const cohort = await cohorts.get(id);
        const syncs = await cohorts.syncs(id, { limit: SYNCS });
        const reasons = await cohorts.reasons(id);
        shell.terminal.out(
          options.json
            ? lines([{ ...cohort, syncs, reasons }])
            : wholeText(cohort, syncs, reasons, isServed, shell),
        );
      }),
    );

  addCohortActions(group, shell);
  addCohortKeys(group, shell);
  addSuppressions(group, shell);
}

function lines(all: readonly unknown[]): string {
  return all.map((each) => `${JSON.stringify(each)}\n`).join('');
}

function importsText(
  all: readonly ImportSummary[],
  isServed: boolean,
  { terminal }: Shell,
): string {
  if (all.length === 0) return 'No cohort imports yet. They are made by: sluice apply -f FILE\n';
  const { dim, yellow } = palette(terminal.color);
  const text = table(
    [
      { title: 'import' },
      { title: 'state' },
      { title: 'destination' },
      { title: 'keys', align: 'right' },
      { title: 'last call (UTC)' },
      { title: 'last write (UTC)' },
    ],
    all.map(({ name, state, destination, keys, receivedAt, writtenAt }) => [
      ...[name, importState(state, isServed), `${destination.kind} ${destination.place}`.trim()],
      ...[number(keys), moment(receivedAt), moment(writtenAt)],
    ]),
    { dim },
  );
  const details = all.flatMap(({ name, state }) => {
    const detail = isServed ? stateDetail(state) : undefined;
    return detail === undefined ? [] : [`${name}: ${detail}\n`];
  });
  const remark = isServed
    ? ''
    : yellow('No service works on this folder now. Start one: sluice serve\n');
  return text + details.join('') + remark;
}

function importState(state: ConnectionState, isServed: boolean): string {
  return isServed || state.kind === 'paused' ? stateWords(state, Date.now()) : 'not running';
}

function listText(all: readonly Cohort[], { terminal }: Shell): string {
  if (all.length === 0)
    return 'No cohorts yet. One turns up once Mixpanel has called for it: docs/guides/cohorts.md\n';
  const { dim, yellow } = palette(terminal.color);
  const text = table(
    [
      { title: 'id' },
      { title: 'cohort' },
      { title: 'import' },
      { title: 'members', align: 'right' },
      { title: 'in Braze', align: 'right' },
      { title: 'pending', align: 'right' },
      { title: 'unmatched', align: 'right' },
      { title: 'last call (UTC)' },
    ],
    all.map((each) => [
      ...[each.cohortId, each.name, each.import],
      ...[number(each.members), number(each.inBraze)],
      `+${number(each.pendingAdds)} -${number(each.pendingRemoves)}`,
      number(each.unmatched),
      moment(each.receivedAt),
    ]),
    { dim },
  );
  const remarks = all.flatMap(({ name, cohortId, held }) =>
    held === null
      ? []
      : [
          held.why === 'full'
            ? `${yellow('waits:')} ${name}: the attribute has no room for another cohort\n`
            : `${yellow('waits:')} ${name}: ${number(held.removes)} of ${number(held.inBraze)} would leave. See them: sluice cohorts dry-run ${cohortId}\n`,
        ],
  );
  return text + remarks.join('');
}

function wholeText(
  cohort: CohortDetail,
  syncs: readonly CohortSync[],
  reasons: readonly { kind: string; reason: string; n: number }[],
  isServed: boolean,
  { terminal }: Shell,
): string {
  const { bold, dim, yellow } = palette(terminal.color);
  const { held, filter } = cohort;
  const rows: [string, string][] = [
    ['cohort', `${cohort.cohortId}, of project ${cohort.projectId || '?'}`],
    ['import', `${cohort.import}, ${importState(cohort.state, isServed)}`],
    ['members', number(cohort.members)],
    ['in Braze', number(cohort.inBraze)],
    ['pending', `${number(cohort.pendingAdds)} to add, ${number(cohort.pendingRemoves)} to remove`],
    [
      'left out',
      `${number(cohort.unmatched)} unmatched, ${number(cohort.suppressed)} suppressed, ${number(cohort.refused)} refused`,
    ],
    ['last call', `${moment(cohort.receivedAt)} UTC`],
    ['last write', cohort.writtenAt === null ? 'never' : `${moment(cohort.writtenAt)} UTC`],
    ...(cohort.clearing
      ? [['clearing', 'it is being emptied in Braze, to be forgotten then'] as [string, string]]
      : []),
    ...(filter ? [['segment', filter.words] as [string, string]] : []),
  ];
  const width = Math.max(...rows.map(([title]) => title.length));
  const warned = [
    ...cohort.warnings,
    ...(held && held.why !== 'full'
      ? [
          `${number(held.removes)} removals wait for a person since ${moment(held.since)} UTC: sluice cohorts approve ${cohort.cohortId}`,
        ]
      : []),
    ...(held?.why === 'full' ? ['Nothing of it is written: there is no room for it.'] : []),
  ];
  return [
    bold(cohort.name),
    ...rows.map(([title, value]) => `${dim(title.padEnd(width))}  ${value}`),
    ...warned.map((text) => `${yellow('warning:')} ${text}`),
    ...(syncs.length === 0 ? [] : ['', bold('Syncs'), syncsText(syncs, dim)]),
    ...(reasons.length === 0
      ? []
      : [
          bold('Left out'),
          ...reasons.map(({ kind, reason, n }) => `${number(n)} ${kind}: ${reason}`),
          '',
        ]),
    ...(syncs.length === 0 && reasons.length === 0 ? [''] : []),
  ].join('\n');
}

function syncsText(syncs: readonly CohortSync[], dim: (text: string) => string): string {
  return table(
    [
      { title: 'began (UTC)' },
      { title: 'action' },
      { title: 'state' },
      { title: 'pages' },
      { title: 'members', align: 'right' },
      { title: 'changed', align: 'right' },
    ],
    syncs.map((each) => [
      ...[moment(each.beganAt), each.action, each.state],
      `${number(each.pagesIn.reduce((sum, [from, to]) => sum + to - from + 1, 0))} of ${number(each.pages)}`,
      number(each.members),
      `+${number(each.added)} -${number(each.removed)}`,
    ]),
    { dim },
  );
}
