import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGzip, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { totalOf } from '../../src/core/counts.ts';
import { createMapping } from '../../src/mapping/mapping.ts';
import { parseMappingSettings } from '../../src/mapping/settings.ts';
import { createUnpack } from '../../src/mapping/unpack.ts';
import { sharedRateLimit } from '../../src/pipeline/rate-limit.ts';
import { DEFAULT_BACKOFF } from '../../src/pipeline/retry.ts';
import { run } from '../../src/pipeline/run.ts';
import { DEMO_CREDENTIALS } from '../../src/sandbox/mixpanel/auth.ts';
import { startMixpanelSandbox } from '../../src/sandbox/mixpanel/server.ts';
import { mixpanelSettings } from '../../src/sinks/mixpanel-settings.ts';
import { mixpanelSink } from '../../src/sinks/mixpanel.ts';
import { inboxSource } from '../../src/sources/inbox.ts';
import { openState } from '../../src/state/state.ts';
import { startProcess } from '../support/cli.ts';
import { type InboxScene, openInboxScene, TOKEN } from '../support/inbox-server.ts';
import type { FullDisk } from '../support/push-until-full.ts';

const PROJECT_TOKEN = DEMO_CREDENTIALS.token!;
const now = Math.floor(Date.now() / 1000) - 3600;
const click = (id: string) => ({
  event_type: 'users.messages.email.Click',
  id: `id-${id}`,
  time: now,
  user: { external_user_id: 'ana' },
  properties: { url: `https://example.com/${id}` },
});

/** Exports what waits in the inbox of a scene to a sandbox, as the service would. */
async function exportTo(url: string, scene: InboxScene) {
  const source = inboxSource.open({ token: TOKEN }, { inbox: scene.inbox, connection: 'c' });
  const state = openState(scene.dir);
  const sink = mixpanelSink.open(
    mixpanelSettings.parse({
      credentials: { kind: 'project-token', token: PROJECT_TOKEN },
      region: 'us',
      url,
    }),
  );
  try {
    const claim = await state.ledger.claim('c', Date.now());
    const result = await run({
      ...{ source, sink, ledger: state.ledger, connection: 'c', concurrency: 2, now: Date.now },
      unpack: createUnpack(
        source,
        createMapping(parseMappingSettings({}), { token: PROJECT_TOKEN }),
      ),
      claim: () => Promise.resolve(claim),
      delivery: {
        rateLimit: sharedRateLimit('inbox faults', sink.rates),
        backoff: DEFAULT_BACKOFF,
      },
      signal: new AbortController().signal,
    });
    await state.ledger.endRun(claim, result.state, null, Date.now());
    return {
      ...{ result, totals: totalOf(await state.ledger.totals('c')) },
      imbalances: await state.ledger.imbalances('c'),
      letters: await state.deadLetters.list({ limit: 100 }),
    };
  } finally {
    await sink.close();
    state.close();
  }
}

