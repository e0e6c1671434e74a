import {
  appendFile,
  type FileHandle,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SliceError } from '../core/errors.ts';
import type { Inbox } from '../core/inbox.ts';
import { readPushLog } from '../formats/push-log.ts';
import { type InboxMachine, type InboxSettings, openInbox } from './inbox.ts';

const signal = new AbortController().signal;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-inbox-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** The bodies that an inbox holds of a connection, in order. Damage comes as undefined. */
async function bodiesOf(
  inbox: Inbox,
  connection: string,
  which: 'waiting' | 'settled' = 'waiting',
): Promise<(string | undefined)[]> {
  const bodies: (string | undefined)[] = [];
  await inbox.seal(connection);
  for (const slice of await inbox.segments(connection, which))
    for await (const item of readPushLog(inbox.read(connection, slice, 0, signal), 0))
      bodies.push(item.kind === 'frame' ? Buffer.from(item.body).toString() : undefined);
  return bodies;
}

const put = (inbox: Inbox, connection: string, ...bodies: readonly string[]) =>
  Promise.all(bodies.map((body) => inbox.append(connection, Buffer.from(body))));

/** Files whose calls are counted, wait for a gate, or fail. */
interface Disk {
  readonly machine: Partial<InboxMachine>;
  readonly calls: { writes: number; syncs: number };
  /** Bytes that still fit; then writes come to an end half-way, as on a full disk. */
  room: number;
  failing: { sync?: boolean; truncate?: boolean };
  gate: Promise<void>;
}

function fakeDisk(): Disk {
  const calls = { writes: 0, syncs: 0 };
  const fault = (code: string) => Object.assign(new Error(`${code}: no`), { code });
  const disk: Disk = {
    calls,
    room: Infinity,
    failing: {},
    gate: Promise.resolve(),
    machine: {
      async createFile(path) {
        const file = await open(path, 'wx');
        return {
          async writev(buffers, position) {
            calls.writes++;
            await disk.gate;
            const bytes = Buffer.concat(buffers);
            if (disk.room === 0) throw fault('ENOSPC');
            const fitting = bytes.subarray(0, disk.room);
            const { bytesWritten } = await file.write(fitting, 0, fitting.length, position);
            disk.room -= bytesWritten;
            return { bytesWritten };
          },
          async datasync() {
            calls.syncs++;
            if (disk.failing.sync) throw fault('EIO');
            await file.datasync();
          },
          async truncate(length) {
            if (disk.failing.truncate) throw fault('EIO');
            await file.truncate(length);
          },
          close: () => file.close(),
        };
      },
    },
  };
  return disk;
}

test('bodies come back in order, a connection apart, also after a restart', async () => {
  const inbox = await openInbox(dir);
  await put(inbox, 'a', '1', '2');
  await put(inbox, 'A', 'other');
  await inbox.seal('a');
  await put(inbox, 'a', '3');
  expect(await bodiesOf(inbox, 'a')).toEqual(['1', '2', '3']);
  const before = await inbox.segments('a', 'waiting');
  expect(before).toHaveLength(2);
  expect(before[0]).toMatchObject({ format: 'push-log', version: String(before[0]!.bytes) });
  await inbox.close();

  const again = await openInbox(dir);
  expect(await again.segments('a', 'waiting')).toEqual(before);
  expect(await bodiesOf(again, 'A')).toEqual(['other']);
  expect(await bodiesOf(again, 'b')).toEqual([]);
  await again.close();
});

test.each(['..', 'a/b', '', 'CON', 'é'.repeat(300), '\0'])(
  'a connection may be called %j',
  async (name) => {
    const inbox = await openInbox(dir);
    await put(inbox, name, 'x');
    await inbox.close();
    const again = await openInbox(dir);
    expect(await bodiesOf(again, name)).toEqual(['x']);
    expect(await readdir(dir)).toEqual(['inbox']);
    await again.close();
  },
);

test('only the owner may read what is kept', async () => {
  const inbox = await openInbox(dir);
  await put(inbox, 'a', 'x');
  const [folder] = await readdir(join(dir, 'inbox'));
  const [file] = (await readdir(join(dir, 'inbox', folder!))).filter((name) => name !== 'settled');
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
  expect(await modeOf(join(dir, 'inbox'))).toBe(0o700);
  expect(await modeOf(join(dir, 'inbox', folder!, file!))).toBe(0o600);
  await inbox.close();
});

