import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLICK, counts, letter, OPEN, settlement, slice } from '../../test/contracts/ledger.ts';
import { FILES, PUSHES, simulate } from '../../test/support/simulated-service.ts';
import { totalOf } from '../core/counts.ts';
import { addHours, hourOf } from '../core/hours.ts';
import { PRUNE_DEFAULTS, type PrunePolicy } from '../core/upkeep.ts';
import { examine } from './examine.ts';
import { openState } from './state.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 5, 30, 12);
const policy: PrunePolicy = {
  ...PRUNE_DEFAULTS,
  memoryOf: () => ({ kind: 'listed', lookBackHours: 24 }),
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-upkeep-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The database behind the state's back. */
function inDatabase<T>(work: (db: Database.Database) => T): T {
  const db = new Database(join(folder, 'sluice.db'));
  try {
    return work(db);
  } finally {
    db.close();
  }
}

async function rowsOf(table: string): Promise<number> {
  return (await examine(folder)).tables.find((each) => each.table === table)?.rows ?? 0;
}

test('any sequence of settling, listing, pruning, retrying and reopening gives what a plain model gives', async () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('settle' as const),
      file: fc.constantFrom('a', 'b', 'c'),
      /** Hours before the present one; none: a file without an hour. */
      age: fc.option(fc.nat(60)),
      version: fc.constantFrom('v1', 'v2'),
      type: fc.constantFrom(CLICK, OPEN),
      delivered: fc.nat(5),
      skipped: fc.nat(3),
      dead: fc.nat(2),
      done: fc.boolean(),
      problem: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('list' as const) }),
    fc.record({ kind: fc.constant('prune' as const), memory: fc.constantFrom(0, 24, 48, 'over') }),
    fc.record({ kind: fc.constant('wait' as const), hours: fc.nat(400) }),
    fc.record({ kind: fc.constant('retry' as const), limit: fc.nat(5) }),
    fc.record({ kind: fc.constant('claim' as const) }),
    fc.record({ kind: fc.constant('reopen' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const dir = await mkdtemp(join(folder, 'model-'));
      let now = NOW;
      let state = openState(dir);
      let claim = await state.ledger.claim('c', now);
      const model = { read: 0, delivered: 0, skipped: 0, deadLetters: 0 };
      for (const of of steps) {
        if (of.kind === 'wait') now += of.hours * HOUR;
        else if (of.kind === 'list') await state.ledger.noteListed('c', hourOf(now));
        else if (of.kind === 'claim') claim = await state.ledger.claim('c', now);
        else if (of.kind === 'prune')
          await state.upkeep.prune(
            {
              ...policy,
              memoryOf: () =>
                typeof of.memory === 'number'
                  ? { kind: 'listed', lookBackHours: of.memory }
                  : { kind: 'over' },
              countsDays: 3,
              hourlyDays: 2,
              dailyDays: 20,
              runs: 3,
            },
            now,
          );
        else if (of.kind === 'reopen') {
          state.close();
          state = openState(dir);
        } else if (of.kind === 'retry') {
          const found = await state.deadLetters.list({ limit: of.limit });
          await state.deadLetters.settle(
            found.map(({ id }) => ({ id, kind: 'delivered' as const })),
            now,
          );
          model.delivered += found.length;
          model.deadLetters -= found.length;
        } else {
          const hour = of.age === null ? undefined : addHours(hourOf(now), -of.age);
          const which = {
            ...slice(`${hour ?? 'plain'}/${of.file}`, of.version),
            ...(hour === undefined ? {} : { hour }),
          };
          const progress = await state.ledger.progress('c', which);
          if (progress?.done) continue;
          const first = progress?.position.record ?? 0;
          const read = of.delivered + of.skipped + of.dead;
          await state.ledger.settle(
            claim,
            settlement({
              slice: which,
              records: first + read,
              done: of.done,
              ...(of.problem && !of.done ? { problem: 'breaks off' } : {}),
              counts: counts(of.type, {
                read,
                delivered: of.delivered,
                deadLetters: of.dead,
                skipped: of.skipped > 0 ? { why: of.skipped } : {},
              }),
              deadLetters: Array.from({ length: of.dead }, (_, i) => ({
                ...letter(first + i, 'c', of.type),
                slice: which.id,
                version: which.version,
              })),
              at: now,
            }),
          );
          model.read += read;
          model.delivered += of.delivered;
          model.skipped += of.skipped;
          model.deadLetters += of.dead;
        }
      }
      const total = totalOf(await state.ledger.totals('c'));
      expect({ ...total, skipped: total.skipped['why'] ?? 0 }).toMatchObject(model);
      expect(await state.ledger.imbalances('c')).toEqual([]);
      expect(await state.deadLetters.list({ limit: 1000 })).toHaveLength(model.deadLetters);
      state.close();
    }),
    { numRuns: 60 },
  );
});

