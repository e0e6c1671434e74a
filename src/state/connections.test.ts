import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { counts, OPEN, settlement, slice } from '../../test/contracts/ledger.ts';
import type { Alert, ConnectionStatus } from '../core/connections.ts';
import { lockFolder } from './lock.ts';
import { MIGRATIONS } from './migrations.ts';
import { holderOf, openControl, openState } from './state.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-connections-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const status = (connection: string, at = 5): ConnectionStatus => ({
  connection,
  state: { kind: 'retrying', since: 3, detail: 'HTTP 503' },
  lagSeconds: 12,
  deliveredAt: null,
  receivedAt: 2,
  read: 1,
  delivered: 0,
  skipped: 1,
  deadLetters: 0,
  problems: 0,
  at,
});

test('a connection is made, changed, paused, forgotten and made again; its books stay', async () => {
  const state = openState(folder);
  const { connections, ledger } = state;
  const claim = await ledger.claim('shop', 0);
  const advance = {
    slice: slice('a'),
    records: 1,
    counts: counts(OPEN, { read: 1, delivered: 1 }),
  };
  await ledger.settle(claim, settlement(advance));
  expect(await connections.list()).toEqual([]);
  expect(await connections.get('shop')).toBeUndefined();

  await connections.put('shop', { a: 1 }, 10);
  await connections.put('shop', { a: 2 }, 20);
  expect(await connections.get('shop')).toEqual({
    name: 'shop',
    spec: { a: 2 },
    paused: false,
    revision: 2,
    createdAt: 10,
    updatedAt: 20,
  });
  await connections.setPaused('shop', true, 30);
  await connections.setPaused('shop', true, 40);
  expect(await connections.get('shop')).toMatchObject({ paused: true, revision: 3, updatedAt: 30 });
  await connections.put('shop', { a: 3 }, 50);
  expect(await connections.get('shop')).toMatchObject({ paused: true });

  await connections.remove('shop', 60);
  expect(await connections.list()).toEqual([]);
  for (const gone of [
    () => connections.remove('shop', 70),
    () => connections.setPaused('shop', false, 70),
  ])
    await expect(gone()).rejects.toMatchObject({ code: 'no_such_connection' });
  expect((await ledger.progress('shop', slice('a')))?.position.record).toBe(1);

  await connections.put('shop', { a: 4 }, 80, true);
  expect(await connections.get('shop')).toMatchObject({
    paused: true,
    createdAt: 80,
    revision: 6,
  });
  state.close();
});

test('deleting a connection ends its jobs and takes its status away', async () => {
  const state = openState(folder);
  await state.connections.put('shop', {}, 1);
  await state.jobs.add(
    { connection: 'shop', kind: 'backfill', since: '2026-01-01-00', until: null },
    2,
  );
  await state.statuses.put([status('shop')]);
  await state.connections.remove('shop', 3);
  expect(await state.jobs.open('shop')).toEqual([]);
  expect(await state.jobs.list({ limit: 9 })).toMatchObject([{ state: 'cancelled', endedAt: 3 }]);
  expect(await state.statuses.list()).toEqual([]);
  await state.statuses.put([status('shop')]);
  expect(await state.statuses.list()).toEqual([]);
  state.close();
});

test('jobs wait, run and end, and are listed newest first', async () => {
  const state = openState(folder);
  const { connections, jobs } = state;
  await connections.put('a', {}, 1);
  await connections.put('b', {}, 1);
  const backfill = { kind: 'backfill', since: '2026-07-01-00', until: null } as const;
  const first = await jobs.add({ connection: 'a', ...backfill }, 2);
  expect(first).toEqual({
    ...{ id: first.id, connection: 'a', ...backfill, state: 'waiting', detail: null },
    ...{ createdAt: 2, endedAt: null, reached: null },
  });
  const second = await jobs.add(
    { connection: 'a', kind: 'replay', since: '2026-01-01-00', until: '2026-08-01-00' },
    3,
  );
  const other = await jobs.add({ connection: 'b', ...backfill }, 4);
  await jobs.set(first.id, 'running', null, 5);
  expect((await jobs.open('a')).map(({ id, state }) => [id, state])).toEqual([
    [first.id, 'running'],
    [second.id, 'waiting'],
  ]);
  await jobs.set(first.id, 'failed', 'why', 6);
  expect((await jobs.open('a')).map(({ id }) => id)).toEqual([second.id]);
  expect((await jobs.list({ limit: 2 })).map(({ id }) => id)).toEqual([other.id, second.id]);
  expect((await jobs.list({ connection: 'a', limit: 9 })).map(({ id }) => id)).toEqual([
    second.id,
    first.id,
  ]);
  expect(await jobs.list({ connection: 'a', limit: 9 })).toContainEqual(
    expect.objectContaining({ id: first.id, state: 'failed', detail: 'why', endedAt: 6 }),
  );
  await expect(jobs.add({ connection: 'none', ...backfill }, 1)).rejects.toMatchObject({
    code: 'no_such_connection',
  });
  await expect(jobs.set(999, 'finished', null, 1)).rejects.toMatchObject({ code: 'no_such_job' });
  state.close();
});