test('the depth counts what is not settled, whoever asks', async () => {
  let at = 5000;
  const inbox = await openInbox(dir, {}, { now: () => at });
  expect(inbox.depth('a')).toEqual({ pushes: 0, bytes: 0, oldestReceivedAt: null });
  await put(inbox, 'a', 'one', 'two');
  at = 6000;
  expect(inbox.depth('a')).toMatchObject({ pushes: 2, oldestReceivedAt: 5000 });
  await inbox.seal('a');
  await put(inbox, 'a', 'three');
  const { bytes } = inbox.depth('a');
  expect(inbox.depth('a')).toMatchObject({ pushes: 3, oldestReceivedAt: 5000 });
  await inbox.close();

  const again = await openInbox(dir, {}, { now: () => at });
  expect(again.depth('a')).toEqual({ pushes: 3, bytes, oldestReceivedAt: 5000 });
  const [first, second] = await again.segments('a', 'waiting');
  await again.release('a', first!);
  expect(again.depth('a')).toMatchObject({ pushes: 1, oldestReceivedAt: 6000 });
  await again.release('a', second!);
  await again.release('a', second!);
  expect(again.depth('a')).toEqual({ pushes: 0, bytes: 0, oldestReceivedAt: null });
  await again.close();
});

describe('group commit', () => {
  test('bodies that arrive while others are written share the next write and the next sync', async () => {
    const disk = fakeDisk();
    const gate = Promise.withResolvers<void>();
    disk.gate = gate.promise;
    const inbox = await openInbox(dir, {}, disk.machine);
    let arrivals = 0;
    const stop = inbox.onArrival('a', () => arrivals++);
    const first = put(inbox, 'a', 'first');
    while (disk.calls.writes === 0) await new Promise(setImmediate);
    const rest = put(inbox, 'a', ...Array.from({ length: 500 }, (_, i) => `body ${i}`));
    gate.resolve();
    await Promise.all([first, rest]);
    expect(disk.calls).toEqual({ writes: 2, syncs: 2 });
    expect(arrivals).toBe(2);
    stop();
    await put(inbox, 'a', 'last');
    expect(arrivals).toBe(2);
    expect(await bodiesOf(inbox, 'a')).toEqual([
      'first',
      ...Array.from({ length: 500 }, (_, i) => `body ${i}`),
      'last',
    ]);
    await inbox.close();
  });

  test('a body is acknowledged only after the sync', async () => {
    const disk = fakeDisk();
    const inbox = await openInbox(dir, {}, disk.machine);
    await put(inbox, 'a', 'x');
    expect(disk.calls.syncs).toBe(1);
    await inbox.close();
  });

  test('a segment that has its size is sealed', async () => {
    const inbox = await openInbox(dir, { segmentBytes: 100 });
    for (let i = 0; i < 5; i++) await put(inbox, 'a', 'x'.repeat(60));
    await vi.waitFor(async () => expect(await inbox.segments('a', 'waiting')).toHaveLength(2));
    const segments = await inbox.segments('a', 'waiting');
    expect(segments.map(({ bytes }) => bytes)).toEqual([168, 168]);
    expect(inbox.depth('a').pushes).toBe(5);
    await inbox.close();
  });
});

