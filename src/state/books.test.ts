import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CLICK, counts, OPEN, settlement, slice } from '../../test/contracts/ledger.ts';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { Claim } from '../core/ledger.ts';
import { lettersSql, QUERIES, slicesSql } from './books.ts';
import { openDatabase } from './database.ts';
import { lettersWhere } from './dead-letters.ts';
import { openState, type State } from './state.ts';

const HOUR = 3_600_000;
const AT = Date.UTC(2026, 6, 1, 10);

let folder: string;
let state: State;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-books-'));
  state = openState(folder);
});
afterEach(() => {
  state.close();
  rmSync(folder, { recursive: true, force: true });
});

const letter = (id: string, record: number, cause: string, eventType = CLICK): DeadLetter => ({
  ...{ slice: id, version: 'v1', record, eventType, cause, detail: 'a test', kind: 'event' },
  payload: Buffer.from(`{"event":"x","properties":{"n":${record}}}`),
});

/** A slice whose records all are dead letters of these causes. */
async function bury(claim: Claim, id: string, causes: readonly string[], at = AT): Promise<void> {
  const n = causes.length;
  await state.ledger.settle(
    claim,
    settlement({
      slice: slice(id),
      records: n,
      counts: counts(CLICK, { read: n, deadLetters: n }),
      done: true,
      deadLetters: causes.map((cause, i) => letter(id, i, cause)),
      at,
    }),
  );
}

