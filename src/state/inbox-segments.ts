import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Slice } from '../core/source.ts';
import { readPushLog } from '../formats/push-log.ts';

/** A stretch of the log of one connection that is no longer written. All that is known of it stands in its file name. */
export interface Segment {
  /** Never given twice, not even in another life of the connection. Sorts by when it was begun. */
  readonly id: string;
  readonly pushes: number;
  /** When the first and the last of them came, in milliseconds since the epoch. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly bytes: number;
}

export interface SettledSegment extends Segment {
  /** Milliseconds since the epoch. */
  readonly settledAt: number;
}

/** Folder, below that of a connection, of segments that are settled. */
const SETTLED = 'settled';

/**
 * The name of a connection's folder. Names may hold anything and differ by case alone, which file systems may not:
 * the digest tells them apart, the rest is for people.
 */
export function folderName(connection: string): string {
  const legible = connection
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-|-$/g, '');
  const digest = createHash('sha256').update(connection).digest('hex').slice(0, 16);
  return legible === '' ? digest : `${legible}-${digest}`;
}

/** An id for a segment begun at an instant, which must be later than that of the one before. */
export function segmentId(at: number, random: string): string {
  return `${new Date(at).toISOString().replaceAll(/[-:.]/g, '')}-${random}`;
}

/** The instant in an id of {@link segmentId}. */
export function instantOf(id: string): number {
  const [, date, h, m, s, ms] = /^(\d{8})T(\d\d)(\d\d)(\d\d)(\d{3})Z-/.exec(id) ?? [];
  if (date === undefined) return 0;
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return Date.parse(`${day}T${h}:${m}:${s}.${ms}Z`);
}

export function openPath(folder: string, id: string): string {
  return join(folder, `${id}.open`);
}

export function sealedPath(folder: string, segment: Segment): string {
  return join(folder, sealedName(segment));
}

export function settledPath(folder: string, segment: Segment): string {
  return join(folder, SETTLED, sealedName(segment));
}

function sealedName({ id, pushes, firstAt, lastAt }: Segment): string {
  return `${id}.${pushes}.${firstAt}.${lastAt}.seg`;
}

export function sliceOf({ id, bytes, firstAt, lastAt }: Segment): Slice {
  const hour = new Date(firstAt).toISOString().slice(0, 13).replace('T', '-');
  return { id, version: String(bytes), format: 'push-log', bytes, hour, writtenAt: lastAt };
}

/** Makes what happened to the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the folder of a connection, durable. */
export async function makeFolders(folder: string): Promise<void> {
  await mkdir(join(folder, SETTLED), { recursive: true, mode: 0o700 });
  await syncFolder(folder);
  await syncFolder(join(folder, '..'));
}

export interface FoundSegments {
  readonly waiting: Segment[];
  readonly settled: SettledSegment[];
}

/** What a connection's folder holds, in order. Segments that were being written when a process ended are sealed. */
export async function findSegments(folder: string): Promise<FoundSegments> {
  await makeFolders(folder);
  for (const name of await readdir(folder))
    if (name.endsWith('.open')) await recover(folder, name.slice(0, -'.open'.length));
  return { waiting: await readFolder(folder), settled: await readFolder(join(folder, SETTLED)) };
}

async function readFolder(folder: string): Promise<SettledSegment[]> {
  const found: SettledSegment[] = [];
  for (const name of (await readdir(folder)).toSorted()) {
    const [, id, pushes, firstAt, lastAt] = /^([^.]+)\.(\d+)\.(\d+)\.(\d+)\.seg$/.exec(name) ?? [];
    if (id === undefined) continue;
    const { size, mtimeMs } = await stat(join(folder, name));
    found.push({
      id,
      pushes: Number(pushes),
      firstAt: Number(firstAt),
      lastAt: Number(lastAt),
      bytes: size,
      settledAt: mtimeMs,
    });
  }
  return found;
}

/**
 * Seals a segment that a process left behind. What stands after its last whole frame was never acknowledged, and is
 * cut off. Gives undefined when nothing is left.
 */
export async function recover(folder: string, id: string): Promise<Segment | undefined> {
  const path = openPath(folder, id);
  let [pushes, bytes, firstAt, lastAt] = [0, 0, 0, 0];
  for await (const item of readPushLog(createReadStream(path, { highWaterMark: 1 << 18 }), 0)) {
    if (item.kind === 'damage') continue;
    if (pushes === 0) firstAt = item.receivedAt;
    pushes++;
    lastAt = item.receivedAt;
    bytes = item.next;
  }
  if (pushes === 0) {
    await rm(path);
    return undefined;
  }
  await truncate(path, bytes);
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  const segment: Segment = { id, pushes, firstAt, lastAt, bytes };
  await rename(path, sealedPath(folder, segment));
  await syncFolder(folder);
  return segment;
}