describe('a disk that fails', () => {
  test('full: refuses those that do not fit, keeps what was acknowledged, and goes on when there is room', async () => {
    const disk = fakeDisk();
    const inbox = await openInbox(dir, {}, disk.machine);
    await put(inbox, 'a', 'before');
    disk.room = 40;
    const [big, small] = await Promise.allSettled([
      inbox.append('a', Buffer.alloc(100, 'b')),
      inbox.append('a', Buffer.from('small')),
    ]);
    for (const end of [big, small])
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'disk_full' } });
    await expect(put(inbox, 'a', 'still full')).rejects.toMatchObject({ code: 'disk_full' });
    expect(inbox.depth('a').pushes).toBe(1);
    disk.room = Infinity;
    await put(inbox, 'a', 'after');
    expect(await bodiesOf(inbox, 'a')).toEqual(['before', 'after']);
    await inbox.close();
    const again = await openInbox(dir);
    expect(await bodiesOf(again, 'a')).toEqual(['before', 'after']);
    await again.close();
  });

  test('a sync that fails: nothing of that write is kept, and that file is never written again', async () => {
    const disk = fakeDisk();
    const inbox = await openInbox(dir, {}, disk.machine);
    await put(inbox, 'a', 'before');
    disk.failing.sync = true;
    await expect(put(inbox, 'a', 'lost')).rejects.toMatchObject({ code: 'inbox_write' });
    await expect(inbox.seal('a')).rejects.toMatchObject({ code: 'inbox_write' });
    disk.failing.sync = false;
    await put(inbox, 'a', 'after');
    expect(await bodiesOf(inbox, 'a')).toEqual(['before', 'after']);
    expect(await inbox.segments('a', 'waiting')).toHaveLength(2);
    await inbox.close();
  });

  test('one that can not even be cut back says so when it is to be listed, and is mended by and by', async () => {
    const disk = fakeDisk();
    const inbox = await openInbox(dir, {}, disk.machine);
    await put(inbox, 'a', 'before');
    disk.failing = { truncate: true };
    disk.room = 10;
    await expect(put(inbox, 'a', 'lost')).rejects.toMatchObject({ code: 'disk_full' });
    disk.room = Infinity;
    await put(inbox, 'a', 'after');
    await expect(inbox.seal('a')).rejects.toMatchObject({ code: 'inbox_write' });
    await expect(inbox.close()).rejects.toMatchObject({ code: 'inbox_write' });
    expect(inbox.depth('a').pushes).toBe(2);
    disk.failing = {};
    expect(await bodiesOf(inbox, 'a')).toEqual(['before', 'after']);
    await inbox.close();
  });

  test('one that is nearly full is told before anything is written', async () => {
    let free = 1e9;
    const machine = { disk: () => Promise.resolve({ free, total: 100e9 }) };
    const refusalWith = async (settings: Partial<InboxSettings>) => {
      const inbox = await openInbox(dir, settings, machine);
      const refusal = await inbox.refusal();
      await inbox.close();
      return refusal;
    };
    // 2 % of the disk are 2 GB.
    expect(await refusalWith({})).toBe('the disk of the inbox is nearly full');
    expect(await refusalWith({ minFreeBytes: 1e9 })).toBeUndefined();
    free = 2e9;
    expect(await refusalWith({})).toBeUndefined();
    machine.disk = () => Promise.resolve({ free: 500e6, total: 1e9 });
    expect(await refusalWith({})).toBe('the disk of the inbox is nearly full');
  });

  test('it is asked at most once a second', async () => {
    let asked = 0;
    const disk = () => Promise.resolve({ free: 1e12, total: 1e12 + ++asked });
    const inbox = await openInbox(dir, {}, { disk });
    const started = performance.now();
    while (performance.now() - started < 50) await inbox.refusal();
    expect(asked).toBeLessThan(3);
    await inbox.close();
  });
});

test('an inbox at its bound takes nothing until something is settled', async () => {
  const inbox = await openInbox(dir, { maxBytes: 1000 });
  await inbox.append('a', Buffer.alloc(500));
  await expect(inbox.append('b', Buffer.alloc(500))).rejects.toMatchObject({ code: 'inbox_full' });
  expect(await inbox.refusal()).toBeUndefined();
  await inbox.append('b', Buffer.alloc(452));
  expect(await inbox.refusal()).toBe('the inbox is full');
  await inbox.close();

  const again = await openInbox(dir, { maxBytes: 1000 });
  expect(await again.refusal()).toBe('the inbox is full');
  const [slice] = await again.segments('a', 'waiting');
  await again.release('a', slice!);
  expect(await again.refusal()).toBeUndefined();
  await again.append('b', Buffer.alloc(400));
  await again.remove('b');
  await again.append('a', Buffer.alloc(900));
  await again.close();
});

