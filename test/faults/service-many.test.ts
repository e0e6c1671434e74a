import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import {
  clicks,
  CUSTOM_EVENT,
  currentsFile,
  customEvent,
  idsOf,
  put,
} from '../support/currents-file.ts';
import { insertIds, openScene, until } from '../support/scene.ts';
import {
  json,
  type Reply,
  reset,
  scriptedServer,
  type ScriptedServer,
  stall,
  taken,
} from '../support/scripted-server.ts';
import { booksOf, connection, eventually, startService, statusesOf } from '../support/service.ts';

const GOOD = 40;
const PER_FILE = 200;
const FILES = 5;
/** Generous: it is to catch what grows without end, not to measure. */
const MOST_MB = 900;

async function memoryMb(pid: number): Promise<{ now: number; peak: number } | undefined> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const of = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)?.[1]) / 1024;
  return text === '' ? undefined : { now: of('VmRSS'), peak: of('VmHWM') };
}

const slowly: Reply = (response, request) => {
  setTimeout(() => taken(response, request), 30_000).unref();
};

interface Bad {
  readonly name: string;
  /** What its destination does. */
  readonly reply: Reply;
  readonly spec?: Record<string, unknown>;
  readonly file?: Buffer;
  readonly state: string;
  readonly detail?: RegExp;
}

/** Longer than any event that Mixpanel takes, and not for one long text, which would be cut. */
const bag = JSON.stringify(
  Object.fromEntries(Array.from({ length: 200_000 }, (_, n) => [`key-${n}`, n])),
);
const whole = currentsFile(clicks('whole', 300), { perBlock: 50 });

const BAD: readonly Bad[] = [
  { name: 'hangs', reply: stall, state: 'retrying', detail: /did not answer in time/ },
  { name: 'down', reply: json(503, { error: 'down' }), state: 'retrying', detail: /503: down/ },
  { name: 'key', reply: json(401, { error: 'no' }), state: 'halted', detail: /credentials/ },
  { name: 'reset', reply: reset, state: 'retrying', detail: /reset|broke off/ },
  {
    name: 'folder',
    reply: taken,
    spec: { source: { kind: 'directory', path: 'nowhere' } },
    state: 'retrying',
    detail: /no folder or file/,
  },
  { name: 'slow', reply: slowly, state: 'active' },
  { name: 'paused', reply: taken, spec: { paused: true }, state: 'paused' },
  { name: 'truncated', reply: taken, file: whole.subarray(0, whole.length - 100), state: 'idle' },
  { name: 'garbage', reply: taken, file: Buffer.alloc(50_000, 'no Avro'), state: 'idle' },
  {
    name: 'huge',
    reply: taken,
    file: currentsFile([customEvent('small', '{"a":1}'), customEvent('huge', bag)], {
      schema: CUSTOM_EVENT,
      perBlock: 1,
    }),
    state: 'idle',
  },
];

test('fifty connections of which ten misbehave: nobody waits for those, and each says what is wrong with it', async () => {
  await using scene = await openScene();
  const servers: ScriptedServer[] = [];
  const good = Array.from({ length: GOOD }, (_, n) => `good-${n}`);
  const expected: [string, number][] = [];
  const arrive = async (wave: number): Promise<void> => {
    for (const name of good)
      for (let n = 0; n < FILES; n++) {
        const file = `${name}-${wave}-${n}`;
        await put(scene.root, `${name}/${file}.avro`, currentsFile(clicks(file, PER_FILE)));
        expected.push([file, PER_FILE]);
      }
  };
  const whatIsBad = async () => {
    const all = await statusesOf(scene);
    return BAD.map(({ name, state, detail }) => {
      const said = all.get(name)?.state;
      const fits =
        said?.kind === state && (detail?.test('detail' in said ? said.detail : '') ?? true);
      return fits ? 'as it should be' : said;
    });
  };
  const asItShouldBe = BAD.map(() => 'as it should be');

  const specs = good.map((name) => connection(scene, name, reads(name)));
  try {
    for (const { name, reply, file, spec } of BAD) {
      const server = await scriptedServer([reply]);
      servers.push(server);
      await put(scene.root, `${name}/bad.avro`, file ?? whole);
      const { destination } = connection(scene, name);
      specs.push(
        connection(scene, name, {
          ...reads(name),
          destination: {
            ...(destination as object),
            url: server.url,
            timeoutMs: name === 'hangs' ? 300 : 60_000,
          },
          ...spec,
        }),
      );
    }
    await arrive(0);
    const service = await startService(scene, specs, { env: { SLUICE_GRACE_MS: '500' } });
    await until(() => scene.sandbox.stats().distinct === expected.length * PER_FILE);
    await eventually(whatIsBad, (states) => isDeepStrictEqual(states, asItShouldBe));
    await arrive(1);
    await until(() => scene.sandbox.stats().distinct === expected.length * PER_FILE);
    // The good ones have all they have while the bad ones are as bad as before.
    expect(await whatIsBad()).toEqual(asItShouldBe);
    const slow = servers[BAD.findIndex(({ name }) => name === 'slow')]!;
    expect(slow.received).toHaveLength(1);
    expect((await booksOf(scene, 'slow')).read).toBe(0);

    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    for (const [name, n] of [
      ['truncated', 1],
      ['garbage', 1],
      ['huge', 0],
      ['good-0', 0],
    ] as const)
      expect(metrics).toContain(`sluice_unreadable_slices{connection="${name}"} ${n}\n`);
    expect(await booksOf(scene, 'huge')).toMatchObject({ read: 2, delivered: 1, deadLetters: 1 });
    expect((await booksOf(scene, 'truncated')).delivered).toBeGreaterThanOrEqual(250);

    for (const name of good)
      expect(await booksOf(scene, name)).toMatchObject({
        read: 2 * FILES * PER_FILE,
        delivered: 2 * FILES * PER_FILE,
        imbalances: 0,
      });
    expect(insertIds(scene.sandbox)).toEqual(idsOf(expected));
    expect(scene.sandbox.stats().duplicates).toBe(0);

    const memory = await memoryMb(service.process.pid);
    if (memory) {
      // oxlint-disable-next-line no-console -- a figure of this test
      console.log(
        `fifty connections: ${memory.now.toFixed(0)} MB of memory, ${memory.peak.toFixed(0)} MB at most`,
      );
      expect(memory.peak).toBeLessThan(MOST_MB);
    }
    const { code } = await service.stop();
    expect(code).toBe(0);
  } finally {
    for (const server of servers) await server.close();
  }
});

function reads(name: string) {
  return { source: { kind: 'directory', path: name } };
}