test('statuses and alerts are kept as they are, the last one said', async () => {
  const state = openState(folder);
  for (const name of ['b', 'a']) await state.connections.put(name, {}, 1);
  for (const [name, at] of [
    ['b', 1],
    ['a', 2],
    ['b', 3],
  ] as const)
    await state.statuses.put([status(name, at)]);
  expect(await state.statuses.list()).toEqual([status('a', 2), status('b', 3)]);

  const alert: Alert = { connection: 'a', kind: 'lag', detail: 'old', since: 1, toldAt: null };
  await state.alerts.put(alert);
  await state.alerts.put({ ...alert, kind: 'halted' });
  await state.alerts.put({ ...alert, detail: 'older', toldAt: 7 });
  await state.alerts.remove('a', 'halted');
  await state.alerts.remove('a', 'halted');
  expect(await state.alerts.list()).toEqual([{ ...alert, detail: 'older', toldAt: 7 }]);
  state.close();
});

test('the revision changes with every change of connections and jobs, and with nothing else', async () => {
  const writer = openState(folder);
  const control = await openControl(folder, {});
  await control.connections.put('a', {}, 1);
  const step = fc.record({
    kind: fc.constantFrom('put', 'pause', 'remove', 'add', 'end', 'status', 'settle'),
    name: fc.constantFrom('a', 'b'),
  });
  let at = 10;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const seen = new Set([await writer.connections.revision()]);
      for (const { kind, name } of steps) {
        at++;
        const before = await writer.connections.revision();
        const stored = await control.connections.get(name);
        const [job] = await control.jobs.open(name);
        let isChange = false;
        if (kind === 'put') {
          await control.connections.put(name, {}, at);
          isChange = true;
        } else if (kind === 'status') await control.statuses.put([status(name, at)]);
        else if (kind === 'settle') await writer.ledger.claim(name, at);
        else if (kind === 'end' && job) {
          await control.jobs.set(job.id, 'cancelled', null, at);
          isChange = true;
        } else if (stored && kind === 'pause') {
          await control.connections.setPaused(name, !stored.paused, at);
          isChange = true;
        } else if (stored && kind === 'remove') {
          await control.connections.remove(name, at);
          isChange = true;
        } else if (stored && kind === 'add') {
          await control.jobs.add(
            { connection: name, kind: 'replay', since: '2026-01-01-00', until: null },
            at,
          );
          isChange = true;
        }
        const after = await writer.connections.revision();
        if (!isChange) expect(after).toBe(before);
        else {
          expect(seen.has(after)).toBe(false);
          seen.add(after);
        }
      }
    }),
    { numRuns: 30 },
  );
  control.close();
  writer.close();
});

test('connections are changed beside the process that writes the books, and neither is in the way', async () => {
  expect(holderOf(folder)).toBeUndefined();
  await expect(openControl(folder, {})).rejects.toMatchObject({ code: 'no_data_folder' });
  const service = openState(folder);
  expect(holderOf(folder)).toMatchObject({ pid: process.pid });
  const control = await openControl(folder, {});
  const claim = await service.ledger.claim('shop', 0);
  for (let i = 1; i <= 20; i++)
    await Promise.all([
      control.connections.put('shop', { i }, i),
      service.ledger.settle(
        claim,
        settlement({
          slice: slice('a'),
          records: i,
          counts: counts(OPEN, { read: 1, delivered: 1 }),
          at: i,
        }),
      ),
    ]);
  expect((await service.connections.get('shop'))?.spec).toEqual({ i: 20 });
  expect((await control.ledger.progress('shop', slice('a')))?.position.record).toBe(20);
  expect(await control.ledger.imbalances('shop')).toEqual([]);
  control.close();
  service.close();
  expect(holderOf(folder)).toBeUndefined();
});

test('by what settings a window of hours was settled', async () => {
  const state = openState(folder);
  const put = async (mapping: string | undefined, id: string, hour?: string): Promise<void> => {
    const claim = await state.ledger.claim('shop', 0, mapping === undefined ? {} : { mapping });
    const one = { ...slice(id), ...(hour === undefined ? {} : { hour }) };
    const read = counts(OPEN, { read: 1, delivered: 1 });
    await state.ledger.settle(claim, settlement({ slice: one, records: 1, counts: read }));
  };
  await put(undefined, 'x', '2026-07-01-00');
  await put('old', 'a', '2026-07-01-01');
  await put('old', 'b', '2026-07-01-02');
  await put('new', 'c', '2026-07-01-03');
  await put('new', 'd');
  const used = (since?: string, until?: string) => state.mappings.used('shop', { since, until });
  expect(await used()).toEqual([
    { fingerprint: null, slices: 1 },
    { fingerprint: 'old', slices: 2 },
    { fingerprint: 'new', slices: 2 },
  ]);
  expect(await used('2026-07-01-02')).toEqual([
    { fingerprint: 'old', slices: 1 },
    { fingerprint: 'new', slices: 2 },
  ]);
  expect(await used(undefined, '2026-07-01-01')).toEqual([
    { fingerprint: null, slices: 1 },
    { fingerprint: 'new', slices: 1 },
  ]);
  state.close();
});

test('a folder of an older Sluice is brought up to date, but not under a process that works on it', async () => {
  const db = new Database(join(folder, 'sluice.db'));
  db.exec(MIGRATIONS[0]!);
  db.pragma('user_version = 1');
  db.close();
  const older = lockFolder(folder);
  await expect(openControl(folder, {})).rejects.toMatchObject({ code: 'data_folder_in_use' });
  older.release();
  const control = await openControl(folder, {});
  await control.connections.put('shop', {}, 1);
  expect(await control.connections.list()).toHaveLength(1);
  control.close();
});
