import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  CLICK,
  counts,
  ledgerContract,
  type LedgerUnderTest,
  letter,
  OPEN,
  settlement,
  slice,
} from '../../test/contracts/ledger.ts';
import { upkeepContract } from '../../test/contracts/upkeep.ts';
import { killProcess, startSettling } from '../../test/support/settling.ts';
import { totalOf } from '../core/counts.ts';
import { openState } from './state.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-state-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function underTest(dataDir: string): LedgerUnderTest {
  const state = openState(dataDir);
  return {
    ledger: state.ledger,
    deadLetters: state.deadLetters,
    upkeep: state.upkeep,
    reopen() {
      state.close();
      return Promise.resolve(underTest(dataDir));
    },
    close() {
      state.close();
      return Promise.resolve();
    },
  };
}

ledgerContract('SQLite', () => Promise.resolve(underTest(folder)));
upkeepContract('SQLite', () => Promise.resolve(underTest(folder)));

test('any sequence of settling, taking over, retrying and reopening gives what a plain model gives', async () => {
  const step = fc.record({
    kind: fc.constantFrom('settle', 'settle', 'settle', 'claim', 'retry', 'reopen'),
    type: fc.constantFrom(CLICK, OPEN),
    file: fc.constantFrom('a.avro', 'b.avro'),
    delivered: fc.nat(5),
    skipped: fc.nat(3),
    dead: fc.nat(2),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const dir = await mkdtemp(join(folder, 'model-'));
      let under = underTest(dir);
      let claim = await under.ledger.claim('c', 0);
      const records = new Map<string, number>();
      const model = { read: 0, delivered: 0, skipped: 0, deadLetters: 0 };
      for (const { kind, type, file, delivered, skipped, dead } of steps) {
        if (kind === 'claim') claim = await under.ledger.claim('c', 1);
        else if (kind === 'reopen') under = await under.reopen();
        else if (kind === 'retry') {
          const found = await under.deadLetters.list({ limit: delivered });
          await under.deadLetters.settle(
            found.map(({ id }) => ({ id, kind: 'delivered' as const })),
            2,
          );
          model.delivered += found.length;
          model.deadLetters -= found.length;
        } else {
          const read = delivered + skipped + dead;
          const first = records.get(file) ?? 0;
          records.set(file, first + read);
          const deadLetters = Array.from({ length: dead }, (_, i) => ({
            ...letter(first + i, 'c', type),
            slice: file,
          }));
          await under.ledger.settle(
            claim,
            settlement({
              slice: slice(file),
              records: first + read,
              counts: counts(type, {
                read,
                delivered,
                deadLetters: dead,
                skipped: skipped > 0 ? { why: skipped } : {},
              }),
              deadLetters,
            }),
          );
          model.read += read;
          model.delivered += delivered;
          model.skipped += skipped;
          model.deadLetters += dead;
        }
      }
      const total = totalOf(await under.ledger.totals('c'));
      expect({ ...total, skipped: total.skipped['why'] ?? 0 }).toMatchObject(model);
      expect(await under.ledger.imbalances('c')).toEqual([]);
      expect(await under.deadLetters.list({ limit: 1000 })).toHaveLength(model.deadLetters);
      await under.close();
    }),
    { numRuns: 25 },
  );
});

test('the roll-ups are kept in step with the counts', async () => {
  const under = underTest(folder);
  const claim = await under.ledger.claim('c', 0);
  const hour = 3_600_000;
  await under.ledger.settle(
    claim,
    settlement({
      slice: slice('a.avro'),
      records: 2,
      counts: counts(CLICK, { read: 2, delivered: 1, deadLetters: 1 }),
      deadLetters: [letter(0)],
      at: 5 * hour,
    }),
  );
  await under.ledger.settle(
    claim,
    settlement({
      slice: slice('a.avro'),
      records: 5,
      counts: counts(CLICK, { read: 3, delivered: 3 }),
      at: 6 * hour + 1,
    }),
  );
  const [first] = await under.deadLetters.list({ limit: 1 });
  await under.deadLetters.settle([{ id: first!.id, kind: 'delivered' }], 7 * hour);
  await under.close();
  const db = new Database(join(folder, 'sluice.db'), { readonly: true });
  const rows = db
    .prepare("SELECT hour, outcome, n FROM rollups WHERE outcome <> 'read' ORDER BY hour, outcome")
    .all();
  db.close();
  expect(rows).toEqual([
    { hour: 5, outcome: 'dead_letter', n: 1 },
    { hour: 5, outcome: 'delivered', n: 1 },
    { hour: 6, outcome: 'delivered', n: 3 },
    { hour: 7, outcome: 'dead_letter', n: -1 },
    { hour: 7, outcome: 'delivered', n: 1 },
  ]);
});

