import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrazeUser } from '../../core/cohorts.ts';
import { userOfKey } from '../../core/cohorts.ts';
import { jsonAnswer } from '../mixpanel/answer.ts';
import { readBody } from '../mixpanel/body.ts';
import { countUp } from '../mixpanel/tally.ts';
import { answerCall, type Exchange, send } from './answer-fault.ts';
import { brazePathOf, MAX_BODY, runCall } from './api.ts';
import { answerBrazeControl } from './control.ts';
import type { Faults } from './faults.ts';
import {
  type BrazeCredentials,
  type BrazeSandboxOptions,
  type BrazeSwitches,
  credentialsSchema,
  switchesSchema,
} from './options.ts';
import type { AttributeValue, AttributeWrite } from './profiles.ts';
import { type BrazeSandboxStats, brazeStatsOf } from './stats.ts';
import { createWorkspace, resetWorkspace, type Workspace } from './workspace.ts';

/** Answers under way get this long when the sandbox closes. */
const GRACE_MS = 1000;

export interface BrazeSandbox {
  /** Without a slash at the end; stands for the REST endpoint of the instance. */
  readonly url: string;
  readonly port: number;
  /** Whatever happens to the next requests. */
  readonly faults: Faults;
  stats(): BrazeSandboxStats;
  /** Custom attributes of a user; undefined when there is no such user. */
  attributes(user: BrazeUser): Record<string, AttributeValue> | undefined;
  /** Users by identifier, or those that hold this attribute; in the order in which they came. */
  users(attribute?: string): Generator<BrazeUser>;
  /** Each attribute of a user that was written, oldest first. */
  writes(user: BrazeUser): AttributeWrite[];
  /** Keys (`keyOfUser`) of the members of a cohort that the partner endpoints made; undefined when there is none. */
  members(cohortId: string): ReadonlySet<string> | undefined;
  addUser(identifiers: BrazeUser | readonly BrazeUser[]): void;
  setCredentials(credentials: BrazeCredentials): void;
  setSwitches(switches: Partial<BrazeSwitches>): void;
  /** Forgets attributes, cohorts and counts; users, credentials and faults stay. */
  reset(): void;
  /** Lets answers under way finish, then ends every connection. */
  close(): Promise<void>;
}

/**
 * Starts a server that stands in for one Braze workspace: `POST /users/track`, `POST /partners/<name>/cohorts` and
 * `POST /partners/<name>/cohorts/users`, with Braze's documented limits and error shapes; unlike Braze it has written
 * when it answers. Of /users/track it keeps custom attributes alone. Under `/sandbox` are its own calls: a page, `GET
 * stats`, `GET users?limit=&attribute=`, `DELETE users` (their attributes), `POST faults` (a fault script).
 * Rejects when it can't listen, and throws ZodError for options that are not valid.
 */
export async function startBrazeSandbox(options: BrazeSandboxOptions = {}): Promise<BrazeSandbox> {
  const workspace = createWorkspace(options);
  const { profiles } = workspace;
  const aborter = new AbortController();
  const underWay = new Set<Promise<void>>();
  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    const done = handle(workspace, request, response, aborter.signal).finally(() =>
      underWay.delete(done),
    );
    underWay.add(done);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const { address, port, family } = server.address() as AddressInfo;

  async function shutDown(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    aborter.abort();
    const grace = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    await Promise.all(underWay);
    server.closeAllConnections();
    await closed;
    clearTimeout(grace);
  }
  let closing: Promise<void> | undefined;

  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    port,
    faults: workspace.faults,
    stats: () => brazeStatsOf(workspace),
    attributes: (user) => profiles.attributesOf(user),
    *users(attribute) {
      for (const key of profiles.keys(attribute)) yield userOfKey(key);
    },
    writes: (user) => profiles.writesOf(user),
    members: (cohortId) => workspace.cohorts.get(cohortId)?.members,
    addUser: (identifiers) => profiles.add(identifiers),
    setCredentials(credentials) {
      workspace.credentials = credentialsSchema.parse(credentials);
    },
    setSwitches(switches) {
      workspace.switches = switchesSchema.parse({ ...workspace.switches, ...switches });
    },
    reset: () => resetWorkspace(workspace),
    close: () => (closing ??= shutDown()),
  };
}

/** Never rejects: what goes wrong here is answered with 500, or ends the connection when an answer has begun. */
async function handle(
  workspace: Workspace,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const count = (outcome: string): void => countUp(workspace.tally.byStatus, outcome);
  const exchange: Exchange = { request, response, signal, count };
  try {
    const url = new URL(`http://sandbox${request.url ?? '/'}`);
    const method = request.method ?? '';
    const called = brazePathOf(method, url.pathname);
    if (called) workspace.tally.requests++;
    const body = (await readBody(request, MAX_BODY))?.toString('utf8');
    if (called) {
      const { authorization } = request.headers;
      const rule = workspace.faults.strike(called.path, body ?? '');
      return await answerCall(exchange, rule, body ?? '', () =>
        runCall(workspace, { ...called, authorization, body }, rule),
      );
    }
    const answer = answerBrazeControl(workspace, { method, url, body: body ?? '' });
    const missing = { message: `there is no ${method} ${url.pathname}` };
    return send({ ...exchange, count: () => undefined }, answer ?? jsonAnswer(404, missing));
  } catch (error) {
    if (response.headersSent || request.destroyed || response.destroyed || signal.aborted) {
      count('broken off');
      response.destroy();
      return undefined;
    }
    return send(exchange, jsonAnswer(500, { message: String(error) }));
  }
}
