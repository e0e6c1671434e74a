/** Lives through a year of a service and shows that its database stays small: `node bench/year.ts --help`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { allEvents } from '../src/catalogue/catalogue.ts';
import type { Health } from '../src/core/upkeep.ts';
import { examine } from '../src/state/examine.ts';
import { openState } from '../src/state/state.ts';
import { FILES, PUSHES, type Rhythm, simulate, START } from '../test/support/simulated-service.ts';

const HELP = `node bench/year.ts [options]

  --months <n>    (default 12)
  --files <n>     files an hour of each of 40 types by day (default 12: Braze closes one every 5 minutes)
  --segments <n>  segments of the inbox in an hour of the peak (default 3600: one a second)
  --runs <n>      runs an hour of each of the two connections (default 12)
`;
const REPORTED = [1, 2, 3, 6, 9, 12];

const { values } = parseArgs({
  options: {
    months: { type: 'string', default: '12' },
    files: { type: 'string', default: '12' },
    segments: { type: 'string', default: '3600' },
    runs: { type: 'string', default: '12' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const rhythm: Rhythm = {
  types: allEvents()
    .slice(0, 40)
    .map(({ type }) => type),
  files: Number(values.files),
  segments: Number(values.segments),
  runs: Number(values.runs),
  deadLetters: 5,
  batch: 2000,
  pruneEvery: 1,
};

const folder = mkdtempSync(join(tmpdir(), 'sluice-year-'));
const state = openState(folder);
try {
  const sim = simulate(state, rhythm);
  const started = performance.now();
  for (let month = 1; month <= Number(values.months); month++) {
    const end = Date.UTC(new Date(START).getUTCFullYear(), month);
    while (sim.now < end) await sim.hour();
    if (REPORTED.includes(month)) print(month, sim.slices, sim.longestStep, await examine(folder));
  }
  for (const connection of [FILES, PUSHES])
    if (!isDeepStrictEqual(await state.ledger.totals(connection), sim.totals[connection]))
      throw new Error(`the totals of ${connection} are not what was settled`);
  process.stdout.write(
    `The totals are right to the last record. ${Math.round((performance.now() - started) / 1000)} s.\n`,
  );
} finally {
  state.close();
  rmSync(folder, { recursive: true, force: true });
}

function print(month: number, slices: number, longestStep: number, health: Health): void {
  if (!health.ok) throw new Error(`after month ${month}: ${JSON.stringify(health)}`);
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const tables = health.tables
    .filter(({ rows }) => rows > 10)
    .map(({ table, rows }) => `${table} ${rows}`)
    .join(', ');
  process.stdout.write(
    `month ${month}: ${slices} slices settled; database ${mb(health.databaseBytes)} (${mb(health.freeBytes)} free), log ${mb(health.logBytes)}; rows: ${tables}; longest step ${longestStep.toFixed(0)} ms\n`,
  );
}
