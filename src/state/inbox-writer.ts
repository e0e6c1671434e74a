import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { StateError } from '../core/errors.ts';
import { FRAME_HEAD_BYTES, frameHead } from '../formats/push-log.ts';
import { openPath, type Segment, sealedPath, segmentId, syncFolder } from './inbox-segments.ts';

/** What the writer needs of an open file; `FileHandle` has it. */
export interface SegmentFile {
  writev(buffers: Uint8Array[], position: number): Promise<{ bytesWritten: number }>;
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface WriterOptions {
  readonly folder: string;
  /** A segment that has reached this size is sealed. */
  readonly segmentBytes: number;
  /** Instant of the newest id in the folder. */
  readonly newest: number;
  /** Makes a file that must not be there yet. */
  readonly createFile: (path: string) => Promise<SegmentFile>;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
  /** Bodies became durable. */
  readonly onKept: (pushes: number, bytes: number, at: number) => void;
  readonly onSealed: (segment: Segment) => void;
}

/** Appends to the log of one connection. */
export interface Writer {
  append(body: Uint8Array): Promise<void>;
  seal(): Promise<void>;
}

/** A segment on its way from the first frame to the seal. */
interface Growing {
  readonly id: string;
  readonly file: SegmentFile;
  pushes: number;
  firstAt: number;
  lastAt: number;
  /** End of what is durable. */
  end: number;
  /** Something may stand after `end` that was not acknowledged. */
  isTorn: boolean;
  /** Its file has the name of a sealed one. */
  isNamed: boolean;
}

interface Waiting {
  readonly body: Uint8Array;
  readonly kept: () => void;
  readonly failed: (error: StateError) => void;
}

/** Bodies that are written and made durable together are at most this much, so that none waits for all others. */
const GROUP_BYTES = 32 * 1024 * 1024;

/**
 * Group commit: bodies that arrive while others are being made durable wait for each other and share the next write
 * and the next `fdatasync`. After a failure a segment is never written again, since nobody knows what the disk made of it:
 * it is cut back to what was acknowledged, and the next body begins another.
 */
export function createWriter(options: WriterOptions): Writer {
  const { folder } = options;
  let { newest } = options;
  let growing: Growing | undefined;
  /** To be sealed; more than one only after failures. */
  const ended: Growing[] = [];
  let waiting: Waiting[] = [];
  let turn = Promise.resolve();

  /** Runs pieces of work one after the other. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };

  const begin = async (): Promise<Growing> => {
    newest = Math.max(options.now(), newest + 1);
    const id = segmentId(newest, randomBytes(4).toString('hex'));
    const file = await options.createFile(openPath(folder, id));
    const none = { pushes: 0, firstAt: 0, lastAt: 0, end: 0 };
    const begun: Growing = { id, file, ...none, isTorn: false, isNamed: false };
    try {
      await syncFolder(folder);
    } catch (error) {
      ended.push(begun);
      throw error;
    }
    return begun;
  };

  const writeGroup = async (group: readonly Waiting[]): Promise<Growing> => {
    growing ??= await begin();
    const at = options.now();
    const parts = group.flatMap(({ body }) => [frameHead(body, at), body]);
    growing.isTorn = true;
    const end = await writeAll(growing.file, parts, growing.end);
    await growing.file.datasync();
    growing.isTorn = false;
    const bytes = end - growing.end;
    if (growing.pushes === 0) growing.firstAt = at;
    growing.pushes += group.length;
    growing.lastAt = at;
    growing.end = end;
    options.onKept(group.length, bytes, at);
    return growing;
  };

  const flush = async (): Promise<void> => {
    const group = takeGroup(waiting);
    waiting = waiting.slice(group.length);
    if (waiting.length > 0) flushLater();
    let end: number;
    try {
      ({ end } = await writeGroup(group));
    } catch (error) {
      if (growing) ended.push(growing);
      growing = undefined;
      const failure = writeError(error);
      for (const { failed } of group) failed(failure);
      // Should this fail too, whoever seals next meets it and says so.
      await sealEnded().catch(() => undefined);
      return;
    }
    for (const { kept } of group) kept();
    // What was kept is kept, sealed or not: as above.
    if (end >= options.segmentBytes) await sealAll().catch(() => undefined);
  };

  const flushLater = (): void => {
    void inTurn(flush);
  };

  const sealAll = async (): Promise<void> => {
    if (growing && growing.end > 0) {
      ended.push(growing);
      growing = undefined;
    }
    await sealEnded();
  };

  const sealEnded = async (): Promise<void> => {
    for (let one = ended[0]; one; one = ended[0]) {
      await sealOne(folder, one);
      ended.shift();
      const { id, pushes, firstAt, lastAt, end } = one;
      if (end > 0) options.onSealed({ id, pushes, firstAt, lastAt, bytes: end });
    }
  };

  return {
    append: (body) =>
      new Promise<void>((kept, failed) => {
        waiting.push({ body, kept, failed });
        if (waiting.length === 1) flushLater();
      }),
    seal: () =>
      inTurn(async () => {
        try {
          await sealAll();
        } catch (error) {
          throw writeError(error);
        }
      }),
  };
}

function takeGroup(waiting: readonly Waiting[]): Waiting[] {
  let bytes = 0;
  const over = waiting.findIndex(({ body }, i) => {
    bytes += FRAME_HEAD_BYTES + body.length;
    return i > 0 && bytes > GROUP_BYTES;
  });
  return waiting.slice(0, over < 0 ? waiting.length : over);
}

/** Writes all of the parts from a position on; gives the position after them. */
async function writeAll(
  file: SegmentFile,
  parts: readonly Uint8Array[],
  from: number,
): Promise<number> {
  let left = [...parts];
  let position = from;
  while (left.length > 0) {
    const { bytesWritten } = await file.writev(left, position);
    if (bytesWritten === 0) throw new Error('the file takes no more bytes');
    position += bytesWritten;
    left = after(left, bytesWritten);
  }
  return position;
}

/** What remains of the parts after their first `n` bytes. */
function after(parts: readonly Uint8Array[], n: number): Uint8Array[] {
  let skipped = 0;
  for (const [i, part] of parts.entries()) {
    if (skipped + part.length > n) return [part.subarray(n - skipped), ...parts.slice(i + 1)];
    skipped += part.length;
  }
  return [];
}

/** May be done again after it has failed half-way. */
async function sealOne(folder: string, one: Growing): Promise<void> {
  const { id, pushes, firstAt, lastAt, end } = one;
  const path = openPath(folder, id);
  if (one.isTorn) {
    await one.file.truncate(end);
    await one.file.datasync();
    one.isTorn = false;
  }
  if (end === 0) await rm(path, { force: true });
  else if (!one.isNamed) {
    await rename(path, sealedPath(folder, { id, pushes, firstAt, lastAt, bytes: end }));
    one.isNamed = true;
  }
  await syncFolder(folder);
  await one.file.close();
}

function writeError(error: unknown): StateError {
  const { code, message } = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new StateError(
    full ? 'disk_full' : 'inbox_write',
    full ? 'The disk of the inbox is full' : `The inbox can't be written: ${message}`,
    {
      hint: full
        ? 'Free some space. Nothing is lost: Braze sends again what was not acknowledged.'
        : 'Mend the disk. Nothing is lost: Braze sends again what was not acknowledged.',
      cause: error,
    },
  );
}
