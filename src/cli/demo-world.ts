import { HOUR_MS } from '../core/hours.ts';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrazeSandbox } from '../sandbox/braze-rest/server.ts';
import type { MixpanelSandbox } from '../sandbox/mixpanel/server.ts';
import type { Serving } from '../server/serve.ts';
import { version } from './version.ts';

/** Everything the demo runs: a Braze that writes and pushes, Sluice, a Mixpanel that takes, and a Braze that takes back. */
export interface DemoWorld {
  readonly home: string;
  readonly dataDir: string;
  readonly sandbox: MixpanelSandbox;
  /** Where cohorts come to. */
  readonly braze: BrazeSandbox;
  /** Where Mixpanel syncs cohorts to, its key included. */
  readonly webhook: string;
  readonly serving: Serving;
  /** Opens the dashboard, signed in; works once. */
  readonly signInUrl: string;
  /** What Braze has written into files and pushed so far. */
  readonly sent: Readonly<Record<DemoConnection, number>>;
  /** Braze writes files with so many events, of the hours before `until` (milliseconds). */
  writeFiles(events: number, seed: string, hours: number, until: number): Promise<void>;
  /** Braze posts so many events, 100 a request. */
  push(events: number, seed: string, until: number): Promise<void>;
  close(): Promise<void>;
}

export type DemoConnection = 'files' | 'push';

/** Every run is about the same company: users of whom there are enough that some click and have not bought. */
const COMPANY = { population: 'demo', users: 5000 } as const;
const TOKEN = 'demo-token-of-the-inbox';
const COHORTS = 'braze';
/** What Braze posts at most at once. */
const BATCH = 100;

export async function openDemoWorld(): Promise<DemoWorld> {
  const { manageCohorts, parseConfig } = await import('../connector.ts');
  const { writeGenerated } = await import('../sandbox/braze/generate.ts');
  const { records } = await import('../sandbox/braze/records.ts');
  const { customHttpBatch } = await import('../sandbox/braze/custom-http.ts');
  const { DEMO_CREDENTIALS } = await import('../sandbox/mixpanel/auth.ts');
  const { BRAZE_DEMO_CREDENTIALS } = await import('../sandbox/braze-rest/options.ts');
  const { startBrazeSandbox } = await import('../sandbox/braze-rest/server.ts');
  const { startMixpanelSandbox } = await import('../sandbox/mixpanel/server.ts');
  const { serve } = await import('../server/serve.ts');
  const { linkUrl, newLinkToken } = await import('../server/auth/links.ts');
  const home = await mkdtemp(join(tmpdir(), 'sluice-demo-'));
  const folder = join(home, 'currents');
  const dataDir = join(home, 'data');
  const sandbox = await startMixpanelSandbox({ credentials: DEMO_CREDENTIALS });
  // Whoever is in an event of Braze exists there.
  const braze = await startBrazeSandbox({ existing: 'all' });
  const sent = { files: 0, push: 0 };
  await mkdir(folder);
  const destination = {
    kind: 'mixpanel',
    region: 'us',
    url: sandbox.url,
    credentials: { kind: 'project-token', token: DEMO_CREDENTIALS.token },
  };
  const tree = {
    service: { listen: { port: 0 } },
    connections: [
      { name: 'files', source: { kind: 'directory', path: folder }, destination, poll: 1 },
      { name: 'push', source: { kind: 'inbox', token: TOKEN }, destination },
      {
        // Something to look at: it halts, says why, and goes on once its token is put right.
        name: 'wrong-token',
        source: { kind: 'directory', path: folder },
        destination: { ...destination, credentials: { kind: 'project-token', token: 'mistyped' } },
        poll: 1,
      },
    ],
    cohortImports: [
      {
        name: COHORTS,
        destination: {
          kind: 'users-track',
          instance: braze.url,
          apiKey: Object.keys(BRAZE_DEMO_CREDENTIALS.apiKeys)[0],
        },
        // The distinct_id would do here; without it there are members who match nobody, as there are in most projects.
        identity: { properties: ['$braze_external_id'] },
        // This Braze has written when it answers.
        spacing: 0,
      },
    ],
  };
  await writeFile(join(home, 'sluice.yaml'), `${JSON.stringify(tree, null, 2)}\n`);
  const log: string[] = [];
  let serving: Serving;
  try {
    serving = await serve({
      dataDir,
      keys: {},
      version: version(),
      config: parseConfig(tree, { env: {}, folder: home }),
      adminPassword: randomBytes(24).toString('base64url'),
      logTo: { write: (line) => void log.push(line) },
    });
  } catch (error) {
    await Promise.all([sandbox.close(), braze.close()]);
    throw error;
  }
  const { access, state } = serving.service;
  const token = await newLinkToken(access, 'admin', Date.now());
  const { key } = await manageCohorts({ state, now: Date.now }).keys.add(COHORTS, 'the demo');
  return {
    home,
    dataDir,
    sandbox,
    braze,
    webhook: `${serving.url}/cohorts/${key}`,
    serving,
    signInUrl: linkUrl(serving.url, token),
    sent,
    async writeFiles(events, seed, hours, until) {
      const start = until - hours * HOUR_MS;
      await writeGenerated(folder, { ...COMPANY, events, seed, hours, start });
      sent.files += events;
    },
    async push(events, seed, until) {
      const all = [
        ...records({
          ...COMPANY,
          events,
          seed: `${seed} pushed`,
          hours: 1,
          start: until - HOUR_MS,
        }),
      ];
      for (let from = 0; from < all.length; from += BATCH) {
        const some = all.slice(from, from + BATCH);
        await post(serving.url, customHttpBatch(some));
        sent.push += some.length;
      }
    },
    async close() {
      await serving.close();
      await Promise.all([sandbox.close(), braze.close()]);
      await writeFile(join(home, 'service.log'), log.join(''));
    },
  };
}

async function post(url: string, batch: unknown): Promise<void> {
  const { status } = await fetch(`${url}/currents/push`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      'braze-currents-version': '1',
    },
    body: JSON.stringify(batch),
  });
  if (status !== 200) throw new Error(`the inbox answered ${status}`);
}
