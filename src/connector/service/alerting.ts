import { createAlerts } from '../../alerts/alerts.ts';
import { createEmail } from '../../alerts/email.ts';
import { type AlertConnection, API_SECRET_RETIRES } from '../../alerts/rules.ts';
import { createWebhook, webhookSettings } from '../../alerts/webhook.ts';
import type { Alerts } from '../../core/connections.ts';
import type { Log, LogFields } from '../../core/log.ts';
import type { ConnectionSpec } from '../connection.ts';
import type { ServiceSettings } from '../service-settings.ts';
import type { Service } from './service.ts';
import { every } from './timer.ts';

const CHECK_MS = 5000;
const CLOSE_MS = 5000;

/** Watches the connections of a service and tells people, for as long as it is not stopped. */
export function startAlerting(
  service: Pick<Service, 'statuses' | 'specs'>,
  { smtp, alerts }: ServiceSettings,
  store: Alerts,
  log: Log,
): { stop(): Promise<void> } {
  const { contact, webhook, ...rules } = alerts;
  const watch = createAlerts({
    store,
    notifiers: [
      ...(smtp ? [createEmail(smtp, contact)] : []),
      createWebhook(webhookSettings.parse({ url: webhook })),
    ],
    rules,
    now: Date.now,
    log: (text, facts) => log.warn(text, facts as LogFields),
  });
  const timer = every(CHECK_MS, () =>
    watch.check(service.statuses(), service.specs().map(alertConnection)),
  );
  return {
    async stop() {
      await timer.stop();
      await watch.close(CLOSE_MS);
    },
  };
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
