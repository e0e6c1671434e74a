import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';

import { expect, test } from 'vitest';
import { isBalanced } from '../src/core/counts.ts';
import { customHttpBatch } from '../src/sandbox/braze/custom-http.ts';
import { generate } from '../src/sandbox/braze/generate.ts';
import { type GeneratedRecord, records } from '../src/sandbox/braze/records.ts';
import { AZURITE, startAzurite } from './support/azurite-server.ts';
import { brazeSender } from './support/braze-sender.ts';
import { put } from './support/currents-file.ts';
import { Expected, recordsOf } from './support/expected.ts';
import { startGcs } from './support/gcs-server.ts';
import { startS3 } from './support/s3-server.ts';
import { insertIds, openScene, type Scene } from './support/scene.ts';
import { booksOf, connection, eventually, PUSHED, startService } from './support/service.ts';

const EVENTS = 8000;
/** All within the look-back of a poll: hours go by in no time here. */
const HOURS = 3;
const PUSHES = { events: 2000, perPush: 50 };
const BUCKET = 'acme-currents';
const KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/** Somewhere that Braze writes files to. */
interface Place {
  readonly kind: string;
  /** Of the connection that reads it. */
  readonly source: Record<string, unknown>;
  put(path: string, bytes: Uint8Array): Promise<unknown>;
  close(): Promise<void>;
}

function folder(scene: Scene): Promise<Place> {
  return Promise.resolve({
    kind: 'directory',
    source: { kind: 'directory', path: 'currents' },
    put: (path, bytes) => put(scene.currents, path, bytes),
    close: () => Promise.resolve(),
  });
}

async function s3(): Promise<Place> {
  const server = await startS3();
  const region = 'us-east-1';
  const endpoint = server.url;
  const client = new S3Client({ endpoint, region, credentials: { ...KEYS }, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const credentials = { kind: 'access-key', ...KEYS };
  return {
    kind: 's3',
    source: {
      ...{ kind: 's3', bucket: BUCKET, prefix: 'braze', region, endpoint },
      ...{ pathStyle: true, credentials },
    },
    put: (path, Body) =>
      client.send(new PutObjectCommand({ Bucket: BUCKET, Key: `braze/${path}`, Body })),
    async close() {
      client.destroy();
      await server.close();
    },
  };
}

async function gcs(): Promise<Place> {
  const server = await startGcs();
  server.createBucket(BUCKET);
  const credentials = { kind: 'none' };
  return {
    kind: 'gcs',
    source: { kind: 'gcs', bucket: BUCKET, endpoint: server.url, credentials },
    put: (path, bytes) => Promise.resolve(server.put(BUCKET, path, bytes)),
    close: () => server.close(),
  };
}

async function azure(): Promise<Place> {
  const server = await startAzurite();
  const { account, key } = AZURITE;
  const endpoint = `${server.url}/${account}`;
  const client = new BlobServiceClient(
    endpoint,
    new StorageSharedKeyCredential(account, key),
  ).getContainerClient(BUCKET);
  await client.create();
  const credentials = { kind: 'account-key', accountKey: key };
  return {
    kind: 'azure',
    source: { kind: 'azure', account, container: BUCKET, endpoint, credentials },
    put: (path, bytes) => client.getBlockBlobClient(path).upload(bytes, bytes.length),
    close: () => server.close(),
  };
}

function* batches(expected: Expected): Generator<string> {
  let some: GeneratedRecord[] = [];
  for (const each of records({ events: PUSHES.events, seed: 'pushes' })) {
    expected.count({ type: each.type, records: [each.record] });
    some.push(each);
    if (some.length < PUSHES.perPush) continue;
    yield JSON.stringify(customHttpBatch(some));
    some = [];
  }
}

test('one connection of each kind of source, all at once: all arrives, each event once, and the books balance', async () => {
  await using scene = await openScene();
  const places = await Promise.all([folder(scene), s3(), gcs(), azure()]);
  try {
    const kinds = [...places.map(({ kind }) => kind), 'inbox'];
    const expected = new Map(kinds.map((kind) => [kind, new Expected()]));
    const files = [...generate({ events: EVENTS, seed: 'files', eventsPerFile: 40, hours: HOURS })];
    /** The files of a half, spread over the places. */
    const arrive = async (half: readonly (typeof files)[number][]): Promise<void> => {
      for (const [n, { path, bytes }] of half.entries()) {
        const place = places[n % places.length]!;
        expected.get(place.kind)!.count(await recordsOf(await put(scene.root, 'one.avro', bytes)));
        await place.put(path, bytes);
      }
    };
    const middle = Math.floor(files.length / 2);
    await arrive(files.slice(0, middle));
    const service = await startService(scene, [
      ...places.map(({ kind, source }) => connection(scene, kind, { source })),
      connection(scene, 'inbox', PUSHED),
    ]);
    const sender = brazeSender('inbox', batches(expected.get('inbox')!), 5);
    sender.goTo(service.url);
    await arrive(files.slice(middle));
    const books = await Promise.all(
      kinds.map((kind) =>
        eventually(
          () => booksOf(scene, kind),
          ({ read }) => read === (kind === 'inbox' ? PUSHES.events : expected.get(kind)!.records),
        ),
      ),
    );
    expect(await sender.end()).toEqual({
      acknowledged: PUSHES.events / PUSHES.perPush,
      refused: 0,
      statuses: [200],
    });
    const { code, stderr } = await service.stop();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(service.lines.filter(({ level }) => level !== 'info')).toEqual([]);

    const all = [...expected.values()];
    for (const [i, { counts, ...sums }] of books.entries()) {
      const { records: read, delivered } = all[i]!;
      expect(read).toBeGreaterThan(500);
      const skipped = read - delivered;
      expect(sums).toEqual({ read, delivered, skipped, deadLetters: 0, imbalances: 0 });
      expect(isBalanced(counts)).toBe(true);
    }
    expect(insertIds(scene.sandbox)).toEqual(all.flatMap(({ ids }) => [...ids]).toSorted());
    const byName: Record<string, number> = {};
    for (const each of all)
      for (const [name, n] of Object.entries(each.byName)) byName[name] = (byName[name] ?? 0) + n;
    const stats = scene.sandbox.stats();
    expect(stats).toMatchObject({ duplicates: 0, rejected: 0 });
    expect(
      Object.fromEntries(Object.entries(stats.events).map(([name, n]) => [name, n.distinct])),
    ).toEqual(byName);
  } finally {
    await Promise.all(places.map((place) => place.close()));
  }
});