describe('the groups of dead letters', () => {
  test('say what the letters themselves say, whatever becomes of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 }),
        fc.array(fc.tuple(fc.nat(11), fc.constantFrom('delivered', 'skipped', 'a', 'b')), {
          maxLength: 20,
        }),
        async (causes, fates) => {
          const name = `c-${Math.random()}`;
          await bury(await state.ledger.claim(name, AT), 's', causes);
          const letters = await state.books.letters({ connection: name, limit: 100 });
          for (const [i, fate] of fates) {
            const id = letters[i % letters.length]!.id;
            await state.deadLetters.settle(
              [
                fate === 'delivered'
                  ? { id, kind: 'delivered' }
                  : fate === 'skipped'
                    ? { id, kind: 'skipped', reason: 'x' }
                    : { id, kind: 'refused', cause: fate, detail: 'again' },
              ],
              AT,
            );
          }
          const left = await state.books.letters({ connection: name, limit: 100 });
          const sums = new Map<string, number>();
          for (const { cause } of left) sums.set(cause, (sums.get(cause) ?? 0) + 1);
          const groups = await state.books.groups(name);
          expect(new Map(groups.map(({ cause, n }) => [cause, n]))).toEqual(sums);
          expect(await state.books.deadLetters(name)).toBe(left.length);
          expect(await state.ledger.imbalances(name)).toEqual([]);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('name the time of their newest', async () => {
    const claim = await state.ledger.claim('c', AT);
    await bury(claim, 's1', ['a', 'b'], AT);
    await bury(claim, 's2', ['a'], AT + HOUR);
    expect(await state.books.groups('c')).toEqual([
      { connection: 'c', cause: 'a', eventType: CLICK, n: 2, newestAt: AT + HOUR },
      { connection: 'c', cause: 'b', eventType: CLICK, n: 1, newestAt: AT },
    ]);
    expect(await state.books.groups('none')).toEqual([]);
    expect((await state.deadLetters.summary()).map(({ n }) => n)).toEqual([2, 1]);
  });
});

test('the sums of hours, types and all time are those of the ledger', async () => {
  const claim = await state.ledger.claim('c', AT);
  for (const [id, at] of [
    ['s1', AT],
    ['s2', AT + 2 * HOUR],
  ] as const)
    await state.ledger.settle(
      claim,
      settlement({
        slice: slice(id),
        records: 10,
        counts: counts(CLICK, { read: 10, delivered: 7, skipped: { old: 3 } }),
        at,
      }),
    );
  expect(await state.books.hours('c', AT)).toEqual([
    { at: AT, read: 10, delivered: 7, skipped: 3, deadLetters: 0 },
    { at: AT + 2 * HOUR, read: 10, delivered: 7, skipped: 3, deadLetters: 0 },
  ]);
  expect(await state.books.hours('c', AT + HOUR)).toHaveLength(1);
  expect(await state.books.total('c')).toMatchObject({
    read: 20,
    delivered: 14,
    skipped: { old: 6 },
  });
  expect(await state.books.total('none')).toMatchObject({ read: 0, delivered: 0 });
  expect(await state.books.types('c')).toEqual(await state.ledger.totals('c'));
  expect(await state.books.typesSince('c', AT + HOUR)).toEqual([{ type: CLICK, read: 10 }]);
});

test('what the catalogue does not know is told by type and field, of connections that there are', async () => {
  for (const name of ['kept', 'gone']) {
    await state.connections.put(name, {}, AT);
    await state.ledger.settle(
      await state.ledger.claim(name, AT),
      settlement({
        slice: slice('s'),
        records: 4,
        counts: new Map([
          ...counts(OPEN, { read: 3, delivered: 3, newFields: { odd: 2 } }),
          ...counts('users.new.Type', { read: 1, skipped: { uncatalogued: 1 } }),
        ]),
      }),
    );
  }
  await state.connections.remove('gone', AT);
  expect(await state.books.unknown()).toEqual([
    { connection: 'kept', type: OPEN, field: 'odd', n: 2 },
    { connection: 'kept', type: 'users.new.Type', field: null, n: 1 },
  ]);
});

test('slices are told by their state; a version that was replaced is no longer open', async () => {
  const claim = await state.ledger.claim('c', AT);
  const put = (id: string, version: string, more: { done?: boolean; problem?: string }) =>
    state.ledger.settle(
      claim,
      settlement({
        slice: slice(id, version),
        records: 1,
        counts: counts(CLICK, { read: 1, delivered: 1 }),
        ...more,
      }),
    );
  await put('a', 'v1', {});
  await put('a', 'v2', { done: true });
  await put('b', 'v1', {});
  await put('c', 'v1', { problem: 'torn' });
  const of = async (given?: 'open' | 'done' | 'problem') =>
    (await state.books.slices('c', { limit: 10, state: given })).map((each) => each.slice);
  expect(await of('open')).toEqual(['b']);
  expect(await of('done')).toEqual(['a']);
  expect(await of('problem')).toEqual(['c']);
  expect(await of()).toEqual(['c', 'b', 'a', 'a']);
  const [first, second] = await state.books.slices('c', { limit: 2 });
  expect(first).toMatchObject({ state: 'problem', problem: 'torn', records: 1, bytes: 10 });
  expect(
    (await state.books.slices('c', { limit: 10, before: second!.id })).map((s) => s.slice),
  ).toEqual(['a', 'a']);
});

test('the largest lag of each hour is kept', async () => {
  await state.connections.put('c', {}, AT);
  const status = (at: number, lagSeconds: number) => ({
    ...{ connection: 'c', state: { kind: 'idle' } as const, lagSeconds, at, problems: 0 },
    ...{ deliveredAt: null, receivedAt: null, read: 0, delivered: 0, skipped: 0, deadLetters: 0 },
  });
  for (const [at, lag] of [
    [AT, 5],
    [AT + 1, 60],
    [AT + 2, 7],
    [AT + HOUR, 3],
  ] as const)
    await state.statuses.put([status(at, lag)]);
  expect(await state.books.lags('c', AT)).toEqual([
    { at: AT, seconds: 60 },
    { at: AT + HOUR, seconds: 3 },
  ]);
});

test('no list that a page shows walks through a whole table', () => {
  const db = openDatabase(folder, { readonly: true });
  const filters = [
    {},
    { connection: 'c' },
    { connection: 'c', cause: 'a' },
    { connection: 'c', cause: 'a', eventType: 't' },
    { connection: 'c', eventType: 't' },
    { cause: 'a' },
    { cause: 'a', eventType: 't' },
  ];
  const all: Record<string, string> = {
    ...QUERIES,
    ...Object.fromEntries(
      [undefined, 'open', 'done', 'problem'].map((s) => [`slices ${s}`, slicesSql(s as never)]),
    ),
    ...Object.fromEntries(
      filters.map((f) => [`letters ${JSON.stringify(f)}`, lettersSql(lettersWhere(f).where)]),
    ),
  };
  try {
    for (const [name, sql] of Object.entries(all)) {
      const plan = db
        .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...Array.from({ length: sql.split('?').length - 1 }, () => 1))
        .map(({ detail }) => detail);
      const scans = plan.filter(
        (line) =>
          line.startsWith('SCAN') &&
          // Those hold a row for each group that there is, or for what is asked for.
          !/^SCAN (g|json_each|r USING (COVERING )?INDEX rollups_unknown)/.test(line),
      );
      expect(scans, `${name}: ${plan.join(' | ')}`).toEqual([]);
      if (/^(slices (undefined|done)|letters|runs|jobs)/.test(name))
        expect(
          plan.filter((line) => line.includes('TEMP B-TREE')),
          `${name}: ${plan.join(' | ')}`,
        ).toEqual([]);
    }
  } finally {
    db.close();
  }
});
