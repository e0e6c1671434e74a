import { afterAll, beforeAll, expect, test } from 'vitest';
import { listOf, sourceContract } from '../../test/contracts/source.ts';
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
  const names = ['a b+c%20?#&.avro', 'ü/😀.avro', 'x/\u{e000}.avro'];
  for (const name of names) await put(name, Buffer.from(name));
  expect((await listOf(source)).map(({ id }) => id)).toEqual(names.toSorted());
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
