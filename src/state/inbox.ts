import { mkdir, open, readdir, rename, rm, statfs, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { SliceError, StateError } from '../core/errors.ts';
import type { Inbox } from '../core/inbox.ts';
import { readSegment, vanished } from './inbox-read.ts';
import {
  findSegments,
  folderName,
  instantOf,
  makeFolders,
  type Segment,
  sealedPath,
  type SettledSegment,
  settledPath,
  sliceOf,
  syncFolder,
} from './inbox-segments.ts';
import { createWriter, type SegmentFile, type Writer } from './inbox-writer.ts';

/** Bounds in bytes, milliseconds and files, over all connections together. */
export interface InboxSettings {
  /** Nothing more is taken once this much waits. */
  readonly maxBytes: number;
  /** Nothing more is taken while the disk has less than this free. None: 512 MB or 2 % of the disk, whichever is more. */
  readonly minFreeBytes: number | undefined;
  /** A segment that has reached this size is sealed. */
  readonly segmentBytes: number;
  /** What is settled is kept for replays until it passes one of these. */
  readonly settledAgeMs: number;
  readonly settledBytes: number;
  readonly settledFiles: number;
}

const DEFAULTS: InboxSettings = {
  maxBytes: 20e9,
  minFreeBytes: undefined,
  segmentBytes: 64 * 1024 * 1024,
  settledAgeMs: 24 * 3600 * 1000,
  settledBytes: 1e9,
  settledFiles: 10_000,
};

/** What the inbox has of the machine; put in by tests. */
export interface InboxMachine {
  /** Wall clock in milliseconds. */
  readonly now: () => number;
  readonly createFile: (path: string) => Promise<SegmentFile>;
  /** Bytes of the disk that holds a folder. */
  readonly disk: (folder: string) => Promise<{ free: number; total: number }>;
}

const MACHINE: InboxMachine = {
  now: () => Date.now(),
  createFile: (path) => open(path, 'wx', 0o600),
  async disk(folder) {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { free: bavail * bsize, total: blocks * bsize };
  },
};

/** The log of one connection. */
interface Log {
  readonly folder: string;
  readonly writer: Writer;
  /** Sealed and not settled, in order. */
  readonly waiting: Segment[];
  /** Of everything that is not settled, sealed or not. */
  pushes: number;
  bytes: number;
  /** When the first push came that is not sealed yet. */
  unsealedSince: number | undefined;
  unsealedPushes: number;
  readonly callbacks: Set<() => void>;
}

interface Kept extends SettledSegment {
  readonly log: Log;
}

const DISK_CHECK_MS = 1000;

/** Opens the inbox of a data folder, which the caller has locked. Throws StateError. */
export async function openInbox(
  dataDir: string,
  settings: Partial<InboxSettings> = {},
  machine: Partial<InboxMachine> = {},
): Promise<Inbox> {
  const bounds = { ...DEFAULTS, ...settings };
  const { now, createFile, disk } = { ...MACHINE, ...machine };
  const root = join(dataDir, 'inbox');
  const logs = new Map<string, Log>();
  /** Oldest first. */
  let settled: Kept[] = [];
  let settledBytes = 0;
  /** Bytes that wait, and bytes that are being appended. */
  let bytes = 0;
  let arriving = 0;

  const newLog = (name: string, waiting: readonly Segment[], newest: number): Log => {
    const folder = join(root, name);
    let made: Promise<void> | undefined;
    const log: Log = {
      folder,
      waiting: [...waiting],
      pushes: waiting.reduce((sum, each) => sum + each.pushes, 0),
      bytes: waiting.reduce((sum, each) => sum + each.bytes, 0),
      unsealedSince: undefined,
      unsealedPushes: 0,
      callbacks: new Set(),
      writer: createWriter({
        folder,
        segmentBytes: bounds.segmentBytes,
        newest,
        now,
        async createFile(path) {
          made ??= makeFolders(folder).catch((error: unknown) => {
            made = undefined;
            throw error;
          });
          await made;
          return await createFile(path);
        },
        onKept(pushes, added, at) {
          log.pushes += pushes;
          log.bytes += added;
          bytes += added;
          log.unsealedPushes += pushes;
          log.unsealedSince ??= at;
          for (const callback of log.callbacks) callback();
        },
        onSealed(segment) {
          log.waiting.push(segment);
          log.unsealedPushes -= segment.pushes;
          if (log.unsealedPushes === 0) log.unsealedSince = undefined;
        },
      }),
    };
    bytes += log.bytes;
    logs.set(name, log);
    return log;
  };

  const logOf = (connection: string): Log => {
    const name = folderName(connection);
    return logs.get(name) ?? newLog(name, [], 0);
  };

  const forget = (log: Log, segment: Segment): void => {
    log.waiting.splice(log.waiting.indexOf(segment), 1);
    log.pushes -= segment.pushes;
    log.bytes -= segment.bytes;
    bytes -= segment.bytes;
  };

  const keep = (log: Log, segment: SettledSegment): void => {
    settled.push({ ...segment, log });
    settledBytes += segment.bytes;
  };

  const prune = async (isAll = false): Promise<void> => {
    for (let oldest = settled[0]; oldest; oldest = settled[0]) {
      const isPast =
        isAll ||
        settled.length > bounds.settledFiles ||
        settledBytes > bounds.settledBytes ||
        now() - oldest.settledAt > bounds.settledAgeMs;
      if (!isPast) return;
      settled.shift();
      settledBytes -= oldest.bytes;
      await onDisk(rm(settledPath(oldest.log.folder, oldest), { force: true }));
    }
  };

  const isDiskLow = async (): Promise<boolean> => {
    const { free, total } = await onDisk(disk(root));
    return free < (bounds.minFreeBytes ?? Math.max(512e6, total * 0.02));
  };

  let checkedAt = -Infinity;
  let lowDisk: string | undefined;

  await onDisk(open0());
  async function open0(): Promise<void> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await syncFolder(dataDir);
    for (const entry of await readdir(root, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const found = await findSegments(join(root, entry.name));
      const newest = [...found.waiting, ...found.settled].map(({ id }) => instantOf(id));
      const log = newLog(entry.name, found.waiting, Math.max(0, ...newest));
      for (const segment of found.settled) keep(log, segment);
    }
    settled = settled.toSorted((a, b) => a.settledAt - b.settledAt);
  }
  await prune();

  return {
    async append(connection, body) {
      if (bytes + arriving + body.length > bounds.maxBytes)
        throw new StateError('inbox_full', 'The inbox is full', {
          hint: 'It empties as its connections deliver: see why they do not, or raise its bound.',
        });
      arriving += body.length;
      try {
        await logOf(connection).writer.append(body);
      } finally {
        arriving -= body.length;
      }
    },
    async refusal() {
      if (bytes + arriving >= bounds.maxBytes) return 'the inbox is full';
      if (performance.now() - checkedAt >= DISK_CHECK_MS) {
        checkedAt = performance.now();
        let isLow = await isDiskLow();
        // Room for what comes is worth more than replays of what has gone.
        if (isLow && settled.length > 0) {
          await prune(true);
          isLow = await isDiskLow();
        }
        lowDisk = isLow ? 'the disk of the inbox is nearly full' : undefined;
      }
      return lowDisk;
    },
    depth(connection) {
      const log = logs.get(folderName(connection));
      return {
        pushes: log?.pushes ?? 0,
        bytes: log?.bytes ?? 0,
        oldestReceivedAt: log?.waiting[0]?.firstAt ?? log?.unsealedSince ?? null,
      };
    },
    onArrival(connection, callback) {
      const { callbacks } = logOf(connection);
      const own = (): void => callback();
      callbacks.add(own);
      return () => callbacks.delete(own);
    },
    seal: (connection) => logOf(connection).writer.seal(),
    segments(connection, which) {
      const log = logOf(connection);
      const found = which === 'waiting' ? log.waiting : settled.filter((each) => each.log === log);
      return Promise.resolve(found.map(sliceOf));
    },
    async *read(connection, slice, from, signal) {
      const log = logOf(connection);
      const waiting = log.waiting.find(({ id }) => id === slice.id);
      const kept = settled.find((each) => each.id === slice.id && each.log === log);
      const path = waiting
        ? sealedPath(log.folder, waiting)
        : kept && settledPath(log.folder, kept);
      try {
        if (path === undefined) throw vanished(slice, from);
        yield* readSegment(path, slice, from, signal);
      } catch (error) {
        if (waiting && error instanceof SliceError && error.code === 'vanished')
          forget(log, waiting);
        throw error;
      }
    },
    async release(connection, slice) {
      const log = logOf(connection);
      const segment = log.waiting.find(({ id }) => id === slice.id);
      if (!segment) return;
      const [from, to] = [sealedPath(log.folder, segment), settledPath(log.folder, segment)];
      const at = now();
      await onDisk(utimes(from, at / 1000, at / 1000).then(() => rename(from, to)));
      forget(log, segment);
      keep(log, { ...segment, settledAt: at });
      await prune();
    },
    prune: () => prune(),
    async remove(connection) {
      const name = folderName(connection);
      const log = logs.get(name);
      if (!log) return;
      await log.writer.seal();
      logs.delete(name);
      bytes -= log.bytes;
      const gone = settled.filter((each) => each.log === log);
      settled = settled.filter((each) => each.log !== log);
      settledBytes -= gone.reduce((sum, each) => sum + each.bytes, 0);
      await onDisk(rm(log.folder, { recursive: true, force: true }));
    },
    async close() {
      const ends = await Promise.allSettled([...logs.values()].map(({ writer }) => writer.seal()));
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
}

/** Says of a failure that it was the inbox's. */
async function onDisk<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new StateError('inbox_io', `The inbox can't be read or written: ${error.message}`, {
      hint: 'See that the data folder is whole, writable and on a sound disk.',
      cause: error,
    });
  }
}
