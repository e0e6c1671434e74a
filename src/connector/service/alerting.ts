import { createAlerts } from '../../alerts/alerts.ts';
import { createEmail } from '../../alerts/email.ts';
import { type AlertConnection, API_SECRET_RETIRES } from '../../alerts/rules.ts';
import { createWebhook, webhookSettings } from '../../alerts/webhook.ts';
import type { Cohort } from '../../core/cohorts.ts';
import type { Alerts, ConnectionStatus } from '../../core/connections.ts';
import type { Log, LogFields } from '../../core/log.ts';
import type { State } from '../../state/state.ts';
import type { CohortService } from '../cohorts/service.ts';
import type { ConnectionSpec } from '../connection.ts';
import type { ServiceSettings } from '../service-settings.ts';
import type { Service } from './service.ts';
import { every } from './timer.ts';

const CHECK_MS = 5000;
const CLOSE_MS = 5000;
const COHORTS = 1000;

/** Watches the connections and cohort imports of a service and tells people, for as long as it is not stopped. */
export function startAlerting(
  service: Pick<Service, 'statuses' | 'specs'>,
  imports: Pick<CohortService, 'statuses' | 'specs'>,
  { smtp, alerts }: ServiceSettings,
  state: Pick<State, 'alerts' | 'cohorts'>,
  log: Log,
): { stop(): Promise<void> } {
  const { contact, webhook, ...rules } = alerts;
  const watch = createAlerts({
    store: state.alerts satisfies Alerts,
    notifiers: [
      ...(smtp ? [createEmail(smtp, contact)] : []),
      createWebhook(webhookSettings.parse({ url: webhook })),
    ],
    rules,
    now: Date.now,
    log: (text, facts) => log.warn(text, facts as LogFields),
  });
  let held: readonly Cohort[] = [];
  const timer = every(CHECK_MS, async () => {
    try {
      const all = await state.cohorts.list({ limit: COHORTS });
      held = all.filter((each) => each.held !== null);
    } catch (error) {
      log.warn('what waits for a person can not be read', { detail: String(error) });
    }
    await watch.check(
      [...service.statuses(), ...imports.statuses().map(importStatus)],
      [
        ...service.specs().map(alertConnection),
        ...imports.specs().map(({ spec, createdAt }) => ({
          name: importName(spec.name),
          createdAt,
          ...(spec.contact === undefined ? {} : { email: spec.contact }),
          ...waits(held.filter((each) => each.import === spec.name)),
        })),
      ],
    );
  });
  return {
    async stop() {
      await timer.stop();
      await watch.close(CLOSE_MS);
    },
  };
}

/** Connections and imports may have the same names. */
function importName(name: string): string {
  return `cohort import ${name}`;
}

/** An import as the rules know connections: it has neither a lag nor dead letters. */
function importStatus(given: ReturnType<CohortService['statuses']>[number]): ConnectionStatus {
  const { import: name, state, writtenAt, at } = given;
  return {
    ...{ connection: importName(name), state, lagSeconds: 0, deliveredAt: writtenAt },
    // Cohorts that rest are no silence.
    receivedAt: at,
    ...{ read: 0, delivered: 0, skipped: 0, deadLetters: 0, problems: 0, at },
  };
}

function waits(held: readonly Cohort[]): { waits?: string } {
  if (held.length === 0) return {};
  const words = held.map(({ name, held: hold }) =>
    hold?.why === 'full'
      ? `${name} is not written: the array attribute has no room for another cohort`
      : `${name}: ${hold?.removes} of ${hold?.inBraze} users would leave`,
  );
  return { waits: `${words.join('; ')}.` };
}

function alertConnection({
  spec,
  createdAt,
}: {
  spec: ConnectionSpec;
  createdAt: number;
}): AlertConnection {
  const { name, contact, alerts, destination } = spec;
  const isOff = alerts === 'off';
  const { webhook, ...rules } = isOff || alerts === undefined ? {} : alerts;
  return {
    name,
    createdAt,
    off: isOff,
    rules,
    ...(destination.credentials.kind === 'api-secret'
      ? { expires: { what: 'The Mixpanel API secret', at: API_SECRET_RETIRES } }
      : {}),
    ...(contact === undefined ? {} : { email: contact }),
    ...(webhook === undefined ? {} : { webhook }),
  };
}
