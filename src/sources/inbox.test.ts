import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { anySourceContract, bytesOf, listOf } from '../../test/contracts/source.ts';
import type { Inbox } from '../core/inbox.ts';
import type { Slice } from '../core/source.ts';
import { openInbox } from '../state/inbox.ts';
import { inboxSource } from './inbox.ts';

const settings = inboxSource.settings.parse(inboxSource.example);
let dir: string;
let inbox: Inbox;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-inbox-source-'));
  inbox = await openInbox(dir);
});
afterEach(async () => {
  await inbox.close();
  await rm(dir, { recursive: true, force: true });
});

const put = (text: string, connection = 'a') => inbox.append(connection, Buffer.from(text));
const open = (settled = false) => inboxSource.open(settings, { inbox, connection: 'a', settled });

anySourceContract('the inbox', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-inbox-contract-'));
  const log = await openInbox(folder);
  return {
    source: inboxSource.open(settings, { inbox: log, connection: 'a' }),
    async add(bytes) {
      await log.append('a', Buffer.from(Array.from({ length: bytes }, (_, i) => i % 251)));
      await log.seal('a');
    },
    async remove({ id }) {
      const names = await readdir(folder, { recursive: true });
      await rm(
        join(
          folder,
          names.find((name) => basename(name).startsWith(id))!,
        ),
      );
    },
    async close() {
      await log.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

test('what was pushed is listed in order, a connection apart, and read from any byte on', async () => {
  const source = open();
  expect(await listOf(source)).toEqual([]);
  await put('one');
  await put('of another', 'b');
  const [first] = await listOf(source);
  await put('two');
  const slices = await listOf(source);
  expect(slices).toEqual([first, expect.objectContaining({ format: 'push-log', bytes: 27 })]);
  expect(await listOf(source)).toEqual(slices);
  const bytes = await bytesOf(source, slices[1]!);
  expect(bytes.subarray(24).toString()).toBe('two');
  for (const from of [0, 5, 26, 27])
    expect(await bytesOf(source, slices[1]!, from)).toEqual(bytes.subarray(from));
});

test('it says to which hour a slice belongs and when it was written', async () => {
  const before = Date.now();
  await put('one');
  const [slice] = await listOf(open());
  expect(slice!.writtenAt).toBeGreaterThanOrEqual(before);
  const hour = new Date(slice!.writtenAt!).toISOString().slice(0, 13).replace('T', '-');
  expect(slice!.hour).toBe(hour);
});

test('what is settled is no longer listed, but for a replay', async () => {
  const [source, replay] = [open(), open(true)];
  await put('one');
  await put('two');
  const [slice] = await listOf(source);
  const bytes = await bytesOf(source, slice!);
  expect(await listOf(replay)).toEqual([]);
  await source.release!(slice!);
  expect(await listOf(source)).toEqual([]);
  expect(await listOf(replay)).toEqual([slice]);
  expect(await bytesOf(replay, slice!)).toEqual(bytes);
  await replay.release!(slice!);
  expect(await listOf(replay)).toEqual([slice]);
});

test('what waits is listed whatever its hour; a replay keeps to its window', async () => {
  await put('one');
  const windowed = async (settled: boolean, window: { since?: string; until?: string }) => {
    const slices: Slice[] = [];
    for await (const slice of open(settled).list(new AbortController().signal, window))
      slices.push(slice);
    return slices;
  };
  const [slice] = await windowed(false, { since: '2999-01-01-00' });
  expect(slice).toBeDefined();
  await open().release!(slice!);
  expect(await windowed(true, { since: '2999-01-01-00' })).toEqual([]);
  expect(await windowed(true, { until: '2999-01-01-00' })).toEqual([slice]);
});

test('the token is marked as a secret', () => {
  expect(inboxSource.settings.shape.token.meta()).toMatchObject({ secret: true });
});