describe('what is settled', () => {
  /** Settles one segment after the other, each of 100 bytes. */
  async function settle(inbox: Inbox, connection: string, ...bodies: string[]): Promise<void> {
    for (const body of bodies) {
      await put(inbox, connection, body.padEnd(76));
      await inbox.seal(connection);
      for (const slice of await inbox.segments(connection, 'waiting'))
        await inbox.release(connection, slice);
    }
  }
  const kept = async (inbox: Inbox, connection: string) =>
    (await bodiesOf(inbox, connection, 'settled')).map((body) => body?.trim());

  test('is kept for replays, also after a restart, and no longer waits', async () => {
    const inbox = await openInbox(dir);
    await settle(inbox, 'a', '1', '2');
    await settle(inbox, 'b', '3');
    expect(await kept(inbox, 'a')).toEqual(['1', '2']);
    expect(await inbox.segments('a', 'waiting')).toEqual([]);
    await inbox.close();
    const again = await openInbox(dir);
    expect(await kept(again, 'a')).toEqual(['1', '2']);
    expect(await kept(again, 'b')).toEqual(['3']);
    expect(again.depth('a').pushes).toBe(0);
    await again.close();
  });

  test.each<[string, Partial<InboxSettings>]>([
    ['files', { settledFiles: 2 }],
    ['bytes', { settledBytes: 250 }],
  ])('goes, the oldest first, when there are too many %s', async (_, settings) => {
    const inbox = await openInbox(dir, settings);
    await settle(inbox, 'a', '1', '2');
    await settle(inbox, 'b', '3');
    expect(await kept(inbox, 'a')).toEqual(['2']);
    expect(await kept(inbox, 'b')).toEqual(['3']);
    await inbox.close();
    const again = await openInbox(dir, settings);
    expect(await kept(again, 'a')).toEqual(['2']);
    await again.close();
  });

  test('goes when the disk is nearly full', async () => {
    let free = 1e12;
    const disk = () => Promise.resolve({ free, total: 1e12 });
    const inbox = await openInbox(dir, {}, { disk });
    await settle(inbox, 'a', '1', '2');
    await put(inbox, 'a', 'waits');
    free = 1e6;
    expect(await inbox.refusal()).toBe('the disk of the inbox is nearly full');
    expect(await kept(inbox, 'a')).toEqual([]);
    expect(await bodiesOf(inbox, 'a')).toEqual(['waits']);
    await inbox.close();
  });

  test('goes when it is old: since it was settled, not since it came', async () => {
    let at = Date.now();
    const inbox = await openInbox(dir, { settledAgeMs: 1000 }, { now: () => at });
    await put(inbox, 'a', 'old');
    at += 5000;
    await settle(inbox, 'a', 'young');
    await inbox.prune();
    expect(await kept(inbox, 'a')).toEqual(['old', 'young']);
    await inbox.close();
    at += 900;
    const again = await openInbox(dir, { settledAgeMs: 1000 }, { now: () => at });
    expect(await kept(again, 'a')).toEqual(['old', 'young']);
    at += 200;
    await again.prune();
    expect(await kept(again, 'a')).toEqual([]);
    await again.close();
  });
});

test('what is removed is gone, and a new connection of that name starts afresh', async () => {
  const inbox = await openInbox(dir);
  await put(inbox, 'a', 'x');
  await inbox.seal('a');
  const [before] = await inbox.segments('a', 'waiting');
  await inbox.remove('a');
  await inbox.remove('never was');
  expect(inbox.depth('a')).toEqual({ pushes: 0, bytes: 0, oldestReceivedAt: null });
  expect(await readdir(join(dir, 'inbox'))).toEqual([]);
  await put(inbox, 'a', 'x');
  await inbox.seal('a');
  const [after] = await inbox.segments('a', 'waiting');
  // The books know the old one as settled.
  expect(after!.id).not.toBe(before!.id);
  await inbox.close();
});

test('no id is given twice when the clock stands or goes back', async () => {
  const at = Date.now();
  let steps = 0;
  const inbox = await openInbox(dir, { segmentBytes: 1 }, { now: () => at - 1000 * steps++ });
  for (let i = 0; i < 20; i++) await put(inbox, 'a', String(i));
  await inbox.close();
  const again = await openInbox(dir, { segmentBytes: 1 }, { now: () => at - 1e6 });
  await put(again, 'a', '20');
  await again.seal('a');
  const ids = (await again.segments('a', 'waiting')).map(({ id }) => id);
  expect(new Set(ids).size).toBe(21);
  expect(ids).toEqual(ids.toSorted());
  expect(await bodiesOf(again, 'a')).toEqual(Array.from({ length: 21 }, (_, i) => String(i)));
  await again.close();
});

test('a segment that somebody deleted or changed is no silent end', async () => {
  const inbox = await openInbox(dir, { segmentBytes: 1 });
  await put(inbox, 'a', 'x');
  await put(inbox, 'a', 'y');
  await inbox.seal('a');
  const [gone, changed] = await inbox.segments('a', 'waiting');
  const [folder] = await readdir(join(dir, 'inbox'));
  const fileOf = async (id: string) => {
    const names = await readdir(join(dir, 'inbox', folder!));
    return join(
      dir,
      'inbox',
      folder!,
      names.find((name) => name.startsWith(id))!,
    );
  };
  await rm(await fileOf(gone!.id));
  await appendFile(await fileOf(changed!.id), 'more');
  const read = async (slice: typeof gone) => {
    for await (const _ of inbox.read('a', slice!, 0, signal));
  };
  await expect(read(changed)).rejects.toMatchObject({ code: 'changed_while_reading' });
  await expect(read(gone)).rejects.toMatchObject({ code: 'vanished', slice: gone!.id });
  await expect(read(gone)).rejects.toThrow(SliceError);
  expect(inbox.depth('a').pushes).toBe(1);
  await inbox.close();
});