test('a body with an event nested 10,000 deep: that one is a dead letter, the others are delivered', async () => {
  await using scene = await openInboxScene();
  const sandbox = await startMixpanelSandbox({ rateLimit: 'off' });
  const deep = `{"event_type":"users.messages.email.Click","deep":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
  const [a, b] = [JSON.stringify(click('a')), JSON.stringify(click('b'))];
  expect((await scene.push(`{"events":[${a},${deep},${b}]}`)).status).toBe(200);
  expect((await scene.push(`{"events":[${JSON.stringify(click('c'))}]}`)).status).toBe(200);

  const { result, totals, imbalances, letters } = await exportTo(sandbox.url, scene);
  expect(result).toMatchObject({ state: 'finished', problems: [] });
  expect(totals).toMatchObject({ read: 4, delivered: 3, deadLetters: 1 });
  expect(imbalances).toEqual([]);
  expect(letters).toMatchObject([{ cause: 'too_deep', kind: 'bytes', record: 1 }]);
  expect(Buffer.from(letters[0]!.payload).toString()).toBe(deep);
  expect(sandbox.stats().distinct).toBe(3);
  expect(scene.inbox.depth('c')).toEqual({ pushes: 0, bytes: 0, oldestReceivedAt: null });

  const again = await exportTo(sandbox.url, scene);
  expect(again.totals).toEqual(totals);
  expect(sandbox.stats().requests.total).toBe(result.requests);
  await sandbox.close();
});

test('a bomb in gzip ends at the bound, and costs no more than that', async () => {
  await using scene = await openInboxScene();
  const bomb = await new Promise<Buffer>((resolve) => {
    const gzip = createGzip();
    const parts: Buffer[] = [];
    gzip.on('data', (part: Buffer) => parts.push(part));
    gzip.on('end', () => resolve(Buffer.concat(parts)));
    const zeros = Buffer.alloc(10_000_000, '[');
    for (let i = 0; i < 100; i++) gzip.write(zeros);
    gzip.end();
  });
  expect(bomb.length).toBeLessThan(10 * 1024 * 1024);
  const headers = { 'content-encoding': 'gzip' };
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async () => (await scene.push(bomb, headers)).status),
  );
  // As many as fit are held until they end at their own bound.
  expect(new Set(statuses)).toEqual(new Set([413]));
  expect(scene.seen).toHaveLength(20);
  const bound = 10 * 1024 * 1024;
  for (const { bytes } of scene.seen) {
    expect(bytes).toBeGreaterThan(bound);
    expect(bytes).toBeLessThanOrEqual(bound + 64 * 1024);
  }
  // A bomb within a bomb is just bytes.
  expect((await scene.push(gzipSync(bomb), headers)).status).toBe(400);
  expect((await scene.push('[1]')).status).toBe(200);
  expect(await scene.kept()).toEqual(['[1]']);
});

/** A socket of a client that means no good. Resolves `closed` once the server has ended it. */
function slowSocket(url: string, first: string): { socket: Socket; closed: Promise<string> } {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let got = '';
  socket.on('data', (part: Buffer) => (got += part.toString()));
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) => {
    socket.on('close', () => resolve(got));
  });
  if (first !== '') socket.write(first);
  return { socket, closed };
}

test('two hundred slow clients hold nobody up, and are cut off', async () => {
  const limits = { headersMs: 1500, requestMs: 2000, checkMs: 50 };
  await using scene = await openInboxScene({ server: limits });
  const head = `POST /currents/c HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n`;
  const kinds = [
    // Never says a word; stops in its headers; stops in its body; stops in a chunk.
    ['', ''],
    [head, 'X-'],
    [`${head}Content-Length: 1000\r\n\r\n{"events":[`, ' '],
    [`${head}Transfer-Encoding: chunked\r\n\r\nfff\r\n[`, ' '],
  ] as const;
  const slow = Array.from({ length: 200 }, (_, i) => {
    const [first, drip] = kinds[i % kinds.length]!;
    return { ...slowSocket(scene.url, first), drip };
  });
  const dripping = setInterval(() => {
    for (const { socket, drip } of slow) if (drip !== '' && socket.writable) socket.write(drip);
  }, 200);
  try {
    for (const { socket } of slow) if (socket.connecting) await onceConnected(socket);
    let pushed = 0;
    while (slow.some(({ socket }) => !socket.destroyed)) {
      expect((await scene.push(`[${pushed}]`)).status).toBe(200);
      pushed++;
    }
    expect(pushed).toBeGreaterThan(0);
    const answers = await Promise.all(slow.map(({ closed }) => closed));
    for (const answer of answers) if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(await scene.kept()).toEqual(Array.from({ length: pushed }, (_, i) => `[${i}]`));
  } finally {
    clearInterval(dripping);
    for (const { socket } of slow) socket.destroy();
  }
});

function onceConnected(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('connect', resolve);
  });
}

test('a client that leaves in the middle of its body leaves nothing behind', async () => {
  const body = JSON.stringify(['x'.repeat(1000)]);
  await using scene = await openInboxScene({ routes: { maxReceivingBytes: body.length } });
  const head = `POST /currents/c HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n`;
  for (let i = 0; i < 5; i++) {
    const { socket } = slowSocket(
      scene.url,
      `${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 500)}`,
    );
    await onceConnected(socket);
    await new Promise<void>((resolve) => {
      socket.end(() => resolve());
    });
    socket.destroy();
  }
  // What they held of the memory for bodies is free again.
  await expect.poll(async () => (await scene.push(body)).status, { timeout: 10_000 }).toBe(200);
  expect(await scene.kept()).toEqual([body]);
});

test('a client that leaves before its body is even asked for is no fault, and is told to the metrics', async () => {
  let asked = 0;
  let gate = Promise.withResolvers<undefined>();
  const inbox = {
    append: () => Promise.resolve(),
    refusal: () => {
      asked++;
      return gate.promise;
    },
  };
  await using scene = await openInboxScene({ routes: { inbox } });
  const head = `POST /currents/c HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n`;
  const gzip = 'Content-Encoding: gzip\r\n';
  const requests = ['Content-Length: 9\r\n\r\n[1', 'Content-Length: 3\r\n\r\n[1]'];
  for (const [i, rest] of [...requests, ...requests.map((each) => gzip + each)].entries()) {
    const { socket, closed } = slowSocket(scene.url, head + rest);
    await expect.poll(() => asked).toBe(i + 1);
    socket.destroy();
    await closed;
    await expect.poll(() => scene.seen.length).toBe(i + 1);
    gate.resolve(undefined);
    gate = Promise.withResolvers();
  }
  expect(scene.seen.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
  expect(scene.faults).toEqual([]);
});

test.each([
  ['is no HTTP', 'events\r\n\r\n'],
  ['has a body that is cut into no chunks', 'Transfer-Encoding: chunked\r\n\r\nxyz\r\n'],
  ['is framed in two ways', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n[1]'],
])(
  'a request that %s is ended without a 400, on which Braze would drop events',
  async (_, rest) => {
    await using scene = await openInboxScene();
    const head = `POST /currents/c HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n`;
    const { closed } = slowSocket(scene.url, rest.startsWith('events') ? rest : head + rest);
    expect(await closed).toBe('');
  },
);

test('headers without an end are refused', async () => {
  await using scene = await openInboxScene();
  const { closed } = slowSocket(scene.url, `POST / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`);
  expect(await closed).toMatch(/^HTTP\/1\.1 431 /);
});

test('random bytes in any wrapping are refused or kept, and never a fault', async () => {
  await using scene = await openInboxScene({ routes: { maxBodyBytes: 100_000 } });
  const statuses = new Set<number>();
  for (let i = 0; i < 100; i++) {
    const bytes = randomBytes(1 + ((i * 997) % 5000));
    const headers = i % 2 === 0 ? { 'content-encoding': 'gzip' } : {};
    statuses.add((await scene.push(i % 4 === 0 ? gzipSync(bytes) : bytes, headers)).status);
  }
  expect(statuses).toEqual(new Set([400, 422]));
  expect(scene.faults).toEqual([]);
  expect((await scene.push('[1]')).status).toBe(200);
});

/** A mount namespace of one's own: what is mounted in it goes with its last process. */
const UNSHARE = [['-m'], ['-r', '-m']].find(
  (flags) =>
    spawnSync('unshare', [...flags, 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt'], {
      timeout: 10_000,
    }).status === 0,
);

test.skipIf(UNSHARE === undefined)(
  'a disk that is full: 503 until it is freed, and every push that got a 2xx is there',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-full-'));
    const script = `mount -t tmpfs -o size=4m tmpfs '${folder}' || exit 70; exec "$@"`;
    const program = join(import.meta.dirname, '../support/push-until-full.ts');
    const { code, stdout, stderr } = await startProcess('unshare', [
      ...UNSHARE!,
      ...['sh', '-c', script, 'sh', process.execPath, program, folder],
    ]).result;
    await rm(folder, { recursive: true, force: true });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as FullDisk;
    expect(report).toMatchObject({ statuses: [200, 503, 200], isWhole: true, faults: [] });
    expect(report.acknowledged).toBeGreaterThan(40);
  },
);