test('nobody else may read the files', async () => {
  const dir = join(folder, 'made');
  openState(dir).close();
  expect((await stat(dir)).mode & 0o077).toBe(0);
  expect((await stat(join(dir, 'sluice.db'))).mode & 0o077).toBe(0);
});

test('a full disk is said so, nothing is half written, and it goes on once there is space', async () => {
  const state = openState(folder, { maxPages: 120 });
  const claim = await state.ledger.claim('c', 0);
  const one = (record: number) =>
    settlement({
      slice: slice('a.avro'),
      records: record + 1,
      counts: counts(CLICK, { read: 1, deadLetters: 1 }),
      deadLetters: [{ ...letter(record), payload: Buffer.alloc(20_000) }],
    });
  let record = 0;
  const fill = async (): Promise<void> => {
    for (; ; record++) await state.ledger.settle(claim, one(record));
  };
  await expect(fill()).rejects.toMatchObject({
    code: 'disk_full',
    hint: expect.stringContaining('Free some space'),
  });
  expect((await state.ledger.progress('c', slice('a.avro')))?.position.record ?? 0).toBe(record);
  expect(await state.ledger.imbalances('c')).toEqual([]);
  state.close();
  const more = openState(folder, { maxPages: 10_000 });
  const again = await more.ledger.claim('c', 1);
  await more.ledger.settle(again, one(record));
  expect(await more.ledger.imbalances('c')).toEqual([]);
  more.close();
});

test('a folder of a newer Sluice, a file that is no database, a missing folder: each is named', async () => {
  openState(folder).close();
  const db = new Database(join(folder, 'sluice.db'));
  db.pragma('user_version = 999');
  db.close();
  expect(() => openState(folder)).toThrow(expect.objectContaining({ code: 'newer_data' }));
  expect(() => openState(join(folder, 'none'), { readonly: true })).toThrow(
    expect.objectContaining({ code: 'no_data_folder' }),
  );
  await writeFile(
    join(folder, 'sluice.db'),
    'this is no database, but it is long enough to be looked at as one'.repeat(100),
  );
  expect(() => openState(folder)).toThrow(expect.objectContaining({ code: 'state_corrupt' }));
});

test('what is read before it was ever set up, and a damaged database, are named to readers too', async () => {
  const file = join(folder, 'sluice.db');
  await writeFile(file, '');
  expect(() => openState(folder, { readonly: true })).toThrow(
    expect.objectContaining({ code: 'not_migrated' }),
  );
  openState(folder).close();
  openState(folder, { readonly: true }).close();
  const bytes = await readFile(file);
  await writeFile(file, bytes.fill(0x5a, 100, 2000));
  for (const readonly of [true, false])
    expect(() => openState(folder, { readonly })).toThrow(
      expect.objectContaining({ name: 'StateError', code: 'state_corrupt' }),
    );
});

test('a start that fails while it takes the lock leaves no lock behind', async () => {
  const note = join(folder, 'lock.json');
  await mkdir(note);
  expect(() => openState(folder)).toThrow();
  await rm(note, { recursive: true });
  openState(folder).close();
});

test('one process writes, others may read beside it', async () => {
  const first = openState(folder);
  expect(() => openState(folder)).toThrow(expect.objectContaining({ code: 'data_folder_in_use' }));
  const claim = await first.ledger.claim('c', 0);
  await first.ledger.settle(
    claim,
    settlement({
      slice: slice('a.avro'),
      records: 1,
      counts: counts(CLICK, { read: 1, delivered: 1 }),
    }),
  );
  const reader = openState(folder, { readonly: true });
  expect(totalOf(await reader.ledger.totals('c')).delivered).toBe(1);
  await expect(reader.ledger.claim('c', 1)).rejects.toMatchObject({ code: 'state_read_only' });
  reader.close();
  first.close();
  openState(folder).close();
});

test('another process that holds the folder is named with its number, and its death frees it', async () => {
  const child = await startSettling(folder);
  try {
    expect(() => openState(folder)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(`process ${child.pid}`) }),
    );
  } finally {
    await killProcess(child);
  }
  openState(folder).close();
});

test('killed at any instant, the books balance and every dead letter is there once', async () => {
  for (let round = 0; round < 12; round++) {
    const child = await startSettling(folder);
    await delay(Math.random() * 60);
    await killProcess(child);
    const state = openState(folder);
    const position = (await state.ledger.progress('c', slice('a.avro')))?.position ?? { record: 0 };
    const total = totalOf(await state.ledger.totals('c'));
    expect(await state.ledger.imbalances('c')).toEqual([]);
    expect(total.read).toBe(position.record);
    expect(total.deadLetters).toBe(position.record / 3);
    expect((await state.deadLetters.summary())[0]?.n ?? 0).toBe(total.deadLetters);
    state.close();
  }
});
