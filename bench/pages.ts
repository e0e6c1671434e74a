/** How long pages wait: the API over 500 connections, a month of figures and 100,000 dead letters. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { parseConfig } from '../src/connector.ts';
import { counts, settlement, slice } from '../test/contracts/ledger.ts';
import type { Counts } from '../src/core/counts.ts';
import { allEvents } from '../src/catalogue/catalogue.ts';
import { digestOf, newApiToken } from '../src/server/auth/secrets.ts';
import { serve } from '../src/server/serve.ts';
import { openState } from '../src/state/state.ts';

const CONNECTIONS = 500;
const LETTERS = 100_000;
const HOURS = 24 * 30;
const HOUR_MS = 3_600_000;
const ROUNDS = 15;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const dataDir = mkdtempSync(join(tmpdir(), 'sluice-pages-'));
const types = allEvents()
  .slice(0, 20)
  .map(({ type }) => type);
const nameOf = (n: number): string => `connection-${String(n).padStart(3, '0')}`;

async function fill(): Promise<void> {
  const state = openState(dataDir);
  const now = Date.now();
  const busy = nameOf(0);
  for (let n = 0; n < CONNECTIONS; n++) {
    const claim = await state.ledger.claim(nameOf(n), now);
    // One connection has a whole month of files, the others a day.
    const hours = n === 0 ? HOURS : 24;
    for (let hour = 0; hour < hours; hour++) {
      const all: Counts = new Map(
        types.flatMap((type) => [...counts(type, { read: 100, delivered: 100 })]),
      );
      const records = types.length * 100;
      const at = now - hour * HOUR_MS;
      await state.ledger.settle(
        claim,
        settlement({ slice: slice(`${hour}.avro`), records, counts: all, done: true, at }),
      );
    }
  }
  const claim = await state.ledger.claim(busy, now);
  for (let done = 0; done < LETTERS; done += 1000) {
    const id = `letters-${done}.avro`;
    const [type = ''] = types;
    const deadLetters = Array.from({ length: 1000 }, (_, record) => ({
      ...{ slice: id, version: 'v1', record, eventType: type, kind: 'event' as const },
      ...{
        cause: `cause-${record % 7}`,
        detail: 'refused',
        payload: Buffer.alloc(1200, '{"a":1}'),
      },
    }));
    const all = counts(type, { read: 1000, deadLetters: 1000 });
    await state.ledger.settle(
      claim,
      settlement({
        slice: slice(id),
        records: 1000,
        counts: all,
        done: true,
        deadLetters,
        at: now,
      }),
    );
  }
  state.close();
}

const begun = performance.now();
await fill();
print(`filled in ${Math.round(performance.now() - begun)} ms`);
const connections = Array.from({ length: CONNECTIONS }, (_, n) => ({
  name: nameOf(n),
  source: { kind: 'directory', path: '/nowhere' },
  destination: {
    kind: 'mixpanel',
    region: 'us',
    credentials: { kind: 'project-token', token: 'a-token-of-the-bench' },
  },
  paused: true,
}));
const served = await serve({
  ...{ dataDir, keys: {}, logTo: new Writable({ write: (_chunk, _encoding, done) => done() }) },
  config: parseConfig({ service: { listen: { port: 0 } }, connections }, { env: {}, folder: '/' }),
  version: 'bench',
});

const token = newApiToken();
const { users, tokens } = served.service.access;
await users.add({ name: 'bench', role: 'viewer', passwordHash: null }, Date.now());
const owner = { name: 'bench', role: 'viewer', createdBy: 'bench', expiresAt: null } as const;
await tokens.add(digestOf(token), owner, Date.now());

const get = async (path: string): Promise<{ text: string; next?: string }> => {
  const response = await fetch(`${served.url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${text}`);
  return { text, ...(JSON.parse(text) as { next?: string }) };
};
const middle = Buffer.from(String(LETTERS / 2)).toString('base64url');
const busy = nameOf(0);
const paths: Readonly<Record<string, string>> = {
  'list of connections, 50': '/connections?limit=50',
  'list of connections, 200': '/connections?limit=200',
  'list of connections, search': '/connections?search=-49&limit=50',
  'one connection': `/connections/${busy}`,
  'balance (verdict kept)': `/connections/${busy}/balance`,
  'figures of a month': `/connections/${busy}/figures?period=month`,
  types: `/connections/${busy}/types`,
  'files, 50': `/connections/${busy}/slices?limit=50`,
  'groups of dead letters': '/dead-letters/groups',
  'dead letters, first 50': `/dead-letters?connection=${busy}&limit=50`,
  'dead letters, 50 from the middle': `/dead-letters?connection=${busy}&limit=50&cursor=${middle}`,
  'dead letters of a cause, 50': `/dead-letters?connection=${busy}&cause=cause-3&limit=50`,
  'what is unknown': '/unknown',
  service: '/service',
};
try {
  const first = performance.now();
  await get(`/connections/${busy}/balance`);
  print(`balance, the first time: ${(performance.now() - first).toFixed(1)} ms`);
  print('| page | median ms | worst ms | kB |');
  print('| --- | ---: | ---: | ---: |');
  for (const [what, path] of Object.entries(paths)) {
    const times: number[] = [];
    let bytes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      bytes = Buffer.byteLength((await get(path)).text);
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    const median = times[Math.floor(ROUNDS / 2)]!.toFixed(1);
    const kB = (bytes / 1000).toFixed(1);
    print(`| ${what} | ${median} | ${times.at(-1)!.toFixed(1)} | ${kB} |`);
  }
} finally {
  await served.close();
  rmSync(dataDir, { recursive: true, force: true });
}
