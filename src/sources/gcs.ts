import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { z } from 'zod';
import type { Source } from '../core/source.ts';
import { gcsFault } from './gcs-faults.ts';
import type { Bounds } from './object-retry.ts';
import { objectStoreSource, prefixSetting } from './object-source.ts';
import { type ObjectStore, StoreError } from './object-store.ts';

const settings = z.strictObject({
  bucket: z.string().min(3).describe('Name of the bucket'),
  prefix: prefixSetting,
  credentials: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('default') }),
      z.strictObject({
        kind: z.literal('service-account'),
        key: z.string().min(1).meta({ secret: true }).describe("JSON text of the account's key"),
      }),
      z.strictObject({
        kind: z.literal('key-file'),
        path: z.string().min(1).describe("File with the account's key; an absolute path"),
      }),
      z.strictObject({ kind: z.literal('none') }),
    ])
    .default({ kind: 'default' })
    .describe(
      'default: GOOGLE_APPLICATION_CREDENTIALS, gcloud, or the account of the machine; none: a public bucket',
    ),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .default('https://storage.googleapis.com')
    .describe('URL of the service, where it is not the public one'),
});

type GcsSettings = z.infer<typeof settings>;

/** Objects of a Google Cloud Storage bucket. */
export const gcsSource = {
  name: 'gcs',
  title: 'Google Cloud Storage',
  summary: 'Avro files of a bucket of Google Cloud Storage',
  settings,
  example: {
    bucket: 'acme-braze-currents',
    prefix: 'currents',
    credentials: { kind: 'key-file', path: '/etc/sluice/gcs-key.json' },
  } satisfies z.input<typeof settings>,
  open: openGcs,
};

/** An answer of `objects.list`, as far as `FIELDS` asks for it. */
interface Listing {
  readonly items?: readonly {
    readonly name: string;
    readonly generation: string;
    readonly size: string;
    readonly timeCreated: string;
  }[];
  readonly prefixes?: readonly string[];
  readonly nextPageToken?: string;
}

const FIELDS = 'items(name,generation,size,timeCreated),prefixes,nextPageToken';

function openGcs(settings: GcsSettings, bounds?: Bounds): Source {
  return objectStoreSource('gcs', settings.prefix, () => connect(settings), bounds);
}

async function connect(settings: GcsSettings): Promise<ObjectStore> {
  const { bucket, endpoint } = settings;
  const authorize = await authorizer(settings);
  const base = `${endpoint.replace(/\/+$/, '')}/storage/v1/b/${encodeURIComponent(bucket)}/o`;

  const get = async (
    doing: 'list' | 'read',
    url: string,
    more: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> => {
    try {
      const headers = await authorize(url);
      for (const [name, value] of Object.entries(more)) headers.set(name, value);
      const answer = await fetch(url, { headers, signal });
      if (answer.ok) return answer;
      throw new GcsAnswer(answer.status, await answer.text());
    } catch (error) {
      throw gcsFault(error, doing, bucket) ?? error;
    }
  };

  return {
    startsAfter: true,
    async page({ prefix, after, folders, limit }, token, signal) {
      const query = new URLSearchParams({ prefix, fields: FIELDS });
      // Unlike our `after` it holds the key itself, which the walk then passes over.
      if (after !== undefined) query.set('startOffset', after);
      if (folders) query.set('delimiter', '/');
      if (limit !== undefined) query.set('maxResults', String(limit));
      if (token !== undefined) query.set('pageToken', token);
      const answer = await get('list', `${base}?${query.toString()}`, {}, signal);
      const { items, prefixes, nextPageToken } = await answer
        .json()
        .then((body) => body as Listing)
        .catch((error: unknown) => {
          throw gcsFault(error, 'list', bucket) ?? error;
        });
      return {
        objects: (items ?? []).map(({ name, generation, size, timeCreated }) => ({
          key: name,
          version: generation,
          bytes: Number(size),
          writtenAt: Date.parse(timeCreated),
        })),
        folders: prefixes ?? [],
        ...(nextPageToken === undefined ? {} : { next: nextPageToken }),
      };
    },

    async read({ key, version }, from, signal) {
      const query = new URLSearchParams({ alt: 'media', ifGenerationMatch: version });
      const url = `${base}/${encodeURIComponent(key)}?${query.toString()}`;
      const headers = {
        'accept-encoding': 'identity',
        ...(from > 0 ? { range: `bytes=${from}-` } : {}),
      };
      const answer = await get('read', url, headers, signal);
      const body = Readable.fromWeb(answer.body as ReadableStream);
      const range = answer.headers.get('content-range') ?? '';
      if (from === 0 || range.startsWith(`bytes ${from}-`)) return body;
      body.on('error', () => undefined).destroy();
      throw new StoreError(
        'denied',
        'no_ranges',
        `the store does not give an object from byte ${from} on`,
      );
    },

    close: () => undefined,
  };
}

/** An answer that is no success. */
class GcsAnswer extends Error {
  readonly status: number;

  constructor(status: number, body: string) {
    super(body);
    this.status = status;
  }
}

/** Gives the headers that sign a request. */
async function authorizer({
  credentials,
}: GcsSettings): Promise<(url: string) => Promise<Headers>> {
  if (credentials.kind === 'none') return () => Promise.resolve(new Headers());
  const { Storage } = await import('@google-cloud/storage');
  const key =
    credentials.kind === 'default'
      ? undefined
      : parseKey(
          credentials.kind === 'service-account'
            ? credentials.key
            : await readKeyFile(credentials.path),
        );
  const { authClient } = new Storage();
  // The same as the option `credentials`, which warns on the console of keys that nobody has checked.
  if (key !== undefined) authClient.jsonContent = { type: 'service_account', ...key };
  return async (url) => new Headers(await authClient.getRequestHeaders(url));
}

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StoreError(
      'refused',
      'wrong_credentials',
      `The key file ${path} can't be read (${code})`,
      'Check the path, and that the user who runs Sluice may read it.',
    );
  }
}

function parseKey(text: string): { client_email: string; private_key: string } {
  let key: unknown;
  try {
    key = JSON.parse(text);
  } catch {
    // Its message would quote from the key.
    key = undefined;
  }
  const { client_email, private_key } = (key ?? {}) as Partial<Record<string, unknown>>;
  if (typeof client_email === 'string' && typeof private_key === 'string')
    return { client_email, private_key };
  throw new StoreError(
    'refused',
    'wrong_credentials',
    'That is no key of a service account: it has no client_email and private_key',
    'Make a key of type JSON for the service account, and give its text whole. For a federated identity set GOOGLE_APPLICATION_CREDENTIALS and leave the credentials at default.',
  );
}
