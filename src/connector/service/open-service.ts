import { HOUR_MS } from '../../core/hours.ts';
import type { Access } from '../../core/access.ts';
import type { Inbox } from '../../core/inbox.ts';
import type { Log } from '../../core/log.ts';
import { openInbox } from '../../state/inbox.ts';
import { type KeySource, openState, type State } from '../../state/state.ts';
import { carryOut, planApply } from '../apply.ts';
import { carryOutImports, planImports } from '../cohorts/apply.ts';
import {
  type CohortService,
  type CohortServiceObserver,
  startCohortService,
} from '../cohorts/service.ts';
import type { CohortImportSpec } from '../cohorts/spec.ts';
import type { ConnectionSpec } from '../connection.ts';
import type { ServiceSettings } from '../service-settings.ts';
import { startAlerting } from './alerting.ts';
import { type Service, type ServiceObserver, startService } from './service.ts';
import { startUpkeep } from './upkeep.ts';

export interface OpenServiceOptions {
  readonly dataDir: string;
  readonly keys: KeySource;
  readonly settings: ServiceSettings;
  /** Applied before anything starts. */
  readonly connections: readonly ConnectionSpec[];
  readonly cohortImports: readonly CohortImportSpec[];
  readonly log: Log;
  readonly observer: ServiceObserver;
  readonly cohortObserver: CohortServiceObserver;
  readonly backoffMs?: number;
  readonly graceMs?: number;
}

export interface OpenService extends Service {
  readonly inbox: Inbox;
  readonly access: Access;
  readonly state: State;
  readonly cohortService: CohortService;
}

/** Opens a data folder as its one writer and runs all its connections. Throws StateError. */
export async function openService(options: OpenServiceOptions): Promise<OpenService> {
  const { dataDir, keys, settings, log } = options;
  const state = openState(dataDir, { keys });
  try {
    const changes = await planApply(state, options.connections, { prune: false });
    await carryOut(state, changes, Date.now());
    for (const { name, kind, warnings } of changes) {
      if (kind === 'create' || kind === 'change')
        log.info(`connection ${kind}d`, { connection: name });
      for (const warning of warnings) log.warn(warning, { connection: name });
    }
    const imports = await planImports(state.cohortImports, options.cohortImports, { prune: false });
    await carryOutImports(state.cohortImports, imports, Date.now());
    for (const { name, kind, warnings } of imports) {
      if (kind === 'create' || kind === 'change')
        log.info(`cohort import ${kind}d`, { import: name });
      for (const warning of warnings) log.warn(warning, { import: name });
    }
    const inbox = await openInbox(dataDir, {
      maxBytes: settings.inbox.maxBytes,
      minFreeBytes: settings.inbox.minFreeBytes,
      settledAgeMs: settings.inbox.keepSettledHours * HOUR_MS,
      settledBytes: settings.inbox.keepSettledBytes,
    });
    try {
      const service = await startService({ ...options, state, inbox });
      const cohortService = await startCohortService({
        ...options,
        state,
        observer: options.cohortObserver,
      });
      const alerting = startAlerting(service, cohortService, settings, state, log);
      const upkeep = startUpkeep({ service, state, inbox, log, retention: settings.retention });
      return {
        ...service,
        cohortService,
        unready: () => service.unready() ?? cohortService.unready(),
        inbox,
        access: state.access,
        state,
        async stop() {
          await Promise.all([upkeep.stop(), alerting.stop(), service.stop(), cohortService.stop()]);
          await inbox.close();
          state.close();
        },
      };
    } catch (error) {
      await inbox.close();
      throw error;
    }
  } catch (error) {
    state.close();
    throw error;
  }
}
