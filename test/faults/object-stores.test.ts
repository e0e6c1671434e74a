import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Slice, Source } from '../../src/core/source.ts';
import { azureSource } from '../../src/sources/azure.ts';
import { gcsSource } from '../../src/sources/gcs.ts';
import { BOUNDS, type Bounds } from '../../src/sources/object-retry.ts';
import { s3Source } from '../../src/sources/s3.ts';
import { bytesOf, listOf } from '../contracts/source.ts';
import { AZURITE, startAzurite } from '../support/azurite-server.ts';
import { type Fault, type FaultProxy, faultProxy, type Passing } from '../support/fault-proxy.ts';
import { startGcs } from '../support/gcs-server.ts';
import { startS3 } from '../support/s3-server.ts';

/** A real server with one bucket, and how its kind says what is wrong. */
interface Store {
  readonly url: string;
  put(id: string, bytes: Uint8Array): Promise<void>;
  remove(id: string): Promise<void>;
  open(url: string, bounds: Bounds): Source;
  isRead(passing: Passing): boolean;
  refusal(status: number, code: string): Fault;
  /** What must be allowed, as its vendor calls it. */
  readonly permission: string;
  close(): Promise<void>;
}

const QUICK: Bounds = { tries: 4, delayMs: 2, maxDelayMs: 10, stallMs: 30_000 };
const KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

async function s3(): Promise<Store> {
  const server = await startS3();
  const bucket = 'currents';
  const client = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { ...KEYS },
    forcePathStyle: true,
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return {
    url: server.url,
    put: async (Key, Body) =>
      void (await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))),
    remove: async (Key) =>
      void (await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))),
    open: (endpoint, bounds) =>
      s3Source.open(
        s3Source.settings.parse({
          bucket,
          endpoint,
          pathStyle: true,
          credentials: { kind: 'access-key', ...KEYS },
        }),
        bounds,
      ),
    isRead: ({ url }) => url.searchParams.get('list-type') !== '2',
    refusal: (status, code) => ({
      status,
      headers: { 'content-type': 'application/xml' },
      body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>So it is.</Message></Error>`,
    }),
    permission: 's3:ListBucket',
    async close() {
      client.destroy();
      await server.close();
    },
  };
}

async function azure(): Promise<Store> {
  const server = await startAzurite();
  const credential = new StorageSharedKeyCredential(AZURITE.account, AZURITE.key);
  const client = new BlobServiceClient(
    `${server.url}/${AZURITE.account}`,
    credential,
  ).getContainerClient('currents');
  await client.create();
  return {
    url: server.url,
    put: async (id, bytes) =>
      void (await client.getBlockBlobClient(id).upload(bytes, bytes.length)),
    remove: async (id) => void (await client.getBlobClient(id).delete()),
    open: (url, bounds) =>
      azureSource.open(
        azureSource.settings.parse({
          account: AZURITE.account,
          container: 'currents',
          endpoint: `${url}/${AZURITE.account}`,
          credentials: { kind: 'account-key', accountKey: AZURITE.key },
        }),
        bounds,
      ),
    isRead: ({ url }) => url.searchParams.get('comp') !== 'list',
    refusal: (status, code) => ({
      status,
      headers: { 'content-type': 'application/xml', 'x-ms-error-code': code },
      body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>So it is.</Message></Error>`,
    }),
    permission: 'Storage Blob Data Reader',
    close: () => server.close(),
  };
}

async function gcs(): Promise<Store> {
  const server = await startGcs();
  server.createBucket('currents');
  return {
    url: server.url,
    put: (id, bytes) => Promise.resolve(server.put('currents', id, bytes)),
    remove: (id) => Promise.resolve(server.remove('currents', id)),
    open: (endpoint, bounds) =>
      gcsSource.open(
        gcsSource.settings.parse({ bucket: 'currents', endpoint, credentials: { kind: 'none' } }),
        bounds,
      ),
    isRead: ({ url }) => url.searchParams.get('alt') === 'media',
    refusal: (status) => ({
      status,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ error: { code: status, message: 'So it is.' } }),
    }),
    permission: 'storage.objects.list',
    close: () => server.close(),
  };
}

const BODY = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * 7) % 251));
const signal = new AbortController().signal;

