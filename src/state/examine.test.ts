import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLICK, counts, letter, settlement, slice } from '../../test/contracts/ledger.ts';
import { examine } from './examine.ts';
import { openState } from './state.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-examine-'));
  file = join(folder, 'sluice.db');
  const state = openState(folder);
  const claim = await state.ledger.claim('c', 0);
  for (let n = 0; n < 50; n++)
    await state.ledger.settle(
      claim,
      settlement({
        slice: slice(`${n}.avro`),
        records: 2,
        counts: counts(CLICK, { read: 2, delivered: 1, deadLetters: 1 }),
        deadLetters: [{ ...letter(0), slice: `${n}.avro`, payload: Buffer.alloc(3000) }],
        ...(n === 0 ? { problem: 'breaks off' } : { done: true }),
      }),
    );
  state.close();
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function change(sql: string): void {
  const db = new Database(file);
  db.pragma('foreign_keys = OFF');
  db.exec(sql);
  db.close();
}

test('a sound folder is said to be so, with its sizes and what could not be read', async () => {
  const health = await examine(folder);
  expect(health).toMatchObject({
    ok: true,
    damage: [],
    connections: [
      {
        connection: 'c',
        imbalances: [],
        problems: [{ slice: '0.avro', problem: 'breaks off' }],
        deadLetters: 50,
      },
    ],
  });
  const sizes = new Map(health.tables.map((each) => [each.table, each]));
  expect(sizes.get('dead_letters')).toMatchObject({ rows: 50 });
  expect(health.tables[0]?.table).toBe('dead_letters');
  const sum = health.tables.reduce((total, { bytes }) => total + bytes, 0);
  expect(health.databaseBytes).toBeGreaterThan(150_000);
  expect(sum).toBeLessThanOrEqual(health.databaseBytes);
  expect(sum).toBeGreaterThan(health.databaseBytes * 0.9);
});

test.each([
  [
    'a slice that lost a count',
    "DELETE FROM counts WHERE slice = 3 AND outcome = 'read'",
    '2.avro',
  ],
  ['a dead letter that is gone', 'DELETE FROM dead_letters WHERE id = 5', '4.avro'],
  [
    'what was pruned',
    `INSERT INTO past_counts VALUES (1, '${CLICK}', 'read', '', 1);
     INSERT INTO rollups VALUES (1, 0, '${CLICK}', 'read', '', 1)`,
    '(pruned)',
  ],
  ['a sum by hour', 'UPDATE rollups SET n = n + 1', '(by hour)'],
])('%s is found out of balance', async (_, sql, name) => {
  change(sql);
  const { ok, connections } = await examine(folder);
  expect(ok).toBe(false);
  expect(connections[0]!.imbalances.map((each) => each.slice)).toContain(name);
});

test('a row that belongs to none is found', async () => {
  change('UPDATE counts SET slice = 999 WHERE slice = 7');
  const { ok, damage } = await examine(folder);
  expect(ok).toBe(false);
  expect(damage[0]).toContain('counts');
});

test('damage to any page of rows or of an index is found', async () => {
  const db = new Database(file, { readonly: true });
  const pages = db
    .prepare<[], number>("SELECT pageno FROM dbstat WHERE pagetype <> 'overflow' ORDER BY pageno")
    .pluck()
    .all();
  db.close();
  expect(pages.length).toBeGreaterThan(10);
  const bytes = await readFile(file);
  for (const page of pages) {
    const start = (page - 1) * 4096;
    await writeFile(file, Buffer.from(bytes).fill(0x5a, start, start + 4096));
    const { ok, damage } = await examine(folder);
    expect(ok, `page ${page}`).toBe(false);
    expect(damage).not.toEqual([]);
  }
});
