import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clicks, currentsFile, hourlyPath, idsOf } from '../support/currents-file.ts';
import { type Fault, faultProxy, type Passing } from '../support/fault-proxy.ts';
import { startS3 } from '../support/s3-server.ts';
import type { ServerProcess } from '../support/s3-server.ts';
import { insertIds, openScene } from '../support/scene.ts';
import { booksOf, connection, eventually, startService, statusesOf } from '../support/service.ts';

const KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
const PER_FILE = 400;

let server: ServerProcess;
let client: S3Client;

beforeAll(async () => {
  server = await startS3();
  client = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { ...KEYS },
    forcePathStyle: true,
  });
});
afterAll(async () => {
  client.destroy();
  await server.close();
});

const refusal = (status: number, code: string): Fault => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>So it is.</Message></Error>`,
});

const isListing = ({ url }: Passing): boolean => url.searchParams.has('list-type');

interface Away {
  readonly how: string;
  readonly fault: (passing: Passing) => Fault;
  /** What the state says. */
  readonly said: RegExp;
}

const AWAY: readonly Away[] = [
  { how: 'refuses its key', fault: () => refusal(403, 'AccessDenied'), said: /currents.*s3:List/s },
  { how: 'is down', fault: () => refusal(503, 'SlowDown'), said: /SlowDown|So it is/ },
  { how: 'drops every connection', fault: () => ({ dropAfter: 0 }), said: /can't be reached/ },
  {
    how: 'lists but gives no object',
    fault: (passing) => (isListing(passing) ? undefined : refusal(403, 'AccessDenied')),
    said: /./,
  },
];

test.concurrent.each(AWAY)(
  'a store that $how, and comes back: it says so, goes on by itself, and all is delivered',
  { timeout: 120_000 },
  async ({ how, fault, said }) => {
    const bucket = `currents-${AWAY.findIndex((each) => each.how === how)}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const put = async (n: number): Promise<void> => {
      const Key = hourlyPath(`2026-06-01-0${n}`, `f${n}`);
      const Body = currentsFile(clicks(`f${n}`, PER_FILE), { perBlock: 20, codec: 'null' });
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
    };
    await using scene = await openScene();
    let isAway = false;
    const proxy = await faultProxy(server.url, (passing) => (isAway ? fault(passing) : undefined));
    try {
      const credentials = { kind: 'access-key', ...KEYS };
      const source = { kind: 's3', bucket, endpoint: proxy.url, pathStyle: true, credentials };
      const service = await startService(scene, [
        connection(scene, 's3', { source: { ...source, region: 'us-east-1' } }),
        connection(scene, 'other'),
      ]);
      await put(0);
      await delivered(1);
      isAway = true;
      await put(1);
      await put(2);
      if (how.startsWith('lists'))
        await eventually(
          () => statusesOf(scene),
          (all) => all.get('s3')?.problems === 2,
        );
      else {
        const statuses = await eventually(
          () => statusesOf(scene),
          (all) => all.get('s3')?.state.kind === 'retrying',
        );
        const { state } = statuses.get('s3')!;
        expect('detail' in state && state.detail).toMatch(said);
        expect(statuses.get('other')!.state.kind).toBe('idle');
      }
      isAway = false;
      await delivered(3);
      const { lagSeconds, problems } = await eventually(
        async () => (await statusesOf(scene)).get('s3')!,
        ({ state, problems: left }) => state.kind === 'idle' && left === 0,
      );
      expect({ lagSeconds, problems }).toEqual({ lagSeconds: 0, problems: 0 });
      expect((await service.stop()).code).toBe(0);
    } finally {
      await proxy.close();
    }
    expect(await booksOf(scene, 's3')).toMatchObject({
      delivered: 3 * PER_FILE,
      deadLetters: 0,
      imbalances: 0,
    });
    expect(insertIds(scene.sandbox)).toEqual(
      idsOf([0, 1, 2].map((n) => [`f${n}`, PER_FILE] as const)),
    );
    expect(scene.sandbox.stats().duplicates).toBe(0);

    function delivered(files: number) {
      return eventually(
        () => booksOf(scene, 's3'),
        ({ read }) => read === files * PER_FILE,
      );
    }
  },
);
