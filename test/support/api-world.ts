import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Role, ROLES } from '../../src/core/access.ts';
import { digestOf, newApiToken } from '../../src/server/auth/secrets.ts';
import { customHttpBatch } from '../../src/sandbox/braze/custom-http.ts';
import { records } from '../../src/sandbox/braze/records.ts';
import { applyCohorts, cohortCall, upTo } from './cohort-call.ts';
import { clicks, currentsFile, CUSTOM_EVENT, customEvent, put } from './currents-file.ts';
import { openScene, type Scene, TOKEN } from './scene.ts';
import { type ServedHere, serveHere } from './served-here.ts';
import { eventually, push, PUSH_TOKEN } from './service.ts';

export interface AuditLine {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: string | null;
}

/** API tokens of three users, one for each role. */
async function tokensOf({ access }: ServedHere['service']): Promise<Record<Role, string>> {
  const tokens: [Role, string][] = [];
  for (const role of ROLES) {
    const token = newApiToken();
    await access.users.add({ name: role, role, passwordHash: null }, Date.now());
    const of = { name: 'tests', role, createdBy: role, expiresAt: null };
    await access.tokens.add(digestOf(token), of, Date.now());
    tokens.push([role, token]);
  }
  return Object.fromEntries(tokens) as Record<Role, string>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what a server answers is what the tests look into
  readonly body: any;
}

export interface Asked {
  readonly role?: Role | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The whole service with its API, a sandbox for Mixpanel, and connections to look at. */
export interface ApiWorld extends AsyncDisposable {
  readonly scene: Scene;
  readonly served: ServedHere;
  /** What was written down, oldest first. */
  audited(): Promise<AuditLine[]>;
  readonly tokens: Readonly<Record<Role, string>>;
  /** Lets Mixpanel into the cohort import `crm`. */
  readonly importKey: string;
  /** Every answer of this run as it came over the wire. */
  readonly answers: readonly string[];
  ask(method: string, path: string, asked?: Asked): Promise<Answered>;
}

export const SALT = 'a-salt-nobody-may-see-4711';
export const HOOK = 'https://hooks.example.com/a-secret-hook-path';
/** No answer may hold one of these. */
export const BRAZE_KEY = 'a-key-of-braze-nobody-may-see-4711';
export const SECRETS = [TOKEN, PUSH_TOKEN, SALT, HOOK, BRAZE_KEY] as const;

/** A spec that sends the scene's folder to the sandbox. */
export function specOf(
  scene: Pick<Scene, 'sandbox' | 'currents'>,
  name: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    name,
    source: { kind: 'directory', path: scene.currents },
    destination: {
      kind: 'mixpanel',
      region: 'us',
      url: scene.sandbox.url,
      credentials: { kind: 'project-token', token: TOKEN },
    },
    poll: 1,
    ...more,
  };
}

/**
 * Imports that rest: `crm` (its first key has id 1; cohort 1 is Mixpanel's 4242 with 30 members, 3 of them unmatched;
 * cohort 2 is its 4243), `shop` (user `u9` is suppressed) and `old`.
 */
async function addCohorts(world: Omit<ApiWorld, 'importKey'>): Promise<string> {
  const create = (name: string, destination: Record<string, unknown>) =>
    world.ask('POST', '/cohort-imports', { body: { name, destination, paused: true } });
  const folder = join(world.scene.root, 'cohorts');
  await mkdir(folder);
  await create('crm', { kind: 'file', path: folder });
  await create('shop', {
    ...{ kind: 'users-track', instance: 'http://127.0.0.1:9', apiKey: BRAZE_KEY },
  });
  await create('old', { kind: 'file', path: folder });
  const made = await world.ask('POST', '/cohort-imports/crm/keys', { body: { note: 'tests' } });
  const { key } = made.body as { key: string };
  await world.ask('POST', '/cohort-imports/shop/suppressions', { body: { users: ['u9'] } });
  const strangers = ['a', 'b', 'c'].map((id) => ({ mixpanel_distinct_id: `$device:${id}` }));
  const members = [...upTo(27), ...strangers];
  for (const call of [cohortCall('4242', members), cohortCall('4243', [1, 2])]) {
    const response = await fetch(`${world.served.url}/cohorts/${key}`, {
      method: 'POST',
      body: JSON.stringify(call),
    });
    if (response.status !== 200) throw new Error(await response.text());
  }
  await applyCohorts(world.served.service.state);
  return key;
}

