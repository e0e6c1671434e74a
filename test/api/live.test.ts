import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiWorld, openApiWorld, SECRETS } from '../support/api-world.ts';
import { clicks, currentsFile, put } from '../support/currents-file.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

interface Status {
  readonly at: string;
  readonly connections: readonly {
    readonly name: string;
    readonly state: { readonly kind: string };
    readonly delivered: number;
    readonly perSecond: number;
  }[];
}

/** Events of a stream, for as long as they are asked for. */
async function* follow(path: string, signal: AbortSignal): AsyncGenerator<Status> {
  const response = await fetch(`${world.served.url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${world.tokens.viewer}`, accept: 'text/event-stream' },
    signal,
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop()!;
    for (const part of parts) {
      for (const secret of SECRETS) expect(part).not.toContain(secret);
      const data = /^event: status\ndata: (.*)$/.exec(part)?.[1];
      yield JSON.parse(data!) as Status;
    }
  }
}

test('every second says what each connection does, and what was delivered shows', async () => {
  const left = new AbortController();
  const times = new Set<string>();
  let written = false;
  for await (const { at, connections } of follow('/live', left.signal)) {
    times.add(at);
    const names = connections.map(({ name }) => name).toSorted();
    expect(names).toEqual(['app', 'old', 'orders', 'resting']);
    if (!written) {
      written = true;
      await put(world.scene.root, 'currents/live.avro', currentsFile(clicks('live', 30)));
    }
    const orders = connections.find(({ name }) => name === 'orders')!;
    if (orders.delivered >= 151 && orders.perSecond > 0) break;
  }
  left.abort();
  expect(times.size).toBeGreaterThan(1);
});

test('of one connection alone, when that is asked for', async () => {
  const left = new AbortController();
  for await (const { connections } of follow('/live?connection=old', left.signal)) {
    expect(connections).toMatchObject([{ name: 'old', state: { kind: 'paused' } }]);
    break;
  }
  left.abort();
});

test('the last hour is told by the minute', async () => {
  const sum = async (): Promise<number> => {
    const { body } = await world.ask('GET', '/connections/orders/figures?period=hour');
    return (body.points as { delivered: number }[]).reduce(
      (all, { delivered }) => all + delivered,
      0,
    );
  };
  const before = await sum();
  await put(world.scene.root, 'currents/minute.avro', currentsFile(clicks('minute', 25)));
  await expect.poll(sum, { timeout: 20_000 }).toBeGreaterThanOrEqual(before + 25);
});

test('a stream ends when who follows may look no more', async () => {
  const response = await fetch(`${world.served.url}/api/v1/live`, {
    headers: { authorization: `Bearer ${world.tokens.viewer}` },
  });
  const reader = response.body!.getReader();
  await reader.read();
  await world.served.service.access.users.remove('viewer');
  for (;;) if ((await reader.read()).done) break;
});

test('a server that closes ends the streams', async () => {
  await using other = await openApiWorld();
  const response = await fetch(`${other.served.url}/api/v1/live`, {
    headers: { authorization: `Bearer ${other.tokens.viewer}` },
  });
  const reader = response.body!.getReader();
  await reader.read();
  await other.served[Symbol.asyncDispose]();
  for (;;) if ((await reader.read()).done) break;
});