async function wholly<T>(reading: AsyncIterable<T>): Promise<{ got: T[]; error: unknown }> {
  const got: T[] = [];
  try {
    for await (const each of reading)
      got.push(each instanceof Uint8Array ? (Buffer.from(each) as T & Buffer) : each);
    return { got, error: undefined };
  } catch (error) {
    return { got, error };
  }
}

describe.each([
  ['S3', s3],
  ['Azure', azure],
  ['GCS', gcs],
] as const)('faults of %s', (_, start) => {
  let store: Store;
  beforeAll(async () => {
    store = await start();
    await store.put('f.avro', BODY);
    await store.put('g.avro', Buffer.from('others'));
  });
  afterAll(() => store.close());

  const within = async (
    decide: (passing: Passing, reads: number) => Fault,
    work: (source: Source, proxy: FaultProxy) => Promise<void>,
    bounds = QUICK,
  ): Promise<void> => {
    let reads = 0;
    const proxy = await faultProxy(store.url, (passing) =>
      decide(passing, store.isRead(passing) ? ++reads : reads),
    );
    const source = store.open(proxy.url, bounds);
    try {
      await work(source, proxy);
    } finally {
      await source.close();
      await proxy.close();
    }
  };
  const first = async (source: Source): Promise<Slice> => (await listOf(source))[0]!;
  const startOf = ({ headers }: Passing): number =>
    Number(/^bytes=(\d+)-/.exec(String(headers['x-ms-range'] ?? headers.range))?.[1] ?? 0);

  test('a refused listing says what must be allowed', () =>
    within(
      (passing) => (store.isRead(passing) ? undefined : store.refusal(403, 'AccessDenied')),
      async (source, { passed }) => {
        await expect(listOf(source)).rejects.toMatchObject({
          name: 'SourceError',
          code: 'no_access',
          message: expect.stringContaining('currents'),
          hint: expect.stringContaining(store.permission),
        });
        expect(passed).toHaveLength(1);
      },
    ));

  test('one object that may not be read does not keep the others from being read', () =>
    within(
      ({ url }) =>
        url.pathname.endsWith('/f.avro') ? store.refusal(403, 'AccessDenied') : undefined,
      async (source) => {
        const [f, g] = await listOf(source);
        await expect(bytesOf(source, f!)).rejects.toMatchObject({
          name: 'SliceError',
          code: 'no_access',
          slice: 'f.avro',
        });
        expect((await bytesOf(source, g!)).toString()).toBe('others');
      },
    ));

  test('an object that goes between its listing and its reading has vanished', () =>
    within(
      () => undefined,
      async (source) => {
        await store.put('a.avro', Buffer.from('soon gone'));
        const slice = await first(source);
        await store.remove('a.avro');
        await expect(bytesOf(source, slice)).rejects.toMatchObject({
          name: 'SliceError',
          code: 'vanished',
          slice: 'a.avro',
        });
      },
    ));

  test('a store that asks to slow down is asked again', async () => {
    let refused = 0;
    await within(
      () => (++refused % 3 === 0 ? undefined : store.refusal(503, 'SlowDown')),
      async (source) => {
        const slice = await first(source);
        expect((await bytesOf(source, slice)).equals(BODY)).toBe(true);
        expect(refused).toBeGreaterThanOrEqual(6);
      },
    );
  });

  test('a store that is down says so, and that it is tried again', () =>
    within(
      (_passing, reads) => (reads > 0 ? store.refusal(503, 'ServerBusy') : undefined),
      async (source) => {
        const slice = await first(source);
        const hint = expect.stringContaining('next poll tries again') as unknown;
        await expect(bytesOf(source, slice)).rejects.toMatchObject({
          name: 'SliceError',
          code: 'temporarily_unavailable',
          hint,
        });
        await expect(listOf(source)).rejects.toMatchObject({
          name: 'SourceError',
          code: 'temporarily_unavailable',
          hint,
        });
      },
    ));

  test('a store that nobody answers for says so', async () => {
    const proxy = await faultProxy(store.url, () => undefined);
    await proxy.close();
    const source = store.open(proxy.url, QUICK);
    await expect(listOf(source)).rejects.toMatchObject({
      name: 'SourceError',
      code: 'temporarily_unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await source.close();
  });

  for (const [how, fault, times] of [
    ['is dropped', { dropAfter: 50_001 }, 6],
    ['ends too early', { shorten: 50_001 }, 6],
    ['stalls', { stallAfter: 50_001 }, 2],
  ] as const)
    test(`a body that ${how} goes on at the byte`, () =>
      within(
        (passing, reads) => (store.isRead(passing) && reads <= times ? fault : undefined),
        async (source, { passed }) => {
          const slice = await first(source);
          expect((await bytesOf(source, slice)).equals(BODY)).toBe(true);
          const starts = passed.filter(store.isRead).map(startOf);
          if ('stallAfter' in fault) expect(starts.length).toBeGreaterThan(times);
          else expect(starts).toHaveLength(times + 1);
          // How much of a broken body comes through is up to the sockets; none of it is read twice.
          expect(starts).toEqual(starts.toSorted((x, y) => x - y));
          for (const [i, at] of starts.slice(0, times + 1).entries())
            expect(at).toBeLessThanOrEqual(i * 50_001);
          expect(starts.at(-1)).toBeGreaterThan(0);
        },
        'stallAfter' in fault ? { ...QUICK, tries: 100, stallMs: 700 } : QUICK,
      ));

  for (const [how, nothing] of [
    ['is dropped each time', { dropAfter: 0 }],
    ['is empty each time', { shorten: 0 }],
  ] as const)
    test(`a body that ${how} is given up after some tries`, () =>
      within(
        (passing, reads) => {
          if (!store.isRead(passing)) return undefined;
          return reads === 1 ? { shorten: 50_000 } : nothing;
        },
        async (source, { passed }) => {
          const slice = await first(source);
          const { got, error } = await wholly(source.open(slice, 0, signal));
          const bytes = Buffer.concat(got);
          expect(error).toMatchObject({
            name: 'SliceError',
            code: 'read_failed',
            offset: bytes.length,
            hint: expect.stringContaining('next poll'),
          });
          expect(bytes.equals(BODY.subarray(0, 50_000))).toBe(true);
          expect(passed.filter(store.isRead)).toHaveLength(QUICK.tries);
        },
      ));

  test('an object that is overwritten while it is read never gives bytes of both', async () => {
    await store.put('a.avro', Buffer.alloc(400_000, 1));
    try {
      await within(
        (passing, reads) =>
          store.isRead(passing) && reads === 1 ? { dropAfter: 100_000 } : undefined,
        async (source) => {
          const slice = await first(source);
          let rewritten: Promise<void> | undefined;
          const bytes = new Set<number>();
          const read = async (): Promise<void> => {
            for await (const chunk of source.open(slice, 0, signal)) {
              for (const byte of chunk) bytes.add(byte);
              await (rewritten ??= store.put('a.avro', Buffer.alloc(400_000, 2)));
            }
          };
          await expect(read()).rejects.toMatchObject({
            name: 'SliceError',
            code: 'changed_while_reading',
          });
          expect(bytes).toEqual(new Set([1]));
        },
      );
    } finally {
      await store.remove('a.avro');
    }
  });

  test('an abort ends a stalled listing, a stalled reading and a pause at once', async () => {
    const reason = new Error('stop');
    const ended = async (work: (signal: AbortSignal) => AsyncIterable<unknown>): Promise<void> => {
      const stop = new AbortController();
      const ending = wholly(work(stop.signal));
      setTimeout(() => stop.abort(reason), 300);
      expect((await ending).error).toBe(reason);
    };
    const patient = { ...BOUNDS, delayMs: 3_600_000, maxDelayMs: 3_600_000, stallMs: 3_600_000 };
    await within(
      () => ({ stallAfter: 0 }),
      (source) => ended((stop) => source.list(stop)),
      patient,
    );
    await within(
      () => store.refusal(503, 'ServerBusy'),
      (source) => ended((stop) => source.list(stop)),
      patient,
    );
    await within(
      (passing) => (store.isRead(passing) ? { stallAfter: 10_000 } : undefined),
      async (source) => {
        const slice = await first(source);
        await ended((stop) => source.open(slice, 0, stop));
      },
      patient,
    );
  });
});