test('sums by hour become sums by day and by month; no sum over whole ones changes', async () => {
  const row = fc.record({
    hour: fc.oneof(
      fc.integer({ min: Math.floor(NOW / HOUR) - 36 * 24, max: Math.floor(NOW / HOUR) - 34 * 24 }),
      fc.integer({ min: Math.floor(NOW / HOUR) - 700 * 24, max: Math.floor(NOW / HOUR) }),
    ),
    type: fc.constantFrom(CLICK, OPEN),
    outcome: fc.constantFrom('read', 'delivered', 'dead_letter'),
    n: fc.integer({ min: -3, max: 9 }),
  });
  const startOfMonth = (hour: number): string => hourOf(hour * HOUR).slice(0, 7);
  const startOfDay = (hour: number): string => hourOf(hour * HOUR).slice(0, 10);
  const sums = (periodOf: (hour: number) => string, since: number): Record<string, number> =>
    inDatabase((db) => {
      const found: Record<string, number> = {};
      for (const each of db
        .prepare<[], { hour: number; event_type: string; outcome: string; n: number }>(
          'SELECT hour, event_type, outcome, n FROM rollups',
        )
        .all()) {
        if (each.hour * HOUR < since) continue;
        const key = `${periodOf(each.hour)} ${each.event_type} ${each.outcome}`;
        found[key] = (found[key] ?? 0) + each.n;
      }
      return Object.fromEntries(Object.entries(found).filter(([, n]) => n !== 0));
    });
  const state = openState(folder);
  await state.ledger.claim('c', NOW);
  const daysFrom = Date.UTC(2025, 4, 1);
  const hoursFrom = Date.UTC(2026, 4, 26);
  const all = (): Record<string, number>[] => [
    sums(startOfMonth, 0),
    sums(startOfDay, daysFrom),
    sums(String, hoursFrom),
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 120 }), async (rows) => {
      inDatabase((db) => {
        db.exec('DELETE FROM rollups');
        const add = db.prepare(
          `INSERT INTO rollups VALUES (1, @hour, @type, @outcome, '', @n) ON CONFLICT DO UPDATE SET n = n + excluded.n`,
        );
        for (const each of rows) add.run(each);
      });
      const expected = all();
      for (let pass = 0; pass < 2; pass++) {
        const { rollups } = await state.upkeep.prune(policy, NOW);
        if (pass === 1) expect(rollups).toBe(0);
        expect(all()).toEqual(expected);
      }
      const hours = inDatabase((db) =>
        db.prepare<[], number>('SELECT DISTINCT hour FROM rollups').pluck().all(),
      );
      const finest = (hour: number): RegExp =>
        hour * HOUR < daysFrom ? /-01-00$/ : hour * HOUR < hoursFrom ? /-00$/ : /./;
      for (const hour of hours) expect(hourOf(hour * HOUR)).toMatch(finest(hour));
    }),
    { numRuns: 40 },
  );
  state.close();
});

test('what an open backfill still reads stays; what it is through with goes', async () => {
  const state = openState(folder);
  const claim = await state.ledger.claim('c', NOW);
  const hours = ['2026-05-01-00', '2026-05-02-00', '2026-05-03-00', '2026-05-04-00'];
  for (const hour of hours)
    await state.ledger.settle(
      claim,
      settlement({
        slice: { ...slice(hour), hour },
        records: 1,
        done: true,
        counts: counts(CLICK, { read: 1, delivered: 1 }),
      }),
    );
  await state.ledger.noteListed('c', hourOf(NOW));
  const known = async (): Promise<string[]> => {
    const found = [];
    for (const id of hours) if (await state.ledger.progress('c', slice(id))) found.push(id);
    return found;
  };
  inDatabase((db) =>
    db.exec(`INSERT INTO jobs (connection, kind, since, until, reached, state, created_at)
      VALUES (1, 'backfill', '2026-05-01-00', '2026-05-04-00', '2026-05-02-00', 'running', 1),
        (1, 'replay', '2026-05-01-00', NULL, NULL, 'waiting', 1)`),
  );
  await state.upkeep.prune(policy, NOW);
  expect(await known()).toEqual(hours.slice(1, 3));
  inDatabase((db) => db.exec(`UPDATE jobs SET state = 'finished', ended_at = ${NOW}`));
  await state.upkeep.prune(policy, NOW);
  expect(await known()).toEqual([]);
  expect(totalOf(await state.ledger.totals('c')).delivered).toBe(4);
  state.close();
});

