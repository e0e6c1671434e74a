import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLICK, counts, letter, settlement, slice } from '../../test/contracts/ledger.ts';
import { CLICK as CLICKS, clicks, currentsFile, put } from '../../test/support/currents-file.ts';
import { json, scriptedServer, stall, taken } from '../../test/support/scripted-server.ts';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { StoredDeadLetter } from '../core/ledger.ts';
import { parseMappingSettings } from '../mapping/settings.ts';
import { openState } from '../state/state.ts';
import { exportFolder } from './export.ts';
import { retryDeadLetters, type RetryOptions } from './retry-dead-letters.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-retry-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function bury(connection: string, letters: DeadLetter[]): Promise<void> {
  const state = openState(folder);
  const claim = await state.ledger.claim(connection, 0);
  const n = letters.length;
  await state.ledger.settle(
    claim,
    settlement({
      slice: slice('a.avro'),
      records: n,
      counts: counts(CLICK, { read: n, deadLetters: n }),
      deadLetters: letters,
    }),
  );
  state.close();
}

/** What is left, once the books were found to balance. */
async function left(connection = 'c'): Promise<StoredDeadLetter[]> {
  const state = openState(folder);
  try {
    expect(await state.ledger.imbalances(connection)).toEqual([]);
    return await state.deadLetters.list({ limit: 100 });
  } finally {
    state.close();
  }
}

const optionsFor = (url: string, more: Partial<RetryOptions> = {}): RetryOptions => ({
  dataDir: folder,
  destination: { credentials: { kind: 'project-token', token: 'tok' }, region: 'us', url },
  settings: parseMappingSettings({}),
  salt: undefined,
  ids: [],
  backoffMs: 1,
  ...more,
});
const signal = new AbortController().signal;

test('letters of two connections are never mixed: somebody must say which are meant', async () => {
  await bury('one', [letter(0)]);
  await bury('two', [letter(0)]);
  const server = await scriptedServer([taken]);
  try {
    for (const more of [{}, { ids: [1] }])
      await expect(retryDeadLetters(optionsFor(server.url, more), signal)).rejects.toMatchObject({
        code: 'which_connection',
      });
    await expect(
      retryDeadLetters(optionsFor(server.url, { connection: 'one', ids: [2] }), signal),
    ).rejects.toMatchObject({ code: 'other_connection' });
    expect(server.received).toEqual([]);
    const named = optionsFor(server.url, { connection: 'two', ids: [2, 2] });
    expect(await retryDeadLetters(named, signal)).toMatchObject({ delivered: 1 });
  } finally {
    await server.close();
  }
  expect((await left('two')).map(({ connection }) => connection)).toEqual(['one']);
});

test('a retry that is stopped half-way has settled what was taken', async () => {
  const large = [0, 1, 2].map((n) => ({
    ...letter(n),
    payload: Buffer.from(`{"n":${n},"x":"${'x'.repeat(4_000_000)}"}`),
  }));
  await bury('c', large);
  const stop = new AbortController();
  const server = await scriptedServer([
    taken,
    (response, request) => {
      stop.abort(new Error('enough'));
      stall(response, request);
    },
  ]);
  try {
    await expect(retryDeadLetters(optionsFor(server.url), stop.signal)).rejects.toThrow('enough');
  } finally {
    await server.close();
  }
  expect((await left()).map(({ record }) => record)).toEqual([2]);
});

test('what can not be mapped stays, and does not hold up the others', async () => {
  const pushed = (record: number, text: string): DeadLetter => ({
    ...letter(record, 'no_event_type'),
    kind: 'record',
    payload: Buffer.from(text),
  });
  await bury('c', [
    pushed(0, 'null'),
    pushed(1, '[1]'),
    pushed(2, '{"id":"x"}'),
    { ...letter(3, 'corrupt_block'), kind: 'bytes' },
    letter(4),
    letter(5),
  ]);
  const server = await scriptedServer([
    json(400, { num_records_imported: 1, failed_records: [{ index: 1, message: 'still bad' }] }),
  ]);
  try {
    const result = await retryDeadLetters(optionsFor(server.url), signal);
    expect(result).toEqual({ delivered: 1, skipped: 0, refused: 5 });
  } finally {
    await server.close();
  }
  expect((await left()).map(({ record, detail }) => [record, detail])).toEqual([
    [0, 'why 0'],
    [1, 'why 1'],
    [2, 'why 2'],
    [3, 'why 3'],
    [5, 'still bad'],
  ]);
});

test('a record that is mapped anew gives the event that it would have given at once', async () => {
  const schema = {
    ...CLICKS,
    fields: [...CLICKS.fields, { name: 'score', type: 'float' }, { name: 'big', type: 'long' }],
  };
  const [known, refused] = clicks('a', 2).map((record, n) => ({
    ...record,
    score: 3.14,
    big: 2 ** 52,
    external_user_id: n === 0 ? 'somebody' : 'NONE',
  }));
  await put(folder, 'currents/a.avro', currentsFile([known!, refused!], { schema }));
  const server = await scriptedServer([taken]);
  const settings = (refusedIds: string) => parseMappingSettings({ shape: 'full', refusedIds });
  const options = optionsFor(server.url, { connection: 'c' });
  const from = { ...options, from: join(folder, 'currents'), concurrency: 1 };
  try {
    await exportFolder({ ...from, settings: settings('any-case') }, { signal });
    await retryDeadLetters({ ...options, settings: settings('exact') }, signal);
    const once = { ...from, dataDir: join(folder, 'other'), settings: settings('exact') };
    await exportFolder(once, { signal });
    const [first, again, both] = server.received.map(({ lines }) =>
      lines.map((line) => JSON.parse(line) as unknown),
    );
    expect([...first!, ...again!]).toEqual(both);
    expect(server.received[1]!.lines[0]).toContain('"score":3.14,');
  } finally {
    await server.close();
  }
});
