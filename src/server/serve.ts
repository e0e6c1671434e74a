import type { DestinationStream } from 'pino';
import {
  type Config,
  eventTypes,
  type KeySource,
  manage,
  openService,
  type OpenService,
  receivingImports,
  serviceSecrets,
} from '../connector.ts';
import { docsRoutes } from './api/docs.ts';
import { apiOperations } from './api/routes.ts';
import { apiScope } from './api-scope.ts';
import { accessRoutes } from './auth/access-routes.ts';
import { createGuard } from './auth/guard.ts';
import { securityHeaders } from './auth/headers.ts';
import { firstStart, linkUrl } from './auth/links.ts';
import { isExposed } from './auth/origin.ts';
import { cohortRoutes } from './cohort-routes.ts';
import { dashboardRoutes } from './dashboard.ts';
import { healthRoutes } from './health-routes.ts';
import { inboxRoutes } from './inbox-routes.ts';
import { createLog, createScrubber } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { startServer } from './server.ts';

export interface ServeOptions {
  readonly dataDir: string;
  readonly keys: KeySource;
  readonly config: Config;
  /** Of Sluice. */
  readonly version: string;
  /** Makes the first admin, for automation; without it `setUpUrl` is for a person. */
  readonly adminPassword?: string | undefined;
  /** Where log lines go. */
  readonly logTo: DestinationStream;
  /** First wait after a failed request, in milliseconds. */
  readonly backoffMs?: number;
  /** How long a stop waits for what is in flight. */
  readonly graceMs?: number;
}

export interface Serving {
  /** Without a slash at the end. */
  readonly url: string;
  readonly service: OpenService;
  /** Where the first admin is made, once; undefined when there is one. It is a secret. */
  readonly setUpUrl: string | undefined;
  /** Takes no more requests, settles what is in flight within the grace, and closes the data folder. */
  close(): Promise<void>;
}

/** Cohorts that the metrics tell of. Mixpanel keeps at most 60 in step for a project. */
const COHORTS = 1000;

/** A connection may have the same name. */
function importOwner(name: string): string {
  return `cohort import ${name}`;
}

/** The whole service: connections, inbox, health and metrics. Rejects when it can't open its data folder or listen. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { config } = options;
  const { listen, inbox, publicUrl, oidc } = config.service;
  const scrubber = createScrubber();
  scrubber.set('', [
    ...serviceSecrets(config.service),
    ...(options.adminPassword === undefined ? [] : [options.adminPassword]),
  ]);
  const log = createLog({
    level: config.service.log.level,
    scrub: (text) => scrubber.scrub(text),
    destination: options.logTo,
  });
  let metrics: Metrics | undefined;
  const service = await openService({
    ...options,
    settings: config.service,
    connections: config.connections,
    cohortImports: config.cohortImports,
    log,
    observer: {
      secrets: (connection, secrets) => scrubber.set(connection, secrets),
      settled: (connection, advances) => metrics?.settled(connection, advances),
      sent: (connection, outcome, seconds) => metrics?.sent(connection, outcome, seconds),
      gone: (connection) => {
        scrubber.set(connection, []);
        void metrics?.forget(connection);
      },
    },
    cohortObserver: {
      secrets: (name, secrets) => scrubber.set(importOwner(name), secrets),
      sent: (name, outcome, seconds) => metrics?.cohortSent(name, outcome, seconds),
      written: (name, adds, removes, refused) =>
        metrics?.cohortWritten(name, { add: adds, remove: removes, refused }),
      gone: (name) => {
        scrubber.set(importOwner(name), []);
        void metrics?.forgetImport(name);
      },
    },
  });
  metrics = createMetrics({
    imports: () => service.cohortService.statuses(),
    cohorts: () => service.state.cohorts.list({ limit: COHORTS }),
    statuses: () => service.statuses(),
    inbox: () => service.inboxes(),
    inFlightBytes: () => service.inFlightBytes(),
    eventTypes: eventTypes(),
  });
  const counting = metrics;
  const { access } = service;
  const guard = createGuard({ access, log, publicUrl, now: Date.now });
  const management = manage({
    ...{ state: service.state, inbox: service.inbox, service, settings: config.service },
    ...{ dataDir: options.dataDir, now: Date.now },
    ...(options.backoffMs === undefined ? {} : { backoffMs: options.backoffMs }),
  });
  const onFault = (error: Error): void => log.error('a request failed', {}, error);
  try {
    const setUpToken = await firstStart(access, {
      adminPassword: options.adminPassword,
      now: Date.now(),
    });
    const server = await startServer({
      ...listen,
      onFault,
      async register(app) {
        app.addHook('onRequest', securityHeaders(publicUrl));
        docsRoutes(app);
        apiScope({
          guard,
          onFault,
          routes: [
            apiOperations({ ...guard, management, version: options.version }),
            accessRoutes({
              ...{ access, guard, log, publicUrl, oidc, now: Date.now },
              version: options.version,
            }),
          ],
        })(app);
        healthRoutes(app, { unready: () => service.unready(), metrics: counting });
        inboxRoutes({
          inbox: service.inbox,
          find: (connection) => service.pushTarget(connection),
          maxBodyBytes: inbox.maxBodyBytes,
          observe: ({ connection, status, seconds, bytes }) =>
            connection === undefined
              ? undefined
              : counting.pushed(connection, status, seconds, status === 200 ? bytes : 0),
        })(app);
        cohortRoutes({
          imports: receivingImports(service.state.cohortImports),
          cohorts: service.cohortService,
          ...{ log, onFault, now: Date.now },
          observe: ({ import: name = '', action, status }) =>
            counting.cohortCalled(name, action, status),
        })(app);
        await dashboardRoutes()(app);
      },
    });
    if (isExposed(listen.host, publicUrl))
      log.warn('it is reached from other machines, and service.publicUrl names no https URL', {
        host: listen.host,
      });
    log.info('serving', { url: server.url, connections: service.statuses().length });
    return {
      url: server.url,
      service,
      setUpUrl: setUpToken && linkUrl(publicUrl ?? server.url, setUpToken),
      async close() {
        log.info('stopping');
        await server.close();
        await management.stop();
        await service.stop();
        log.info('stopped');
      },
    };
  } catch (error) {
    await management.stop();
    await service.stop();
    throw error;
  }
}