test('jobs that ended long ago go, and mappings that nothing names', async () => {
  const state = openState(folder);
  const old = await state.ledger.claim('c', NOW - 200 * DAY, { mapping: 'old' });
  await state.ledger.endRun(old, 'finished', null, NOW - 200 * DAY);
  const used = await state.ledger.claim('c', NOW - 200 * DAY, { mapping: 'used' });
  await state.ledger.settle(
    used,
    settlement({ slice: slice('a'), records: 0, counts: new Map(), done: true }),
  );
  await state.ledger.endRun(used, 'finished', null, NOW - 200 * DAY);
  await state.ledger.claim('c', NOW, { mapping: 'new' });
  inDatabase((db) =>
    db.exec(`INSERT INTO jobs (connection, kind, since, state, created_at, ended_at) VALUES
      (1, 'replay', '2026-01-01-00', 'finished', 1, ${NOW - 91 * DAY}),
      (1, 'replay', '2026-01-01-00', 'finished', 1, ${NOW - 89 * DAY}),
      (1, 'replay', '2026-01-01-00', 'waiting', 1, NULL)`),
  );
  expect(await state.upkeep.prune(policy, NOW)).toMatchObject({ jobs: 1, mappings: 1, runs: 2 });
  expect(await state.jobs.list({ limit: 9 })).toHaveLength(2);
  const left = inDatabase((db) =>
    db.prepare('SELECT fingerprint FROM mappings ORDER BY id').pluck().all(),
  );
  expect(left).toEqual(['used', 'new']);
  state.close();
});

test('a log that had to grow is cut back, and pages that became free are given back', async () => {
  const state = openState(folder);
  const claim = await state.ledger.claim('c', NOW);
  const large = (n: number) => ({ ...letter(n), payload: Buffer.alloc(1_000_000) });
  await state.ledger.settle(
    claim,
    settlement({
      slice: slice('a.avro'),
      records: 40,
      counts: counts(CLICK, { read: 40, deadLetters: 40 }),
      deadLetters: Array.from({ length: 40 }, (_, n) => large(n)),
      done: true,
    }),
  );
  const log = async (): Promise<number> => (await stat(join(folder, 'sluice.db-wal'))).size;
  expect(await log()).toBeGreaterThan(39_000_000);
  await state.ledger.claim('c', NOW);
  await state.ledger.claim('c', NOW);
  expect(await log()).toBeLessThan(17_000_000);

  const letters = await state.deadLetters.list({ limit: 40 });
  const rest = await state.deadLetters.list({ limit: 40, after: letters.at(-1)!.id });
  const more = await state.deadLetters.list({ limit: 40, after: rest.at(-1)!.id });
  await state.deadLetters.settle(
    [...letters, ...rest, ...more].map(({ id }) => ({ id, kind: 'delivered' })),
    NOW,
  );
  const { databaseBytes } = await examine(folder);
  expect((await state.upkeep.prune(policy, NOW)).pages).toBeGreaterThan(5000);
  const after = await examine(folder);
  expect(after.databaseBytes).toBeLessThan(databaseBytes / 3);
  expect(after.freeBytes).toBeGreaterThan(0);
  expect(after.ok).toBe(true);
  state.close();
});

test('over seventy days the database stays small, and the totals are right to the last record', async () => {
  const state = openState(folder);
  const types = Array.from({ length: 6 }, (_, n) => `users.messages.kind${n}.Send`);
  const sim = simulate(state, {
    types,
    files: 2,
    segments: 12,
    runs: 1,
    deadLetters: 1,
    batch: 1000,
    pruneEvery: 6,
  });
  const sizes: number[] = [];
  for (let day = 1; day <= 70; day++) {
    for (let hour = 0; hour < 24; hour++) await sim.hour();
    if (day === 45 || day === 70) sizes.push((await examine(folder)).databaseBytes);
  }
  for (const connection of [FILES, PUSHES]) {
    expect(await state.ledger.totals(connection)).toEqual(sim.totals[connection]);
    expect(await state.ledger.imbalances(connection)).toEqual([]);
  }
  const filesADay = types.length * (16 * 2 + 8);
  const segmentsADay = 4 * 12 + 20 * 3;
  expect(sim.slices).toBe(70 * (filesADay + segmentsADay));
  // A week of files and a day of segments, and what waits for its dead letters to be sent again.
  expect(await rowsOf('slices')).toBeLessThan(8 * filesADay + 2 * segmentsADay + 7 * 24);
  expect(await rowsOf('past_counts')).toBeLessThan(types.length * 2 * 4);
  // Sums of 36 days by hour, the others by day; four outcomes of each type.
  expect(await rowsOf('rollups')).toBeLessThan((36 * 24 + 35) * types.length * 2 * 4);
  expect(await rowsOf('runs')).toBeLessThanOrEqual(2 * (1000 + 6));
  expect(await rowsOf('dead_letters')).toBeLessThan(8 * 24);
  expect(sizes[1]! / sizes[0]!).toBeLessThan(1.15);
  state.close();
}, 120_000);
