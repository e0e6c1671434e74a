import type { GetObjectCommandInput, S3ClientConfig } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { Source } from '../core/source.ts';
import { objectStoreSource, prefixSetting } from './object-source.ts';
import type { Bounds } from './object-retry.ts';
import { type ObjectStore, StoreError } from './object-store.ts';
import { s3Fault } from './s3-faults.ts';

const secret = z.string().min(1).meta({ secret: true });

const settings = z.strictObject({
  bucket: z
    .string()
    .min(3)
    .refine(
      (name) => !name.endsWith('--x-s3'),
      'a directory bucket (S3 Express) can not be listed in order: use a general purpose bucket',
    )
    .describe('Name of the bucket'),
  prefix: prefixSetting,
  region: z
    .string()
    .min(1)
    .optional()
    .describe("Region of the bucket; left out: the environment's (AWS_REGION)"),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('URL of a store that speaks the S3 protocol, in place of Amazon'),
  pathStyle: z
    .boolean()
    .default(false)
    .describe(
      'Bucket in the path of a URL rather than in its host; many compatible stores need it',
    ),
  credentials: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('default') }),
      z.strictObject({
        kind: z.literal('access-key'),
        accessKeyId: z.string().min(1).describe('Id of the access key'),
        secretAccessKey: secret.describe('Its secret'),
        sessionToken: secret.optional().describe('Of temporary keys'),
      }),
      z.strictObject({
        kind: z.literal('role'),
        roleArn: z
          .string()
          .regex(
            /^arn:[\w-]+:iam::\d+:role\/.+$/,
            'a role looks like arn:aws:iam::123456789012:role/name',
          )
          .describe('Role to take on'),
        externalId: z.string().min(2).optional().describe('What the role asks for, if anything'),
      }),
    ])
    .default({ kind: 'default' })
    .describe(
      'default: environment, shared files, or the role of the machine; a role is taken on with those',
    ),
});

type S3Settings = z.infer<typeof settings>;

/** Objects of an Amazon S3 bucket, or of a store that speaks its protocol. */
export const s3Source = {
  name: 's3',
  title: 'Amazon S3',
  summary: 'Avro files of a bucket of Amazon S3 or a compatible store',
  settings,
  example: {
    bucket: 'acme-braze-currents',
    prefix: 'currents',
    region: 'eu-central-1',
    credentials: { kind: 'role', roleArn: 'arn:aws:iam::123456789012:role/sluice' },
  } satisfies z.input<typeof settings>,
  open: openS3,
};

function openS3(settings: S3Settings, bounds?: Bounds): Source {
  return objectStoreSource('s3', settings.prefix, () => connect(settings), bounds);
}

async function connect(settings: S3Settings): Promise<ObjectStore> {
  const { bucket: Bucket } = settings;
  const { GetObjectCommand, ListObjectsV2Command, S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client(await configOf(settings));
  const failing =
    (doing: 'list' | 'read') =>
    (error: unknown): never => {
      throw s3Fault(error, doing, settings) ?? error;
    };

  return {
    startsAfter: true,
    async page({ prefix, after, folders, limit }, token, abortSignal) {
      const answer = await client
        .send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: prefix,
            StartAfter: after,
            Delimiter: folders ? '/' : undefined,
            MaxKeys: limit,
            ContinuationToken: token,
            // Without it a control character in a key makes the whole answer unreadable.
            EncodingType: 'url',
          }),
          { abortSignal },
        )
        .catch(failing('list'));
      const plain = (key: string): string =>
        answer.EncodingType === 'url' ? decodeURIComponent(key.replaceAll('+', '%20')) : key;
      return {
        objects: (answer.Contents ?? []).map(({ Key, ETag, Size, LastModified }) => ({
          key: plain(Key!),
          version: bare(ETag!),
          bytes: Size!,
          writtenAt: LastModified!.getTime(),
        })),
        folders: (answer.CommonPrefixes ?? []).map(({ Prefix }) => plain(Prefix!)),
        ...(answer.IsTruncated && answer.NextContinuationToken !== undefined
          ? { next: answer.NextContinuationToken }
          : {}),
      };
    },

    async read({ key: Key, version }, from, abortSignal) {
      const input: GetObjectCommandInput = { Bucket, Key, IfMatch: `"${version}"` };
      if (from > 0) input.Range = `bytes=${from}-`;
      const answer = await client
        .send(new GetObjectCommand(input), { abortSignal })
        .catch(failing('read'));
      const body = answer.Body as Readable;
      // Not every compatible store heeds a condition or a range.
      const isOther = answer.ETag !== undefined && bare(answer.ETag) !== version;
      const isElsewhere = from > 0 && !answer.ContentRange?.startsWith(`bytes ${from}-`);
      if (!isOther && !isElsewhere) return body;
      body.on('error', () => undefined).destroy();
      throw isOther
        ? new StoreError('changed', 'changed_while_reading', 'it was overwritten')
        : new StoreError(
            'denied',
            'no_ranges',
            `the store does not give an object from byte ${from} on`,
          );
    },

    close: () => client.destroy(),
  };
}

async function configOf(settings: S3Settings): Promise<S3ClientConfig> {
  const { endpoint, pathStyle, credentials } = settings;
  const region = settings.region ?? (endpoint === undefined ? undefined : 'us-east-1');
  const config: S3ClientConfig = {
    forcePathStyle: pathStyle,
    // We try again ourselves; the second attempt is for the SDK, which then knows by how much a clock is off.
    maxAttempts: 2,
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  if (credentials.kind === 'access-key') {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    config.credentials = {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    };
  }
  if (credentials.kind === 'role') {
    const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
    config.credentials = fromTemporaryCredentials({
      params: {
        RoleArn: credentials.roleArn,
        RoleSessionName: 'sluice',
        ExternalId: credentials.externalId,
      },
      ...(settings.region === undefined ? {} : { clientConfig: { region: settings.region } }),
    });
  }
  return config;
}

function bare(etag: string): string {
  return etag.replace(/^W\//, '').replaceAll('"', '');
}
