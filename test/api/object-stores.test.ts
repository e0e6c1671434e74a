import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiWorld, openApiWorld, SECRETS } from '../support/api-world.ts';
import { AZURITE, startAzurite } from '../support/azurite-server.ts';
import { clicks, currentsFile, CUSTOM_EVENT, customEvent } from '../support/currents-file.ts';
import { startGcs } from '../support/gcs-server.ts';
import { startS3 } from '../support/s3-server.ts';

const PREFIX = 'currents/of acme';
const CLICK = 'users.messages.email.Click';
const CUSTOM = 'users.behaviors.CustomEvent';
/** A file larger than what an estimate reads of one. */
const MANY = 80_000;

interface Bucket {
  /** Settings of the source, without prefix. */
  readonly source: Readonly<Record<string, unknown>>;
  /** What is wrong, and a part of what a person is told. */
  readonly wrong: readonly (readonly [settings: Record<string, unknown>, told: RegExp])[];
  /** Hidden in answers. */
  readonly secret: Readonly<Record<string, unknown>> | undefined;
  put(name: string, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

async function s3(): Promise<Bucket> {
  const { url, close } = await startS3();
  const keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
  const client = new S3Client({
    ...{ endpoint: url, region: 'us-east-1', credentials: { ...keys }, forcePathStyle: true },
  });
  await client.send(new CreateBucketCommand({ Bucket: 'acme' }));
  const source = {
    ...{ kind: 's3', bucket: 'acme', endpoint: url, pathStyle: true },
    credentials: { kind: 'access-key', ...keys },
  };
  return {
    source,
    secret: { secretAccessKey: '***' },
    wrong: [
      [{ bucket: 'not-there' }, /bucket not-there/],
      [{ credentials: { ...source.credentials, accessKeyId: 'nobody' } }, /access|key|credential/i],
    ],
    async put(Key, Body) {
      await client.send(new PutObjectCommand({ Bucket: 'acme', Key, Body }));
    },
    async close() {
      client.destroy();
      await close();
    },
  };
}

async function gcs(): Promise<Bucket> {
  const server = await startGcs();
  server.createBucket('acme');
  const key = { kind: 'service-account', key: '{"type":"service_account"}' };
  return {
    source: {
      ...{ kind: 'gcs', bucket: 'acme', endpoint: server.url, credentials: { kind: 'none' } },
    },
    secret: undefined,
    wrong: [
      [{ bucket: 'not-there' }, /bucket not-there/],
      [{ credentials: key }, /key|credential/i],
    ],
    put: (name, bytes) => Promise.resolve(server.put('acme', name, bytes)),
    close: () => server.close(),
  };
}

async function azure(): Promise<Bucket> {
  const { url, close } = await startAzurite();
  const endpoint = `${url}/${AZURITE.account}`;
  const client = new BlobServiceClient(
    endpoint,
    new StorageSharedKeyCredential(AZURITE.account, AZURITE.key),
  ).getContainerClient('acme');
  await client.create();
  const account = { kind: 'account-key', accountKey: AZURITE.key };
  return {
    source: {
      ...{ kind: 'azure', account: AZURITE.account, container: 'acme', endpoint },
      credentials: account,
    },
    secret: { accountKey: '***' },
    wrong: [
      [{ container: 'not-there' }, /container not-there/],
      [{ credentials: { ...account, accountKey: btoa('another key') } }, /may not be listed \(403/],
    ],
    async put(name, bytes) {
      await client.getBlockBlobClient(name).upload(bytes, bytes.length);
    },
    close,
  };
}

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  for (const secret of [...SECRETS, AZURITE.key])
    expect(world.answers.join('\n')).not.toContain(secret);
});
const post = async (path: string, body: unknown) => world.ask('POST', path, { body });

/** Some hours ago, as the names of files have it. */
const hour = (ago: number): string =>
  new Date(Date.now() - ago * 3_600_000).toISOString().slice(0, 13).replace('T', '-');

describe.each([
  ['S3', s3],
  ['Google Cloud Storage', gcs],
  ['Azure Blob Storage', azure],
] as const)('%s', (title, open) => {
  let bucket: Bucket;
  let source: Record<string, unknown>;
  let large: Buffer;
  beforeAll(async () => {
    bucket = await open();
    source = { ...bucket.source, prefix: PREFIX };
    large = currentsFile(clicks('l', MANY), { perBlock: 250 });
    const put = (type: string, ago: number, name: string, bytes: Uint8Array) =>
      bucket.put(`${PREFIX}/event_type=${type}/date=${hour(ago)}/version=4/${name}.avro`, bytes);
    await put(CLICK, 30, 'large', large);
    await put(CLICK, 2, 'small', currentsFile(clicks('s', 200)));
    const custom = [customEvent('c1', '{"x":1}'), customEvent('c2', '[1]')];
    await put(CUSTOM, 2, 'a', currentsFile(custom, { schema: CUSTOM_EVENT }));
    await put(CUSTOM, 3, 'torn', Buffer.from('no avro at all'));
    await bucket.put(`elsewhere/event_type=${CLICK}/date=${hour(2)}/x.avro`, large);
  });
  afterAll(() => bucket.close());

  test('access is checked: what is well, and exactly what is wrong', async () => {
    const right = await post('/check', { source });
    expect(right.body.checks).toEqual([
      {
        ...{ what: 'source', ok: true },
        detail: expect.stringMatching(`${title}.* can be listed and read: `) as unknown,
      },
    ]);
    const empty = await post('/check', { source: { ...source, prefix: 'nothing here' } });
    expect(empty.body.checks).toMatchObject([
      { ok: false, detail: expect.stringContaining('holds no .avro files') as unknown },
    ]);
    for (const [settings, told] of bucket.wrong) {
      const { status, body } = await post('/check', { source: { ...source, ...settings } });
      expect([status, body.checks]).toMatchObject([200, [{ what: 'source', ok: false }]]);
      expect(body.checks[0].detail).toMatch(told);
    }
  });

  test('the volume is estimated from the beginnings of files', async () => {
    const { status, body } = await post('/estimate', { source });
    expect(status).toBe(200);
    const types = Object.fromEntries(
      (body.types as { type: string; filesPerDay: number; eventsPerDay: number }[]).map((each) => [
        each.type,
        each,
      ]),
    );
    expect(Object.keys(types).toSorted()).toEqual([CUSTOM, CLICK].toSorted());
    expect(types[CLICK]!.filesPerDay).toBe(1);
    expect(types[CLICK]!.eventsPerDay / ((MANY + 200) / 2)).toBeGreaterThan(0.8);
    expect(types[CLICK]!.eventsPerDay / ((MANY + 200) / 2)).toBeLessThan(1.2);
    expect(types[CUSTOM]!.eventsPerDay).toBeGreaterThanOrEqual(1);
    expect(body.sampled.files).toBe(4);
    // The large file was not read to its end.
    expect(large.length).toBeGreaterThan(1_500_000);
    expect(body.sampled.bytes).toBeGreaterThan(0);
    expect(body.sampled.bytes).toBeLessThan(1_300_000);
  });

  test('real records are shown as Mixpanel would get them, and nothing is sent', async () => {
    const before = world.scene.sandbox.stats().ingested;
    const { status, body } = await post('/preview', { source, settings: {}, limit: 8 });
    expect(status).toBe(200);
    expect(body.lines).toContainEqual(
      expect.objectContaining({
        ...{ type: CLICK, outcome: 'event' },
        before: expect.objectContaining({ campaign_name: 'Spring' }) as unknown,
        after: expect.objectContaining({ event: 'Email Click' }) as unknown,
      }),
    );
    expect(body.lines).toContainEqual(
      expect.objectContaining({ type: CUSTOM, outcome: 'dead-letter', cause: 'bad_properties' }),
    );
    const chosen = await post('/preview', { source, settings: { events: [CUSTOM] } });
    expect(new Set(chosen.body.lines.map(({ type }: { type: string }) => type))).toEqual(
      new Set([CUSTOM]),
    );
    expect(world.scene.sandbox.stats().ingested).toBe(before);
  });

  test('what is wrong is told by estimate and preview too', async () => {
    for (const [settings, told] of bucket.wrong) {
      const wrong = { ...source, ...settings };
      for (const answer of [
        await post('/estimate', { source: wrong }),
        await post('/preview', { source: wrong, settings: {} }),
      ]) {
        expect(answer.body).toMatchObject({ status: 422, code: 'source' });
        expect(`${answer.body.detail} ${answer.body.hint}`).toMatch(told);
      }
    }
    const empty = { ...source, prefix: 'nothing here' };
    expect((await post('/estimate', { source: empty })).body).toMatchObject({ types: [] });
    const none = await post('/preview', { source: empty, settings: {} });
    expect(none.body).toMatchObject({ lines: [], note: expect.any(String) as unknown });
  });

  test('the secret of a draft is enough for all three', async () => {
    const draft = 'of-a-bucket';
    const saved = { step: 'source', spec: { source } };
    expect((await world.ask('PUT', `/drafts/${draft}`, { body: saved })).status).toBe(204);
    const shown = (await world.ask('GET', `/drafts/${draft}`)).body.spec.source;
    if (bucket.secret) expect(shown.credentials).toMatchObject(bucket.secret);
    const checked = await post('/check', { draft, source: shown });
    expect(checked.body.checks).toMatchObject([{ ok: true }]);
    expect((await post('/estimate', { draft, source: shown })).body.totalPerDay).toBeGreaterThan(1);
    const { body } = await post('/preview', { draft, source: shown, settings: {}, limit: 3 });
    expect(body.lines).toHaveLength(3);
    const elsewhere = { ...shown, endpoint: 'http://127.0.0.1:9' };
    if (bucket.secret)
      expect((await post('/estimate', { draft, source: elsewhere })).status).toBe(422);
  });
});
