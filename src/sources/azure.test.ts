import {
  BlobServiceClient,
  ContainerSASPermissions,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { bytesOf, listOf, sourceContract } from '../../test/contracts/source.ts';
import { AZURITE, startAzurite } from '../../test/support/azurite-server.ts';
import type { ServerProcess } from '../../test/support/s3-server.ts';
import { azureSource } from './azure.ts';
import { BOUNDS } from './object-retry.ts';

let server: ServerProcess;
let service: BlobServiceClient;
let containers = 0;

beforeAll(async () => {
  server = await startAzurite();
  service = new BlobServiceClient(
    `${server.url}/${AZURITE.account}`,
    new StorageSharedKeyCredential(AZURITE.account, AZURITE.key),
  );
});

afterAll(() => server.close());

function settingsOf(container: string, credentials: object, prefix = '') {
  return azureSource.settings.parse({
    account: AZURITE.account,
    container,
    prefix,
    endpoint: `${server.url}/${AZURITE.account}`,
    credentials,
  });
}

const withKey = { kind: 'account-key', accountKey: AZURITE.key };

async function open(prefix = '') {
  const client = service.getContainerClient(`currents-${++containers}`);
  await client.create();
  const blob = (id: string) => client.getBlockBlobClient(prefix === '' ? id : `${prefix}/${id}`);
  return {
    client,
    source: azureSource.open(settingsOf(client.containerName, withKey, prefix), {
      ...BOUNDS,
      pageSize: 3,
    }),
    put: async (id: string, bytes: Uint8Array) => {
      await blob(id).upload(bytes, bytes.length);
    },
    remove: async (id: string) => {
      await blob(id).delete();
    },
    close: () => Promise.resolve(),
  };
}

sourceContract('the Azure source', () => open());
sourceContract('the Azure source below a prefix', () => open('currents/of acme'));

test('each kind of credentials opens the container', async () => {
  const { client, put } = await open();
  await put('f.avro', Buffer.from('bytes'));
  const later = new Date(Date.now() + 3_600_000);
  const url = await client.generateSasUrl({
    permissions: ContainerSASPermissions.parse('rl'),
    expiresOn: later,
  });
  const connectionString = [
    'DefaultEndpointsProtocol=http',
    `AccountName=${AZURITE.account}`,
    `AccountKey=${AZURITE.key}`,
    `BlobEndpoint=${server.url}/${AZURITE.account};`,
  ].join(';');
  for (const credentials of [
    withKey,
    { kind: 'connection-string', connectionString },
    { kind: 'sas', token: new URL(url).search },
  ]) {
    const source = azureSource.open(settingsOf(client.containerName, credentials));
    const [slice] = await listOf(source);
    expect(slice).toMatchObject({ id: 'f.avro', bytes: 5 });
    expect((await bytesOf(source, slice!)).toString()).toBe('bytes');
    await source.close();
  }
});

test('what a person must mend is said in plain words, and without a secret', async () => {
  const { client } = await open();
  const wrongKey = Buffer.alloc(64, 1).toString('base64');
  const signature = 'c2VjcmV0c2lnbmF0dXJl';
  const token = `sv=2022-11-02&sr=c&sp=rl&se=2020-01-01T00%3A00%3A00Z&sig=${signature}`;
  const cases = [
    ['no_container', 'no-such-container', withKey],
    [undefined, client.containerName, { kind: 'account-key', accountKey: wrongKey }],
    [
      'wrong_credentials',
      client.containerName,
      { kind: 'connection-string', connectionString: `AccountKey=${wrongKey}` },
    ],
    [undefined, client.containerName, { kind: 'sas', token }],
  ] as const;
  for (const [code, container, credentials] of cases) {
    const source = azureSource.open(settingsOf(container, credentials));
    const error = await listOf(source).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ name: 'SourceError', hint: expect.any(String) });
    if (code !== undefined) expect(error).toMatchObject({ code });
    const text = `${error!.message} ${error!.stack} ${JSON.stringify(error)}`;
    for (const each of [wrongKey, signature]) expect(text).not.toContain(each);
    await source.close();
  }
});

test('secrets are marked in the settings, and the account may not be left out', () => {
  const json = JSON.stringify(z.toJSONSchema(azureSource.settings, { io: 'input' }));
  expect(json.match(/"secret":true/g)).toHaveLength(3);
  expect(azureSource.settings.safeParse(azureSource.example).success).toBe(true);
  const { account: _, ...nameless } = azureSource.example;
  expect(azureSource.settings.safeParse(nameless).success).toBe(false);
});
