import type { Schema, SourceKind } from '../src/api.ts';

const text = (description: string, more: Partial<Schema> = {}): Schema => ({
  type: 'string',
  description,
  ...more,
});

const prefix = text('Where the Currents files begin, such as currents/dataexport.prod-01', {
  default: '',
});

/** What the real service derives from its declarations, in short. */
export const SOURCES: readonly SourceKind[] = [
  {
    kind: 's3',
    title: 'Amazon S3',
    summary: 'Currents files in a bucket of Amazon S3, or of a store that speaks its protocol',
    example: { bucket: 'acme-braze-currents' },
    schema: {
      type: 'object',
      required: ['bucket'],
      properties: {
        kind: { const: 's3' },
        bucket: text('Name of the bucket'),
        prefix,
        region: text("Region of the bucket; left out: the environment's (AWS_REGION)"),
        endpoint: text('URL of a store that speaks the S3 protocol, in place of Amazon'),
        pathStyle: { type: 'boolean', default: false, description: 'Bucket in the path of a URL' },
        credentials: {
          description: 'How to sign in',
          default: { kind: 'default' },
          oneOf: [
            { type: 'object', properties: { kind: { const: 'default' } } },
            {
              type: 'object',
              required: ['accessKeyId', 'secretAccessKey'],
              properties: {
                kind: { const: 'access-key' },
                accessKeyId: text('Id of the access key'),
                secretAccessKey: text('Its secret', { secret: true }),
              },
            },
            {
              type: 'object',
              required: ['roleArn'],
              properties: { kind: { const: 'role' }, roleArn: text('Role to take on') },
            },
          ],
        },
      },
    },
  },
  {
    kind: 'gcs',
    title: 'Google Cloud Storage',
    summary: 'Currents files in a bucket',
    example: { bucket: 'acme' },
    schema: {
      type: 'object',
      required: ['bucket'],
      properties: { kind: { const: 'gcs' }, bucket: text('Name of the bucket'), prefix },
    },
  },
  {
    kind: 'azure',
    title: 'Azure Blob Storage',
    summary: 'Currents files in a container',
    example: { container: 'acme' },
    schema: {
      type: 'object',
      required: ['container'],
      properties: {
        kind: { const: 'azure' },
        container: text('Name of the container'),
        account: text('Name of the storage account'),
        prefix,
      },
    },
  },
  {
    kind: 'directory',
    title: 'Folder',
    summary: 'Avro files of a folder and its subfolders, in any layout',
    example: { path: '/var/lib/currents' },
    schema: {
      type: 'object',
      required: ['path'],
      properties: {
        kind: { const: 'directory' },
        path: text('Folder with Currents Avro files, in any layout, or one such file'),
      },
    },
  },
  {
    kind: 'inbox',
    title: "Braze's push",
    summary: "Events that Braze's Custom Currents Export posts to Sluice",
    example: { token: 'Zk3vT0mPq8sLw2Xc7Rb5Yd' },
    schema: {
      type: 'object',
      required: ['token'],
      properties: {
        kind: { const: 'inbox' },
        token: text('Bearer token that Braze sends with every push', { secret: true }),
      },
    },
  },
];

const choice = (values: readonly string[], description: string): Schema => ({
  type: 'string',
  enum: values,
  default: values[0]!,
  description,
});

export const SETTINGS: Schema = {
  type: 'object',
  properties: {
    events: { type: 'array', items: { type: 'string' }, default: ['*'] },
    shape: choice(
      ['native', 'full'],
      "The native connector's properties, or every field of the schema",
    ),
    newFields: choice(['skip', 'send'], 'Fields the catalogue does not know'),
    uncatalogued: choice(['skip', 'send'], 'Event types without a documented Mixpanel form'),
    eventNames: choice(
      ['native', 'channel'],
      'channel: LINE Click and RCS Click in place of the bare Click',
    ),
    longStrings: choice(['truncate', 'keep'], 'Cut texts at the 255 bytes that Mixpanel stores'),
    joiner: text('Between a prefix and the name that follows', { default: ' ' }),
    rename: {
      type: 'object',
      properties: {
        events: {
          type: 'object',
          additionalProperties: { type: 'string' },
          description: 'Mixpanel event name → your name',
        },
        properties: {
          type: 'object',
          additionalProperties: { type: 'string' },
          description: 'Mixpanel property → your name',
        },
      },
    },
    static: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Properties added to every event',
    },
  },
};
