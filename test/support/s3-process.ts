import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Starts s3rver in the folder of the first argument, and mends its listing: it walks folders in the order of file
 * names, which is not that of keys, and does not show a folder that holds nothing but folders.
 */
interface Listing {
  delimiter?: string;
  startAfter?: string;
  prefix?: string;
  maxKeys?: number;
}

interface Metadata {
  readonly [name: string]: unknown;
}

interface Store {
  getBucketPath(bucket: string): string;
  getMetadata(bucket: string, key: string): Promise<Metadata>;
  listObjects(bucket: string, listing: Listing): Promise<unknown>;
}

const require = createRequire(import.meta.url);
const S3rver = require('s3rver') as new (options: object) => { run(): Promise<{ port: number }> };
const S3Object = require('s3rver/lib/models/object') as new (
  bucket: string,
  key: string,
  content: null,
  metadata: Metadata,
) => object;
const { prototype } = require('s3rver/lib/stores/filesystem') as { prototype: Store };

const SUFFIX = '._S3rver_object';

prototype.listObjects = async function listObjects(bucket, listing) {
  const { delimiter = '', startAfter = '', prefix = '', maxKeys = 1000 } = listing;
  const keys = readdirSync(this.getBucketPath(bucket), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const commonPrefixes = new Set<string>();
  const found: string[] = [];
  let isTruncated = false;
  for (const key of keys) {
    if (key <= startAfter || !key.startsWith(prefix)) continue;
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (end !== -1) commonPrefixes.add(key.slice(0, end + 1));
    else if (found.length < maxKeys) found.push(key);
    else {
      isTruncated = true;
      break;
    }
  }
  const objects = await Promise.all(
    found.map(async (key) => new S3Object(bucket, key, null, await this.getMetadata(bucket, key))),
  );
  return { objects, commonPrefixes: [...commonPrefixes], isTruncated };
};

const { port } = await new S3rver({
  directory: join(process.argv[2]!),
  address: '127.0.0.1',
  port: 0,
  silent: true,
  vhostBuckets: false,
}).run();
process.stdout.write(`listening on ${port}\n`);
