import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GcsServer {
  readonly url: string;
  put(bucket: string, name: string, bytes: Uint8Array): void;
  remove(bucket: string, name: string): void;
  createBucket(bucket: string): void;
  /** What the requests carried to prove who asks. */
  readonly authorizations: (string | undefined)[];
  close(): Promise<void>;
}

interface Stored {
  readonly bytes: Buffer;
  readonly generation: string;
  readonly timeCreated: string;
}

type Bucket = Map<string, Stored>;

/**
 * Two methods of Google Cloud Storage's JSON API as its reference describes them: `objects.list` with prefix, delimiter,
 * startOffset, pageToken and maxResults; `objects.get` with `alt=media`, Range and ifGenerationMatch.
 */
export async function startGcs(): Promise<GcsServer> {
  const buckets = new Map<string, Bucket>();
  const authorizations: (string | undefined)[] = [];
  let generation = 1_700_000_000_000_000;
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    const url = new URL(request.url ?? '', 'http://localhost');
    const [, name = '', object] =
      /^\/storage\/v1\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    const bucket = buckets.get(decodeURIComponent(name));
    if (!bucket) fail(response, 404, 'The specified bucket does not exist.');
    else if (object === undefined) list(response, bucket, url.searchParams);
    else
      get(
        response,
        bucket.get(decodeURIComponent(object)),
        url.searchParams,
        request.headers.range,
      );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const bucketOf = (name: string): Bucket => {
    const bucket = buckets.get(name);
    if (!bucket) throw new Error(`no bucket ${name}`);
    return bucket;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    authorizations,
    createBucket: (bucket) => void buckets.set(bucket, new Map()),
    put: (bucket, name, bytes) =>
      void bucketOf(bucket).set(name, {
        bytes: Buffer.from(bytes),
        generation: String(++generation),
        timeCreated: new Date().toISOString(),
      }),
    remove: (bucket, name) => void bucketOf(bucket).delete(name),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function list(response: ServerResponse, bucket: Bucket, query: URLSearchParams): void {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter');
  const most = Math.min(Number(query.get('maxResults') ?? 1000), 1000);
  const token = query.get('pageToken');
  const offset = query.get('startOffset');
  const past = token === null ? undefined : Buffer.from(token, 'base64').toString();
  const items: object[] = [];
  const prefixes: string[] = [];
  let last = '';
  let more = false;
  for (const [name, { bytes, generation, timeCreated }] of [...bucket].toSorted(([a], [b]) =>
    order(a, b),
  )) {
    if (!name.startsWith(prefix) || (offset !== null && order(name, offset) < 0)) continue;
    const end = delimiter === null ? -1 : name.indexOf(delimiter, prefix.length);
    const entry = end === -1 ? name : name.slice(0, end + 1);
    if (past !== undefined && order(entry, past) <= 0) continue;
    if (end !== -1 && entry === last) continue;
    if (items.length + prefixes.length === most) {
      more = true;
      break;
    }
    if (end === -1) items.push({ name, generation, size: String(bytes.length), timeCreated });
    else prefixes.push(entry);
    last = entry;
  }
  answer(response, 200, {
    ...(items.length === 0 ? {} : { items }),
    ...(prefixes.length === 0 ? {} : { prefixes }),
    ...(more ? { nextPageToken: Buffer.from(last).toString('base64') } : {}),
  });
}

function get(
  response: ServerResponse,
  stored: Stored | undefined,
  query: URLSearchParams,
  range: string | undefined,
): void {
  if (query.get('alt') !== 'media') return fail(response, 400, 'Only media is served here.');
  if (!stored) return fail(response, 404, 'No such object.');
  const wanted = query.get('ifGenerationMatch');
  if (wanted !== null && wanted !== stored.generation)
    return fail(response, 412, 'At least one of the pre-conditions you specified did not hold.');
  const { bytes, generation } = stored;
  const from = range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
  if (Number.isNaN(from) || (range !== undefined && from >= bytes.length))
    return fail(response, 416, 'The requested range cannot be satisfied.');
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': bytes.length - from,
    'x-goog-generation': generation,
    'x-goog-hash': `md5=${createHash('md5').update(bytes).digest('base64')}`,
    ...(range === undefined
      ? {}
      : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  response.end(bytes.subarray(from));
}

function order(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function fail(response: ServerResponse, code: number, message: string): void {
  answer(response, code, { error: { code, message, errors: [{ message, domain: 'global' }] } });
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
