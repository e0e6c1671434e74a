import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { vi } from 'vitest';
import { newImportKey } from '../../src/cohorts/import-key.ts';
import { openControl, parseConfig } from '../../src/connector.ts';
import { carryOutImports, planImports } from '../../src/connector/cohorts/apply.ts';
import type { Cohort, CohortImportStatus } from '../../src/core/cohorts.ts';
import type { ConnectionState } from '../../src/core/connections.ts';
import type { BrazeSandboxOptions } from '../../src/sandbox/braze-rest/options.ts';
import { type BrazeSandbox, startBrazeSandbox } from '../../src/sandbox/braze-rest/server.ts';
import { digestOf, newApiToken } from '../../src/server/auth/secrets.ts';
import { serve, type Serving } from '../../src/server/serve.ts';
import type { State } from '../../src/state/state.ts';
import { cohortCall } from './cohort-call.ts';
import type { LogLine } from './service.ts';

type Members = readonly (number | Readonly<Record<string, unknown>>)[];
type Settings = Readonly<Record<string, unknown>>;

/** The whole service with one cohort import `crm` into a Braze of its own. Ends with the block it is declared in. */
export interface CohortWorld extends AsyncDisposable {
  readonly data: string;
  readonly braze: BrazeSandbox;
  readonly lines: readonly LogLine[];
  readonly state: State;
  readonly url: string;
  /** Calls the webhook as Mixpanel does, in a session of its own unless told. Gives the status. */
  call(cohort: string, members: Members, more?: Settings, action?: string): Promise<number>;
  /** The same in pages of one session. */
  page(
    cohort: string,
    session: string,
    at: readonly [number, number],
    members: Members,
    action?: string,
  ): Promise<number>;
  cohort(cohortId?: string): Promise<Cohort>;
  /** Waits until a cohort is as wanted. */
  until(cohortId: string, is: (cohort: Cohort) => boolean): Promise<Cohort>;
  /** Waits until all that was said of a cohort is applied and written, or held. */
  settled(cohortId?: string): Promise<Cohort>;
  /** Users for whom the attribute of a cohort is true, in order. */
  inside(cohortId?: string, braze?: BrazeSandbox): string[];
  /** What was written of a user for a cohort, oldest first. */
  written(user: string, cohortId?: string): unknown[];
  status(): CohortImportStatus;
  importState<Kind extends ConnectionState['kind']>(
    kind: Kind,
  ): Promise<Extract<ConnectionState, { kind: Kind }>>;
  /** Changes the import as `sluice apply` does, beside the running service. */
  apply(more: Settings): Promise<void>;
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface CohortWorldOptions {
  /** Of the import, over settings under which everything is written at once. */
  readonly spec?: Settings;
  readonly destination?: (braze: BrazeSandbox) => Settings;
  readonly braze?: BrazeSandboxOptions;
  readonly service?: Settings;
}

const TIMEOUT = { timeout: 20_000, interval: 20 };

export function brazeDestination(braze: BrazeSandbox, more: Settings = {}): Settings {
  return {
    ...{ kind: 'users-track', instance: braze.url, apiKey: 'sandbox-braze-key' },
    ...{ batchSize: 10, requestsPerSecond: 1000, timeoutMs: 2000 },
    ...more,
  };
}

export function partnerDestination(braze: BrazeSandbox): Settings {
  return {
    ...{ kind: 'partner-cohorts', instance: braze.url, partner: 'sandbox' },
    ...{ partnerApiKey: 'sandbox-partner-key', clientSecret: 'sandbox-data-import-key' },
  };
}

export async function cohortWorld(options: CohortWorldOptions = {}): Promise<CohortWorld> {
  const root = await mkdtemp(join(tmpdir(), 'sluice-cohorts-'));
  const data = join(root, 'data');
  const braze = await startBrazeSandbox({ existing: 'all', ...options.braze });
  const lines: LogLine[] = [];
  const token = newApiToken();
  const { key, hint, digest } = newImportKey();
  let spec: Settings = {
    name: 'crm',
    destination: (options.destination ?? brazeDestination)(braze),
    spacing: 0,
    ...options.spec,
  };
  let sessions = 0;
  let serving: Serving | undefined;
  const configOf = () =>
    parseConfig(
      {
        service: { listen: { port: 0 }, inbox: { minFreeBytes: 0 }, ...options.service },
        cohortImports: [spec],
      },
      { env: {}, folder: root },
    );
  const running = (): Serving => {
    if (!serving) throw new Error('the service does not run');
    return serving;
  };
  const start = async (): Promise<void> => {
    serving = await serve({
      ...{
        dataDir: data,
        keys: {},
        version: '0',
        config: configOf(),
        backoffMs: 10,
        graceMs: 2000,
      },
      logTo: new Writable({
        write(chunk: Buffer, _encoding, done) {
          lines.push(JSON.parse(chunk.toString()) as LogLine);
          done();
        },
      }),
    });
  };
  const stop = async (): Promise<void> => {
    const ends = serving;
    serving = undefined;
    await ends?.close();
  };
  const state = (): State => running().service.state;
  const cohort = async (cohortId = '7'): Promise<Cohort> => state().cohorts.find(cohortId, 'crm');
  const status = (): CohortImportStatus => {
    const found = running()
      .service.cohortService.statuses()
      .find((each) => each.import === 'crm');
    if (!found) throw new Error('the import does not run');
    return found;
  };

  await start();
  const { access } = running().service;
  await access.users.add({ name: 'tests', role: 'admin', passwordHash: null }, Date.now());
  const of = { name: 'tests', role: 'admin', createdBy: 'tests', expiresAt: null } as const;
  await access.tokens.add(digestOf(token), of, Date.now());
  await state().cohortImports.addKey({ import: 'crm', note: '', hint, digest, at: Date.now() });

  const world: CohortWorld = {
    data,
    braze,
    lines,
    get state() {
      return state();
    },
    get url() {
      return running().url;
    },
    async call(cohortId, members, more = {}, action = 'members') {
      const session = { mixpanel_session_id: `session-${sessions++}` };
      const response = await fetch(`${running().url}/cohorts/${key}`, {
        method: 'POST',
        body: JSON.stringify(cohortCall(cohortId, members, { ...session, ...more }, action)),
      });
      await response.body?.cancel();
      return response.status;
    },
    page: (cohortId, session, [page, pages], members, action) =>
      world.call(
        cohortId,
        members,
        { mixpanel_session_id: session, page_info: { total_pages: pages, page_count: page } },
        action,
      ),
    cohort,
    until: (cohortId, is) =>
      vi.waitFor(async () => {
        const found = await cohort(cohortId);
        if (!is(found)) throw new Error(`cohort ${cohortId} is ${JSON.stringify(found)}`);
        return found;
      }, TIMEOUT),
    settled: (cohortId = '7') =>
      vi.waitFor(async () => {
        const found = await cohort(cohortId);
        const { isUnsettled } = await state().cohorts.pending(found.id);
        const { pendingAdds, pendingRemoves, held } = found;
        if (isUnsettled || pendingAdds + (held ? 0 : pendingRemoves) > 0)
          throw new Error(`cohort ${cohortId} is not settled: ${JSON.stringify(found)}`);
        return found;
      }, TIMEOUT),
    inside(cohortId = '7', of = braze) {
      const attribute = `mp_cohort_${cohortId}`;
      return [...of.users(attribute)]
        .filter((user) => of.attributes(user)?.[attribute] === true)
        .map((user) => (user.kind === 'user_alias' ? user.name : user.id))
        .toSorted();
    },
    written: (user, cohortId = '7') =>
      braze
        .writes({ kind: 'external_id', id: user })
        .filter(({ attribute }) => attribute === `mp_cohort_${cohortId}`)
        .map(({ value }) => value),
    status,
    importState: (kind) =>
      vi.waitFor(() => {
        const { state: found } = status();
        if (found.kind !== kind) throw new Error(`the import is ${JSON.stringify(found)}`);
        return found as Extract<ConnectionState, { kind: typeof kind }>;
      }, TIMEOUT),
    async apply(more) {
      spec = { ...spec, ...more };
      const control = await openControl(data, {});
      try {
        const { cohortImports } = control;
        const changes = await planImports(cohortImports, configOf().cohortImports, {
          prune: false,
        });
        await carryOutImports(cohortImports, changes, Date.now());
      } finally {
        control.close();
      }
    },
    async ask(method, path, body) {
      const response = await fetch(`${running().url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
      };
    },
    stop,
    start,
    async [Symbol.asyncDispose]() {
      await stop();
      await braze.close();
      await rm(root, { recursive: true, force: true });
    },
  };
  return world;
}

/** `u1` and so on, in order of text. */
export function users(...numbers: readonly number[]): string[] {
  return numbers.map((n) => `u${n}`).toSorted();
}
