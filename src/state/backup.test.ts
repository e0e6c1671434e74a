import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLICK, counts, letter, settlement, slice } from '../../test/contracts/ledger.ts';
import { copyDataV1 } from '../../test/support/data-v1.ts';
import { killProcess, startSettling } from '../../test/support/settling.ts';
import { totalOf } from '../core/counts.ts';
import { backUp } from './backup.ts';
import { openState } from './state.ts';

let root: string;
let data: string;
let file: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-backup-'));
  data = join(root, 'data');
  file = join(root, 'copy.db');
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function settleOne(dataDir: string, deadLetters = 1): Promise<void> {
  const state = openState(dataDir);
  const claim = await state.ledger.claim('c', 0);
  await state.ledger.settle(
    claim,
    settlement({
      slice: slice('a.avro'),
      records: 3,
      counts: counts(CLICK, { read: 3, delivered: 2, deadLetters }),
      deadLetters: [letter(0)],
    }),
  );
  state.close();
}

test('a copy made beside a process that never rests is whole, balanced and private', async () => {
  const child = await startSettling(data);
  try {
    for (let round = 0; round < 3; round++) {
      const { health, bytes } = await backUp(data, file, { replace: true });
      expect(health).toMatchObject({ ok: true, damage: [], connections: [{ imbalances: [] }] });
      expect((await stat(file)).size).toBe(bytes);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect((await readdir(root)).toSorted()).toEqual(['copy.db', 'data']);
    }
    expect(child.exitCode).toBeNull();
  } finally {
    await killProcess(child);
  }
});

test('it comes to its end however often others commit meanwhile', async () => {
  const state = openState(data);
  const claim = await state.ledger.claim('c', 0);
  const settle = (record: number, bytes: number): Promise<void> =>
    state.ledger.settle(
      claim,
      settlement({
        slice: slice('a.avro'),
        records: record + 1,
        counts: counts(CLICK, { read: 1, deadLetters: 1 }),
        deadLetters: [{ ...letter(record), payload: Buffer.alloc(bytes) }],
      }),
    );
  // Copied in some fifty steps.
  await settle(0, 20_000_000);
  const ended = new AbortController();
  const backup = backUp(data, file).finally(() => {
    ended.abort();
  });
  let record = 1;
  for (; !ended.signal.aborted && record < 500; record++) {
    await settle(record, 10);
    await setImmediate();
  }
  expect(record).toBeLessThan(500);
  expect((await backup).health?.ok).toBe(true);
  state.close();
});

test('put in the place of a lost database, it goes on where it stood when it was made', async () => {
  const child = await startSettling(data);
  const reader = openState(data, { readonly: true });
  while (totalOf(await reader.ledger.totals('c')).read === 0) await delay(5);
  reader.close();
  await backUp(data, file);
  await killProcess(child);
  const lost = openState(data);
  const atEnd = totalOf(await lost.ledger.totals('c')).read;
  lost.close();
  for (const name of ['sluice.db', 'sluice.db-wal', 'sluice.db-shm'])
    await rm(join(data, name), { force: true });
  await copyFile(file, join(data, 'sluice.db'));

  const state = openState(data);
  const { record } = (await state.ledger.progress('c', slice('a.avro')))!.position;
  expect(record).toBeGreaterThan(0);
  expect(record).toBeLessThanOrEqual(atEnd);
  expect(totalOf(await state.ledger.totals('c')).read).toBe(record);
  expect(await state.ledger.imbalances('c')).toEqual([]);
  const claim = await state.ledger.claim('c', 1);
  await state.ledger.settle(
    claim,
    settlement({
      slice: slice('a.avro'),
      records: record + 1,
      counts: counts('t', { read: 1, delivered: 1 }),
    }),
  );
  expect(await state.ledger.imbalances('c')).toEqual([]);
  state.close();
});

test('nothing that is there is overwritten unless that is asked for, and never what Sluice works with', async () => {
  await settleOne(data);
  await writeFile(file, 'mine');
  await expect(backUp(data, file)).rejects.toMatchObject({ code: 'backup_exists' });
  expect(await readFile(file, 'utf8')).toBe('mine');
  await backUp(data, file, { replace: true });
  expect((await readFile(file)).subarray(0, 15).toString()).toBe('SQLite format 3');
  for (const name of ['sluice.db', 'sluice.db-wal', 'lock.db', 'key'])
    await expect(backUp(data, join(data, name), { replace: true })).rejects.toMatchObject({
      code: 'backup_onto_itself',
    });
  const folder = join(root, 'folder');
  await mkdir(folder);
  await expect(backUp(data, folder, { replace: true })).rejects.toMatchObject({
    code: 'backup_exists',
    hint: expect.stringContaining(folder),
  });
  await expect(backUp(data, join(root, 'none', 'copy.db'))).rejects.toMatchObject({
    name: 'StateError',
    code: 'backup_failed',
  });
  await expect(backUp(join(root, 'empty'), join(root, 'x.db'))).rejects.toMatchObject({
    code: 'no_data_folder',
  });
  expect((await readdir(root)).toSorted()).toEqual(['copy.db', 'data', 'folder']);
});

test('a copy of damaged data is refused, and the older one stays', async () => {
  await settleOne(data);
  await backUp(data, file);
  const good = await readFile(file);
  const db = join(data, 'sluice.db');
  const bytes = await readFile(db);
  await writeFile(db, bytes.fill(0x5a, 3 * 4096, 8 * 4096));
  await expect(backUp(data, file, { replace: true })).rejects.toMatchObject({
    name: 'StateError',
    code: expect.stringMatching(/^(backup_damaged|state_corrupt)$/),
  });
  expect((await readFile(file)).equals(good)).toBe(true);
  expect((await readdir(root)).toSorted()).toEqual(['copy.db', 'data']);
});

test('books that do not balance are copied as they are, and it is said so', async () => {
  await settleOne(data, 0);
  const { health } = await backUp(data, file);
  expect(health).toMatchObject({ ok: false, damage: [] });
  expect(health?.connections[0]?.imbalances).not.toEqual([]);
});

test('the data of an older version can be copied before it is brought up to date', async () => {
  await mkdir(data);
  copyDataV1(data);
  expect(await backUp(data, file)).not.toHaveProperty('health');
  const db = new Database(file, { readonly: true });
  expect(db.pragma('user_version', { simple: true })).toBe(1);
  db.close();
});
