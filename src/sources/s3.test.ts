import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { bytesOf, listOf, sourceContract } from '../../test/contracts/source.ts';
import { faultProxy } from '../../test/support/fault-proxy.ts';
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

/** What listing fails with; it may hold none of the secrets. */
async function failureOf(settings: object, secrets: readonly string[] = []) {
  const source = s3Source.open(s3Source.settings.parse(settings), { ...BOUNDS, tries: 1 });
  const error = await listOf(source).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  await source.close();
  const text = `${error?.message} ${error?.stack} ${JSON.stringify(error)}`;
  for (const secret of secrets) expect(text).not.toContain(secret);
  return error;
}

test('a bucket that is not there and keys that are wrong are told apart', async () => {
  const { bucket } = await open();
  const secretAccessKey = 'so-secret-a-key';
  const settings = settingsOf(bucket);
  expect(await failureOf(settingsOf('no-such-bucket'))).toMatchObject({
    name: 'SourceError',
    code: 'no_bucket',
    message: expect.stringContaining('no-such-bucket'),
  });
  expect(
    await failureOf(
      {
        ...settings,
        credentials: { kind: 'access-key', accessKeyId: 'UNKNOWN', secretAccessKey },
      },
      [secretAccessKey],
    ),
  ).toMatchObject({ name: 'SourceError', code: 'wrong_credentials' });
});

test('what Amazon answers to a wrong region, clock or token is put into plain words', async () => {
  const xml = (code: string, more = ''): string =>
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>No.</Message>${more}</Error>`;
  const region = { 'x-amz-bucket-region': 'eu-central-1' };
  const cases = [
    [301, xml('PermanentRedirect'), 'wrong_region', 'eu-central-1', region],
    [
      400,
      xml('AuthorizationHeaderMalformed', '<Region>eu-central-1</Region>'),
      'wrong_region',
      'eu-central-1',
      {},
    ],
    [403, xml('RequestTimeTooSkewed'), 'clock_skew', 'clock', {}],
    [400, xml('ExpiredToken'), 'expired_credentials', 'role', {}],
    [403, xml('SignatureDoesNotMatch'), 'wrong_credentials', 'access key', {}],
    [403, xml('AccessDenied'), 'no_access', 's3:ListBucket', {}],
    [405, xml('MethodNotAllowed'), 'store_refused', 'endpoint', {}],
    [200, '<html>Please sign in to this network</html', 'temporarily_unavailable', 'next poll', {}],
  ] as const;
  for (const [status, body, code, hint, headers] of cases) {
    const proxy = await faultProxy(server.url, () => ({
      status,
      body,
      headers: { 'content-type': 'application/xml', ...headers },
    }));
    expect(await failureOf({ ...settingsOf('currents'), endpoint: proxy.url })).toMatchObject({
      name: 'SourceError',
      code,
      hint: expect.stringContaining(hint),
    });
    await proxy.close();
  }
});

test('a role is taken on with the credentials of the environment', async () => {
  const asked: string[] = [];
  const sts = await faultProxy(server.url, ({ headers }) => {
    asked.push(headers['authorization'] ?? '');
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
        <AccessKeyId>S3RVER</AccessKeyId><SecretAccessKey>S3RVER</SecretAccessKey><SessionToken>of-the-role</SessionToken>
        <Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>
        </Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    };
  });
  const s3 = await faultProxy(server.url, () => undefined);
  process.env['AWS_ENDPOINT_URL_STS'] = sts.url;
  process.env['AWS_ACCESS_KEY_ID'] = 'ENVIRONMENT';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'of the environment';
  try {
    const { bucket, put } = await open();
    await put('f.avro', Buffer.from('bytes'));
    const source = s3Source.open(
      s3Source.settings.parse({
        ...settingsOf(bucket),
        endpoint: s3.url,
        region: 'us-east-1',
        credentials: {
          kind: 'role',
          roleArn: 'arn:aws:iam::123456789012:role/sluice',
          externalId: 'ours',
        },
      }),
    );
    expect((await listOf(source)).map(({ id }) => id)).toEqual(['f.avro']);
    expect(asked).toEqual([expect.stringContaining('ENVIRONMENT')]);
    expect(s3.passed[0]!.headers['x-amz-security-token']).toBe('of-the-role');
    await source.close();
  } finally {
    for (const name of ['AWS_ENDPOINT_URL_STS', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
      delete process.env[name];
    await sts.close();
    await s3.close();
  }
});

test('what the environment lacks is named', async () => {
  const names = {
    AWS_CONFIG_FILE: '/nowhere/config',
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  Object.assign(process.env, names);
  try {
    expect(
      await failureOf({ bucket: 'currents', credentials: { kind: 'access-key', ...KEYS } }),
    ).toMatchObject({ name: 'SourceError', code: 'no_region' });
    expect(await failureOf({ bucket: 'currents', region: 'eu-central-1' })).toMatchObject({
      name: 'SourceError',
      code: 'no_credentials',
    });
  } finally {
    for (const name of Object.keys(names)) delete process.env[name];
  }
});

test('keys that XML can not hold come encoded, and are decoded', async () => {
  const proxy = await faultProxy(server.url, () => ({
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>
      <Contents><Key>a+b%2Bc%01/%C3%BC.avro</Key><ETag>&quot;e&quot;</ETag><Size>1</Size>
      <LastModified>2026-06-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>`,
  }));
  const source = s3Source.open({ ...settingsOf('currents'), endpoint: proxy.url });
  expect((await listOf(source)).map(({ id, version }) => [id, version])).toEqual([
    ['a b+c\u0001/ü.avro', '1-e'],
  ]);
  expect(proxy.passed[0]!.url.searchParams.get('encoding-type')).toBe('url');
  await source.close();
  await proxy.close();
});

test('secrets are marked in the settings', () => {
  const json = JSON.stringify(z.toJSONSchema(s3Source.settings, { io: 'input' }));
  expect(json.match(/"secret":true/g)).toHaveLength(2);
  expect(s3Source.settings.safeParse(s3Source.example).success).toBe(true);
  for (const wrong of [{ prefix: '/currents' }, { bucket: 'express--euc1-az1--x-s3' }])
    expect(s3Source.settings.safeParse({ ...s3Source.example, ...wrong }).success).toBe(false);
});
