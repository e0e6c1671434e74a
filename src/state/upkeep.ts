import { HOUR_MS } from '../core/hours.ts';
import { setImmediate } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import type { Upkeep } from '../core/upkeep.ts';
import { translated } from './database.ts';
import { createRollupPruning, dayOf, monthOf } from './prune-rollups.ts';
import { createSlicePruning } from './prune-slices.ts';

const DAY_MS = 24 * HOUR_MS;
/** Rows of one kind that a transaction takes away, and pages that it gives back. */
const STEP = 1000;
/** Free pages are kept for what comes next, up to this share of the database and at least so many. */
const FREE_SHARE = 1 / 8;
const FREE_PAGES = 1000;

export function createUpkeep(db: Database.Database): Upkeep {
  return {
    async prune(policy, now, signal) {
      /** Sums up what the steps took; other work goes on in between. */
      const total = async (steps: Iterator<number>): Promise<number> => {
        let sum = 0;
        for (;;) {
          signal?.throwIfAborted();
          const step = translated(() => steps.next());
          if (step.done) return sum;
          sum += step.value;
          await setImmediate();
        }
      };
      const age = (days: number): number => now - days * DAY_MS;
      const hourAt = (at: number): number => Math.floor(at / HOUR_MS);

      const { connections, slices, rollups } = translated(() => ({
        connections: db
          .prepare<[], { id: number; name: string }>('SELECT id, name FROM connections ORDER BY id')
          .all(),
        slices: createSlicePruning(db),
        rollups: createRollupPruning(db),
      }));
      const pruned = { slices: 0, merged: 0, rollups: 0, runs: 0, jobs: 0, mappings: 0, pages: 0 };
      for (const { id, name } of connections) {
        pruned.slices += await total(slices.forget(id, policy.memoryOf(name), now));
        pruned.merged += await total(slices.merge(id, age(policy.countsDays)));
        pruned.rollups += await total(rollups(id, hourAt(age(policy.hourlyDays)), dayOf));
        pruned.rollups += await total(rollups(id, hourAt(age(policy.dailyDays)), monthOf));
        await total(oldLags(db, id, hourAt(age(policy.hourlyDays))));
        pruned.runs += await total(oldRuns(db, id, age(policy.runDays), policy.runs));
      }
      pruned.jobs = await total(oldJobs(db, age(policy.jobDays)));
      pruned.mappings = await total(unusedMappings(db));
      pruned.pages = await total(freePages(db));
      return pruned;
    },
  };
}

/** Nobody asks for the lag of hours that are no longer told apart. */
function oldLags(db: Database.Database, connection: number, before: number): Generator<number> {
  const drop = db.prepare<[number, number, number]>(
    `DELETE FROM lags WHERE connection = ? AND hour IN
       (SELECT hour FROM lags WHERE connection = ? AND hour < ? ORDER BY hour LIMIT ${STEP})`,
  );
  return inSteps(() => drop.run(connection, connection, before).changes);
}

/** Repeats a statement that takes away so many rows at a time, until it finds no more. */
function* inSteps(take: () => number): Generator<number> {
  for (;;) {
    const n = take();
    yield n;
    if (n < STEP) return;
  }
}

/** Those that are old, and those beyond the newest; the one that is running stays. */
function oldRuns(
  db: Database.Database,
  connection: number,
  before: number,
  kept: number,
): Generator<number> {
  const drop = db.prepare<[number, number, number, number, number]>(
    `DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE connection = ? AND state <> 'running' AND (started_at < ?
       OR id <= (SELECT id FROM runs WHERE connection = ? ORDER BY id DESC LIMIT 1 OFFSET ?)) LIMIT ?)`,
  );
  return inSteps(() => drop.run(connection, before, connection, kept, STEP).changes);
}

function oldJobs(db: Database.Database, before: number): Generator<number> {
  const drop = db.prepare<[number, number]>(
    'DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE ended_at < ? LIMIT ?)',
  );
  return inSteps(() => drop.run(before, STEP).changes);
}

/** The look through all slices is made only for one that no run names: a few times a year, when settings change. */
function unusedMappings(db: Database.Database): Generator<number> {
  const drop = db.prepare<[number]>(
    `DELETE FROM mappings WHERE id IN (SELECT m.id FROM mappings m
       WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.mapping = m.id)
         AND NOT EXISTS (SELECT 1 FROM slices s WHERE s.mapping = m.id) LIMIT ?)`,
  );
  return inSteps(() => drop.run(STEP).changes);
}

/** Gives free pages back to the file system, where there are many. */
function* freePages(db: Database.Database): Generator<number> {
  const pragma = (name: string): number => db.pragma(name, { simple: true }) as number;
  for (;;) {
    const free = pragma('freelist_count');
    const kept = Math.max(FREE_PAGES, Math.ceil(pragma('page_count') * FREE_SHARE));
    if (free <= kept) return;
    db.pragma(`incremental_vacuum(${Math.min(STEP, free - kept)})`);
    const given = free - pragma('freelist_count');
    yield given;
    // A database that was made without incremental vacuum only uses them again.
    if (given === 0) return;
  }
}