describe('after a death', () => {
  /** An inbox whose process dies: nothing is sealed, and its files are closed as the system would. */
  async function openMortal(folder: string, settings: Partial<InboxSettings> = {}) {
    const files: FileHandle[] = [];
    const inbox = await openInbox(folder, settings, {
      async createFile(path) {
        const file = await open(path, 'wx');
        files.push(file);
        return file;
      },
    });
    return { inbox, die: () => Promise.all(files.map((file) => file.close())) };
  }

  type Step =
    | { readonly kind: 'append'; readonly sizes: readonly number[] }
    | { readonly kind: 'seal' }
    | { readonly kind: 'settle' }
    /** The process dies; of the write under way `torn` bytes reached the disk. */
    | { readonly kind: 'die'; readonly torn: Uint8Array };

  const steps = fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant('append' as const),
        sizes: fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 4 }),
      }),
      fc.constant({ kind: 'seal' } as const),
      fc.constant({ kind: 'settle' } as const),
      fc.record({ kind: fc.constant('die' as const), torn: fc.uint8Array({ maxLength: 80 }) }),
    ),
    { maxLength: 14 },
  ) satisfies fc.Arbitrary<Step[]>;

  test('every acknowledged body is there once and in order, whatever was torn', () =>
    fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const folder = await mkdtemp(join(dir, 'run-'));
        const settings = { segmentBytes: 500 };
        let { inbox, die } = await openMortal(folder, settings);
        let waiting: string[] = [];
        let n = 0;
        for (const step of steps)
          switch (step.kind) {
            case 'append': {
              const bodies = step.sizes.map((size) => `${n++}`.padEnd(size, '.'));
              await put(inbox, 'a', ...bodies);
              waiting.push(...bodies);
              break;
            }
            case 'seal':
              await inbox.seal('a');
              break;
            case 'settle':
              await inbox.seal('a');
              for (const slice of await inbox.segments('a', 'waiting'))
                await inbox.release('a', slice);
              waiting = [];
              break;
            case 'die':
              await die();
              await tearOpenSegments(folder, step.torn);
              ({ inbox, die } = await openMortal(folder, settings));
              expect(inbox.depth('a').pushes).toBe(waiting.length);
              break;
          }
        expect(await bodiesOf(inbox, 'a')).toEqual(waiting);
        await inbox.close();
      }),
      { numRuns: 60 },
    ));

  async function tearOpenSegments(folder: string, torn: Uint8Array): Promise<void> {
    for (const name of await readdir(join(folder, 'inbox'), { recursive: true }))
      if (name.endsWith('.open')) await appendFile(join(folder, 'inbox', name), torn);
  }

  test('a segment of which nothing was acknowledged leaves nothing behind', async () => {
    const { inbox, die } = await openMortal(dir);
    await put(inbox, 'a', 'x');
    await die();
    const [folder] = await readdir(join(dir, 'inbox'));
    const [name] = await readdir(join(dir, 'inbox', folder!));
    const path = join(dir, 'inbox', folder!, name!);
    await truncate(path, 20);
    await writeFile(join(dir, 'inbox', folder!, '20260101T000000000Z-00000000.open'), '');
    const again = await openInbox(dir);
    expect(await again.segments('a', 'waiting')).toEqual([]);
    expect(await readdir(join(dir, 'inbox', folder!))).toEqual(['settled']);
    await again.close();
  });

  test('damage before the last whole frame stays, to become a dead letter', async () => {
    const { inbox, die } = await openMortal(dir);
    await put(inbox, 'a', '1', '2', '3');
    await die();
    const [folder] = await readdir(join(dir, 'inbox'));
    const [name] = await readdir(join(dir, 'inbox', folder!));
    const path = join(dir, 'inbox', folder!, name!);
    const bytes = await readFile(path);
    bytes[bytes.lastIndexOf('2')]! ^= 1;
    await writeFile(path, bytes);
    const again = await openInbox(dir);
    expect(await bodiesOf(again, 'a')).toEqual(['1', undefined, '3']);
    await again.close();
  });
});