/**
 * Connections: `orders` (files; 120 clicks, 3 custom events, 2 of them dead letters), `app` (pushes), and two that rest: `old`, `resting` (with a job).
 * Cohort imports: see `addCohorts`.
 */
export async function openApiWorld(
  service: Readonly<Record<string, unknown>> = {},
): Promise<ApiWorld> {
  const scene = await openScene();
  const answers: string[] = [];
  try {
    const hour = new Date(Date.now() - 3_600_000).toISOString().slice(0, 13).replace('T', '-');
    const folder = (type: string) => `currents/event_type=${type}/date=${hour}`;
    await put(
      scene.root,
      `${folder('users.messages.email.Click')}/a.avro`,
      currentsFile(clicks('a', 120)),
    );
    const custom = [customEvent('c1', '{"x":1}'), customEvent('c2', '[1]'), customEvent('c3', '2')];
    await put(
      scene.root,
      `${folder('users.behaviors.CustomEvent')}/b.avro`,
      currentsFile(custom, { schema: CUSTOM_EVENT }),
    );
    const connections = [
      specOf(scene, 'orders', { salt: SALT, alerts: { webhook: HOOK } }),
      specOf(scene, 'app', { source: { kind: 'inbox', token: PUSH_TOKEN } }),
      specOf(scene, 'old', { paused: true }),
      specOf(scene, 'resting', { paused: true }),
    ];
    const served = await serveHere(scene, connections, service);
    const tokens = await tokensOf(served.service);
    const world: Omit<ApiWorld, 'importKey'> = {
      scene,
      served,
      tokens,
      async audited() {
        const all = await served.service.access.audit.list({ limit: 1000 });
        return all
          .map(({ actor, action, target, detail }) => ({ actor, action, target, detail }))
          .toReversed();
      },
      answers,
      async ask(method, path, { role = 'admin', body, headers = {} } = {}) {
        const response = await fetch(`${served.url}/api/v1${path}`, {
          method,
          redirect: 'manual',
          headers: {
            ...(role === null ? {} : { authorization: `Bearer ${tokens[role]}` }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body === undefined
            ? {}
            : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        });
        const text = await response.text();
        answers.push(text);
        const isJson = /json/.test(response.headers.get('content-type') ?? '');
        const isLines = /ndjson/.test(response.headers.get('content-type') ?? '');
        return {
          status: response.status,
          headers: response.headers,
          text,
          body: isJson && !isLines ? (JSON.parse(text) as unknown) : undefined,
        };
      },
      async [Symbol.asyncDispose]() {
        await served[Symbol.asyncDispose]();
        await scene[Symbol.asyncDispose]();
      },
    };
    const job = { kind: 'backfill', since: '2026-07-01', until: '2026-07-02' };
    await world.ask('POST', '/connections/resting/jobs', { body: job });
    const batch = customHttpBatch(records({ events: 40, seed: 'api' }));
    await push(served.url, 'app', batch);
    await eventually(
      async () => (await world.ask('GET', '/connections/orders/balance')).body as { read: number },
      ({ read }) => read >= 123,
    );
    await eventually(
      async () =>
        (await world.ask('GET', '/connections/app')).body as { last24h: { read: number } },
      ({ last24h }) => last24h.read >= 40,
    );
    return { ...world, importKey: await addCohorts(world) };
  } catch (error) {
    await scene[Symbol.asyncDispose]();
    throw error;
  }
}
