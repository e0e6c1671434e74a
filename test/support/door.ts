import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { OidcSettings } from '../../src/connector.ts';
import { type Access, type Role, ROLES } from '../../src/core/access.ts';
import { apiScope } from '../../src/server/api-scope.ts';
import { accessRoutes } from '../../src/server/auth/access-routes.ts';
import { createGuard, type Guard } from '../../src/server/auth/guard.ts';
import { securityHeaders } from '../../src/server/auth/headers.ts';
import { hashPassword } from '../../src/server/auth/password.ts';
import { startServer } from '../../src/server/server.ts';
import { openState } from '../../src/state/state.ts';

/** Good for every user of `openDoor`. */
export const PASSWORD = 'correct horse battery';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined when the body is no JSON. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
  readonly text: string;
}

export interface Ask {
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a browser keeps of a sign-in. */
export interface Browser {
  readonly cookies: Map<string, string>;
  /** Sent with unsafe methods unless empty. */
  csrf: string;
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  signIn(name: string, password?: string): Promise<Answer>;
}

export interface Route {
  readonly method: string;
  readonly url: string;
}

export interface Door {
  readonly url: string;
  readonly access: Access;
  readonly guard: Guard;
  /** Every route below /api/v1 that is not open, as it was added. */
  readonly routes: readonly Route[];
  /** What the log holds, with its fields. */
  readonly log: readonly string[];
  readonly faults: readonly Error[];
  /** Moves the clock that sessions, tokens, links and the throttle see. Milliseconds. */
  pass(ms: number): void;
  now(): number;
  browser(): Browser;
  /** A browser in which a user of this role, named after it, is signed in. */
  signedIn(role: Role): Promise<Browser>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface DoorOptions {
  readonly publicUrl?: string;
  readonly proxies?: readonly string[];
  readonly oidc?: OidcSettings;
  /** Without the users `viewer`, `editor` and `admin`. */
  readonly isNew?: boolean;
  readonly routes?: (guard: Guard) => (app: FastifyInstance) => void;
}

let hash: Promise<string> | undefined;

/** The API of access over real HTTP, on a new data folder. */
export async function openDoor(options: DoorOptions = {}): Promise<Door> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-door-'));
  const state = openState(folder);
  const { access } = state;
  const { publicUrl } = options;
  let skew = 0;
  const now = (): number => Date.now() + skew;
  const lines: string[] = [];
  const write = (message: string, fields: unknown = {}): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  const log = { info: write, warn: write, error: write };
  const faults: Error[] = [];
  const routes: Route[] = [];
  hash ??= hashPassword(PASSWORD);
  if (!options.isNew)
    for (const role of ROLES)
      await access.users.add({ name: role, role, passwordHash: await hash }, now());
  const guard = createGuard({ access, log, publicUrl, now });
  const onFault = (error: Error): void => void faults.push(error);
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    ...(options.proxies ? { proxies: options.proxies } : {}),
    onFault,
    register(app) {
      app.addHook('onRequest', securityHeaders(publicUrl));
      app.addHook('onRoute', ({ method, url, config }) => {
        if (config?.open !== true)
          for (const each of [method].flat()) routes.push({ method: each, url });
      });
      apiScope({
        ...{ guard, onFault },
        routes: [
          accessRoutes({
            ...{ access, guard, log, publicUrl, now },
            ...{ oidc: options.oidc, version: '1.2.3' },
          }),
          ...(options.routes ? [options.routes(guard)] : []),
        ],
      })(app);
    },
  });
  const browser = (): Browser => openBrowser(server.url);
  return {
    ...{ url: server.url, access, guard, routes, log: lines, faults, now, browser },
    pass(ms) {
      skew += ms;
    },
    async signedIn(role) {
      const browser = openBrowser(server.url);
      const { status, text } = await browser.signIn(role);
      if (status !== 200) throw new Error(`${role} was not let in: ${text}`);
      return browser;
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      state.close();
      await rm(folder, { recursive: true });
    },
  };
}

function openBrowser(url: string): Browser {
  const cookies = new Map<string, string>();
  const browser: Browser = {
    cookies,
    csrf: '',
    async ask(method, path, { body, raw, headers } = {}) {
      const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
      const response = await fetch(path.startsWith('http') ? path : `${url}/api/v1${path}`, {
        method,
        redirect: 'manual',
        headers: {
          ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
          ...(cookies.size === 0
            ? {}
            : { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
          ...(browser.csrf !== '' && method !== 'GET' ? { 'x-csrf-token': browser.csrf } : {}),
          ...headers,
        },
        ...(payload === undefined ? {} : { body: payload }),
      });
      for (const cookie of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
        if (value === '') cookies.delete(name!);
        else cookies.set(name!, value!);
      }
      const text = await response.text();
      return {
        ...{ status: response.status, headers: response.headers, text },
        json:
          text !== '' && response.headers.get('content-type')?.includes('json')
            ? (JSON.parse(text) as Record<string, unknown>)
            : undefined,
      };
    },
    async signIn(name, password = PASSWORD) {
      const answer = await browser.ask('POST', '/session', { body: { name, password } });
      if (answer.status === 200) browser.csrf = String(answer.json!['csrf']);
      return answer;
    },
  };
  return browser;
}
