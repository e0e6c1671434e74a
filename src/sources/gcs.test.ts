import { afterAll, beforeAll, expect, test } from 'vitest';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { bytesOf, listOf, sourceContract } from '../../test/contracts/source.ts';
import { faultProxy } from '../../test/support/fault-proxy.ts';
import { type GcsServer, startGcs } from '../../test/support/gcs-server.ts';
import { gcsSource } from './gcs.ts';
import { BOUNDS } from './object-retry.ts';

let server: GcsServer;
let buckets = 0;

beforeAll(async () => {
  server = await startGcs();
});

afterAll(() => server.close());

function settingsOf(bucket: string, prefix = '', credentials: object = { kind: 'none' }) {
  return gcsSource.settings.parse({ bucket, prefix, endpoint: server.url, credentials });
}

function open(prefix = '') {
  const bucket = `currents-${++buckets}`;
  server.createBucket(bucket);
  const name = (id: string): string => (prefix === '' ? id : `${prefix}/${id}`);
  return Promise.resolve({
    bucket,
    source: gcsSource.open(settingsOf(bucket, prefix), { ...BOUNDS, pageSize: 3 }),
    put: (id: string, bytes: Uint8Array) => Promise.resolve(server.put(bucket, name(id), bytes)),
    remove: (id: string) => Promise.resolve(server.remove(bucket, name(id))),
    close: () => Promise.resolve(),
  });
}

sourceContract('the GCS source', () => open());
sourceContract('the GCS source below a prefix', () => open('currents/of acme'));

test('names that need escaping are found and read', async () => {
  const { source, put } = await open();
  const names = ['a b+c%20?#&.avro', 'x/\u{e000}.avro', 'x/😀.avro', 'ü/f.avro'];
  for (const name of names) await put(name, Buffer.from(name));
  const slices = await listOf(source);
  expect(slices.map(({ id }) => id)).toEqual(names);
  for (const slice of slices) expect((await bytesOf(source, slice)).toString()).toBe(slice.id);
});

test('what a person must mend is said in plain words', async () => {
  const { bucket } = await open();
  const secret = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC';
  const key = (more: object): string => JSON.stringify({ type: 'service_account', ...more });
  const cases = [
    ['no_bucket', 'no-such-bucket', { kind: 'none' }],
    ['wrong_credentials', bucket, { kind: 'key-file', path: '/nowhere/key.json' }],
    ['wrong_credentials', bucket, { kind: 'service-account', key: `{"private_key": "${secret}"` }],
    ['wrong_credentials', bucket, { kind: 'service-account', key: key({ private_key: secret }) }],
    [
      'wrong_credentials',
      bucket,
      {
        kind: 'service-account',
        key: key({ client_email: 'a@b.iam.gserviceaccount.com', private_key: secret }),
      },
    ],
  ] as const;
  for (const [code, name, credentials] of cases) {
    const source = gcsSource.open(settingsOf(name, '', credentials));
    const error = await listOf(source).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ name: 'SourceError', code, hint: expect.any(String) });
    expect(`${error!.message} ${error!.stack} ${JSON.stringify(error)}`).not.toContain(secret);
    await source.close();
  }
});

test('requests carry the token of the credentials that the environment names', async () => {
  let isValid = true;
  const signIn = await faultProxy(server.url, () => ({
    status: isValid ? 200 : 400,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(
      isValid
        ? {
            access_token: 'of-the-account',
            issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
            token_type: 'Bearer',
            expires_in: 3600,
          }
        : { error: 'invalid_grant', error_description: 'Account not found' },
    ),
  }));
  const folder = await mkdtemp(join(tmpdir(), 'sluice-gcs-'));
  const file = join(folder, 'credentials.json');
  await writeFile(join(folder, 'token'), 'a-token-of-elsewhere');
  await writeFile(
    file,
    JSON.stringify({
      type: 'external_account',
      audience:
        '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${signIn.url}/v1/token`,
      credential_source: { file: join(folder, 'token') },
    }),
  );
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = file;
  try {
    const { bucket, put } = await open();
    await put('f.avro', Buffer.from('bytes'));
    const seen = server.authorizations.length;
    const source = gcsSource.open(settingsOf(bucket, '', { kind: 'default' }));
    const [slice] = await listOf(source);
    expect((await bytesOf(source, slice!)).toString()).toBe('bytes');
    expect(server.authorizations.slice(seen)).toEqual(Array(2).fill('Bearer of-the-account'));
    isValid = false;
    await expect(
      listOf(gcsSource.open(settingsOf(bucket, '', { kind: 'default' }))),
    ).rejects.toMatchObject({
      name: 'SourceError',
      code: 'wrong_credentials',
      message: expect.stringContaining('Account not found'),
    });
  } finally {
    delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
    await signIn.close();
    await rm(folder, { recursive: true });
  }
});

test('a machine without credentials is told which there are', async () => {
  const { HOME } = process.env;
  Object.assign(process.env, { METADATA_SERVER_DETECTION: 'none', HOME: '/nowhere' });
  try {
    await expect(
      listOf(gcsSource.open(settingsOf('currents', '', { kind: 'default' }))),
    ).rejects.toMatchObject({ name: 'SourceError', code: 'no_credentials' });
  } finally {
    delete process.env['METADATA_SERVER_DETECTION'];
    process.env['HOME'] = HOME;
  }
});

test('secrets are marked in the settings', () => {
  const json = JSON.stringify(z.toJSONSchema(gcsSource.settings, { io: 'input' }));
  expect(json.match(/"secret":true/g)).toHaveLength(1);
  expect(gcsSource.settings.safeParse(gcsSource.example).success).toBe(true);
});
