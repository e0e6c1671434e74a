import type {
  BlobHierarchyListSegment,
  ContainerClient,
  StoragePipelineOptions,
} from '@azure/storage-blob';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Source } from '../core/source.ts';
import { azureFault } from './azure-faults.ts';
import type { Bounds } from './object-retry.ts';
import { objectStoreSource, prefixSetting } from './object-source.ts';
import { type ObjectStore, StoreError } from './object-store.ts';

const secret = z.string().min(1).meta({ secret: true });

const settings = z
  .strictObject({
    account: z
      .string()
      .regex(/^[a-z0-9]{3,24}$/, 'a storage account has 3 to 24 small letters and digits')
      .optional()
      .describe('Storage account; a connection string names it itself'),
    container: z.string().min(3).describe('Name of the container'),
    prefix: prefixSetting,
    credentials: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('default') }),
        z.strictObject({
          kind: z.literal('connection-string'),
          connectionString: secret.describe('As the portal shows it'),
        }),
        z.strictObject({
          kind: z.literal('account-key'),
          accountKey: secret.describe('Key of the storage account'),
        }),
        z.strictObject({
          kind: z.literal('sas'),
          token: secret.describe('Shared access signature'),
        }),
      ])
      .default({ kind: 'default' })
      .describe('default: environment, workload or managed identity, or the Azure CLI'),
    endpoint: z
      .url({ protocol: /^https?$/ })
      .refine((url) => !/[?#]/.test(url), 'a shared access signature belongs into the credentials')
      .optional()
      .describe('URL of the blob service, where it is not https://<account>.blob.core.windows.net'),
  })
  .refine(
    ({ account, credentials }) => account !== undefined || credentials.kind === 'connection-string',
    { path: ['account'], message: 'the storage account is missing' },
  );

/** What both kinds of listing give. */
type Segment = Pick<BlobHierarchyListSegment, 'blobItems' | 'blobPrefixes'>;

type AzureSettings = z.infer<typeof settings>;

/** Blobs of an Azure Blob Storage container. */
export const azureSource = {
  name: 'azure',
  title: 'Azure Blob Storage',
  summary: 'Avro files of a container of Azure Blob Storage',
  settings,
  example: {
    account: 'acmecurrents',
    container: 'braze',
    prefix: 'currents',
    credentials: { kind: 'sas', token: '…' },
  } satisfies z.input<typeof settings>,
  open: openAzure,
};

function openAzure(settings: AzureSettings, bounds?: Bounds): Source {
  return objectStoreSource('azure', settings.prefix, () => connect(settings), bounds);
}

async function connect(settings: AzureSettings): Promise<ObjectStore> {
  const client = await clientOf(settings);
  const failing =
    (doing: 'list' | 'read') =>
    (error: unknown): never => {
      throw azureFault(error, doing, settings.container) ?? error;
    };

  return {
    // Blob Storage learned it late, and not everywhere: the walk does without.
    startsAfter: false,
    async page({ prefix, folders, limit }, token, abortSignal) {
      const how = {
        ...(token === undefined ? {} : { continuationToken: token }),
        ...(limit === undefined ? {} : { maxPageSize: limit }),
      };
      const next = folders
        ? client.listBlobsByHierarchy('/', { prefix, abortSignal }).byPage(how).next()
        : client.listBlobsFlat({ prefix, abortSignal }).byPage(how).next();
      const { value } = await next.catch(failing('list'));
      if (value === undefined) return { objects: [], folders: [] };
      const segment: Segment = value.segment;
      const following: string | undefined = value.continuationToken;
      return {
        objects: segment.blobItems.map(({ name, properties }) => ({
          key: name,
          version: bare(properties.etag),
          bytes: properties.contentLength ?? 0,
          writtenAt: properties.lastModified.getTime(),
        })),
        folders: (segment.blobPrefixes ?? []).map(({ name }) => name),
        ...(following ? { next: following } : {}),
      };
    },

    async read({ key, version }, from, abortSignal) {
      const blob = client.getBlobClient(key);
      const answer = await blob
        .download(from, undefined, {
          abortSignal,
          conditions: { ifMatch: `"${version}"` },
          // A dropped connection is resumed by the reader, as with every store.
          maxRetryRequests: 0,
        })
        .catch(async (error: unknown) => {
          const fault = azureFault(error, 'read', settings.container);
          // Azurite says of a blob that is gone that the condition is not met.
          if (
            fault?.fault === 'changed' &&
            !(await blob.exists({ abortSignal }).catch(failing('read')))
          )
            throw new StoreError('gone', 'vanished', 'it is gone');
          throw fault ?? error;
        });
      const body = answer.readableStreamBody as Readable;
      if (answer.etag === undefined || bare(answer.etag) === version) return body;
      body.on('error', () => undefined).destroy();
      throw new StoreError('changed', 'changed_while_reading', 'it was overwritten');
    },

    close: () => undefined,
  };
}

async function clientOf(settings: AzureSettings): Promise<ContainerClient> {
  const { account = '', container, credentials, endpoint } = settings;
  const { ContainerClient, StorageSharedKeyCredential } = await import('@azure/storage-blob');
  const options: StoragePipelineOptions = { retryOptions: { maxTries: 1 } };
  const base = (endpoint ?? `https://${account}.blob.core.windows.net`).replace(/\/+$/, '');
  const url = `${base}/${encodeURIComponent(container)}`;
  switch (credentials.kind) {
    case 'connection-string':
      try {
        return new ContainerClient(credentials.connectionString, container, options);
      } catch {
        // What the library says may hold a part of it.
        throw new StoreError(
          'refused',
          'wrong_credentials',
          'The connection string is not one of a storage account',
          'Copy it whole from Access keys of the storage account.',
        );
      }
    case 'account-key':
      return new ContainerClient(
        url,
        new StorageSharedKeyCredential(account, credentials.accountKey),
        options,
      );
    case 'sas':
      return new ContainerClient(
        `${url}?${credentials.token.replace(/^\?/, '')}`,
        undefined,
        options,
      );
    case 'default': {
      const { DefaultAzureCredential } = await import('@azure/identity');
      return new ContainerClient(url, new DefaultAzureCredential(), options);
    }
  }
}

function bare(etag: string): string {
  return etag.replaceAll('"', '');
}
