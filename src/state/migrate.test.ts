import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { counts, OPEN, settlement, slice } from '../../test/contracts/ledger.ts';
import { copyDataV1, expectedV1 } from '../../test/support/data-v1.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { openState } from './state.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-migrate-'));
  file = join(folder, 'sluice.db');
  copyDataV1(folder);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Everything in a database: its version, its schema and its rows. */
function contentOf(path: string): Record<string, unknown> {
  const db = new Database(path);
  try {
    const schema = db
      .prepare<[], { name: string; sql: string; type: string }>(
        "SELECT name, sql, type FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
      )
      .all();
    const tables = schema.filter(({ type }) => type === 'table');
    return {
      version: db.pragma('user_version', { simple: true }),
      schema,
      rows: tables.map(({ name }) => db.prepare(`SELECT * FROM ${name}`).all()),
    };
  } finally {
    db.close();
  }
}

test('a data folder of version 1 opens with everything it held, and goes on', async () => {
  const expected = expectedV1();
  const state = openState(folder);
  const { ledger, deadLetters } = state;
  expect(Object.fromEntries(await ledger.totals('old'))).toEqual(expected.totals);
  expect(await ledger.problems('old')).toEqual(expected.problems);
  expect(await ledger.imbalances('old')).toEqual([]);
  expect(await ledger.runs({ limit: 10 })).toEqual(expected.runs);
  const letters = await deadLetters.list({ limit: 100 });
  expect(
    letters.map((each) => ({ ...each, payload: Buffer.from(each.payload).toString() })),
  ).toEqual(expected.deadLetters);
  for (const { slice: known, progress } of expected.slices)
    expect(await ledger.progress('old', known)).toEqual(progress);

  const claim = await ledger.claim('old', 0);
  const more = settlement({
    slice: slice('new'),
    records: 1,
    counts: counts(OPEN, { read: 1, delivered: 1 }),
  });
  await ledger.settle(claim, more);
  expect(await ledger.imbalances('old')).toEqual([]);
  state.close();
});

test('slices of version 1 get the hours of their names', () => {
  openState(folder).close();
  const db = new Database(file);
  const rows = db
    .prepare<[], { slice: string; hour: string | null }>('SELECT slice, hour FROM slices')
    .all();
  db.close();
  expect(rows).toHaveLength(expectedV1().slices.length);
  for (const { slice: name, hour } of rows)
    expect(hour).toBe(/(?:^|\/)date=(\d{4}-\d\d-\d\d-\d\d)\//.exec(name)?.[1] ?? null);
  expect(rows.filter(({ hour }) => hour !== null)).toHaveLength(13);
});

test('before it is changed, a copy is kept that nobody else may read, once a version', async () => {
  const before = contentOf(file);
  await chmod(folder, 0o755);
  openState(folder).close();
  openState(folder).close();
  const names = (await readdir(folder)).filter((name) => name.includes('.bak'));
  expect(names).toEqual(['sluice.db.v1.bak']);
  const copy = join(folder, 'sluice.db.v1.bak');
  expect((await stat(copy)).mode & 0o777).toBe(0o600);
  expect(contentOf(copy)).toEqual(before);
});

test('a new data folder has no such copy', async () => {
  const fresh = join(folder, 'fresh');
  openState(fresh).close();
  expect((await readdir(fresh)).filter((name) => name.includes('.bak'))).toEqual([]);
});

test('when no copy can be written, nothing is changed and it is said so', async () => {
  const before = contentOf(file);
  await mkdir(join(folder, 'sluice.db.v1.bak', 'in-the-way'), { recursive: true });
  expect(() => openState(folder)).toThrow(
    expect.objectContaining({
      name: 'StateError',
      code: 'no_backup',
      hint: expect.stringContaining('Nothing was changed'),
    }),
  );
  expect(contentOf(file)).toEqual(before);
  expect((await readdir(folder)).filter((name) => name.includes('.part'))).toEqual([]);
});

test('a step that fails leaves the older version as it was, and working', () => {
  const before = contentOf(file);
  const db = new Database(file);
  const broken = [
    ...MIGRATIONS,
    'CREATE TABLE half (x INTEGER) STRICT; INSERT INTO none VALUES (1)',
  ];
  expect(() => migrate(db, file, broken)).toThrow('no such table: none');
  db.close();
  expect(contentOf(file)).toEqual(before);
  openState(folder).close();
});
