import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerApi, apiPathOf } from './api.ts';
import { type Answer, jsonAnswer } from './answer.ts';
import { credentialsSchema, type SandboxCredentials } from './auth.ts';
import { type CohortBoard, createCohortBoard } from './cohort-board.ts';
import { answerControl } from './control.ts';
import type { Faults } from './faults.ts';
import type { SandboxEvent } from './present.ts';
import { distinctEvents, type EventFilter } from './query.ts';
import { createState, type MixpanelSandboxOptions, resetEvents } from './sandbox.ts';
import type { SandboxState } from './sandbox.ts';
import { type SandboxStats, statsOf } from './stats.ts';
import { countUp } from './tally.ts';

/** Answers under way get this long when the sandbox closes. */
const GRACE_MS = 1000;

export interface MixpanelSandbox {
  /** Without a slash at the end; stands for every host of Mixpanel's. */
  readonly url: string;
  readonly port: number;
  /** Whatever happens to the next requests. */
  readonly faults: Faults;
  /** Cohorts over the events it holds, synced to webhooks. */
  readonly cohorts: CohortBoard;
  stats(): SandboxStats;
  /** Distinct events as a query shows them (texts cut, `ip` turned into a place), oldest first. */
  events(filter?: EventFilter): SandboxEvent[];
  /** The JSON of every stored event, byte for byte as it was received, repeats included, oldest first. */
  texts(): string[];
  setCredentials(credentials: SandboxCredentials): void;
  /** Forgets all events and counts. */
  reset(): void;
  /** Lets answers under way finish, then ends every connection. */
  close(): Promise<void>;
}

/**
 * Starts a server that stands in for one Mixpanel project: `POST /import`, `GET /api/2.0/export`, `GET /api/app/me`,
 * by Mixpanel's documented rules, with repeats dropped at query time. Under `/sandbox` are its own calls: `GET stats`,
 * `GET events?event=&limit=`, `DELETE events`, `POST faults` (a fault script), `POST credentials`, `GET cohorts`,
 * `POST cohorts` (a definition and its webhook), `DELETE cohorts?id=`.
 * Rejects when it can't listen, and throws ZodError for options that are not valid.
 */
export async function startMixpanelSandbox(
  options: MixpanelSandboxOptions = {},
): Promise<MixpanelSandbox> {
  const state = createState(options);
  const cohorts = createCohortBoard(state);
  const aborter = new AbortController();
  const underWay = new Set<Promise<void>>();
  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    const done = handle(state, cohorts, request, response, aborter.signal).finally(() =>
      underWay.delete(done),
    );
    underWay.add(done);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const { address, port, family } = addressOf(server);

  async function shutDown(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    aborter.abort();
    const grace = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    await Promise.all([...underWay, cohorts.close()]);
    server.closeAllConnections();
    await closed;
    clearTimeout(grace);
  }
  let closing: Promise<void> | undefined;

  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    port,
    faults: state.faults,
    cohorts,
    stats: () => statsOf(state.store, state.tally, state.faults.hits()),
    events: (filter = {}) => [...distinctEvents(state.store, state.switches, filter)],
    texts: () => Array.from(state.store.events(), ({ text }) => text),
    setCredentials(credentials) {
      state.credentials = credentialsSchema.parse(credentials);
    },
    reset: () => resetEvents(state),
    close: () => (closing ??= shutDown()),
  };
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address;
}

function urlOf(request: IncomingMessage): URL | undefined {
  return URL.parse(`http://sandbox${request.url ?? '/'}`) ?? undefined;
}

function sendJson(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers);
  response.end(body);
}

/** Never rejects: what goes wrong here is answered with 500, or ends the connection when an answer has begun. */
async function handle(
  state: SandboxState,
  cohorts: CohortBoard,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const count = (outcome: string): void => countUp(state.tally.byStatus, outcome);
  try {
    const url = urlOf(request);
    const path = url && apiPathOf(request, url);
    if (path) return await answerApi(state, { request, response, signal, count }, path, url);
    const answer = url && (await answerControl(state, cohorts, request, url));
    const missing = { error: `there is no ${request.method} ${url?.pathname ?? request.url}` };
    return sendJson(response, answer ?? jsonAnswer(404, missing));
  } catch (error) {
    if (response.headersSent || request.destroyed || response.destroyed || signal.aborted) {
      count('broken off');
      response.destroy();
      return undefined;
    }
    count('500');
    return sendJson(response, jsonAnswer(500, { code: 500, error: String(error) }));
  }
}
