import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytesOf, listOf, sourceContract } from '../../test/contracts/source.ts';
import { type ServerProcess, startS3 } from '../../test/support/s3-server.ts';
import { BOUNDS } from './object-retry.ts';
import { s3Source } from './s3.ts';

const KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

let server: ServerProcess;
let client: S3Client;
let buckets = 0;

beforeAll(async () => {
  server = await startS3();
  client = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    // The client writes into what it is given.
    credentials: { ...KEYS },
    forcePathStyle: true,
  });
});

afterAll(async () => {
  client.destroy();
  await server.close();
});

function settingsOf(bucket: string, prefix = '') {
  return s3Source.settings.parse({
    bucket,
    prefix,
    endpoint: server.url,
    pathStyle: true,
    credentials: { kind: 'access-key', ...KEYS },
  });
}

async function open(prefix = '') {
  const Bucket = `currents-${++buckets}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  const Key = (id: string): string => (prefix === '' ? id : `${prefix}/${id}`);
  const remove = async (id: string): Promise<void> => {
    await client.send(new DeleteObjectCommand({ Bucket, Key: Key(id) }));
  };
  return {
    bucket: Bucket,
    source: s3Source.open(settingsOf(Bucket, prefix), { ...BOUNDS, pageSize: 3 }),
    async put(id: string, bytes: Uint8Array) {
      // s3rver writes into the file that others are reading; a real store keeps the old one for them.
      await remove(id);
      await client.send(new PutObjectCommand({ Bucket, Key: Key(id), Body: bytes }));
    },
    remove,
    close: () => Promise.resolve(),
  };
}

sourceContract('the S3 source', () => open());
sourceContract('the S3 source below a prefix', () => open('currents/of acme'));

test('a prefix may point into the layout, and still type and hour are known', async () => {
  const { bucket, put } = await open();
  const folder = 'x/event_type=users.messages.email.Open/date=2026-06-01-00';
  await put(`${folder}/version=3/prod/f.avro`, Buffer.from('bytes'));
  await put('x/event_type=users.messages.email.Open-not/f.avro', Buffer.from('bytes'));
  for (const prefix of ['x/event_type=users.messages.email.Open', folder, `${folder}/version=3/`]) {
    const source = s3Source.open(settingsOf(bucket, prefix));
    const [slice, ...rest] = await listOf(source, { since: '2026-06-01-00' });
    expect(rest).toEqual([]);
    expect(slice).toMatchObject({
      eventType: 'users.messages.email.Open',
      hour: '2026-06-01-00',
      bytes: 5,
    });
    expect(Math.abs(slice!.writtenAt! - Date.now())).toBeLessThan(3_600_000);
    expect((await bytesOf(source, slice!)).toString()).toBe('bytes');
    expect(await listOf(source, { since: '2026-06-01-01' })).toEqual([]);
    expect(await listOf(source, { wants: () => false })).toEqual([]);
    await source.close();
  }
});

test('a bucket that is not there is named', async () => {
  const source = s3Source.open(settingsOf('no-such-bucket'));
  await expect(listOf(source)).rejects.toMatchObject({
    name: 'SourceError',
    code: 'no_bucket',
    message: expect.stringContaining('no-such-bucket'),
  });
  await source.close();
});
