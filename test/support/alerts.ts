import type {
  Alert,
  Alerts,
  ConnectionState,
  ConnectionStatus,
} from '../../src/core/connections.ts';
import { type AlertsOptions, type AlertWatch, createAlerts } from '../../src/alerts/alerts.ts';
import type { Message } from '../../src/alerts/message.ts';
import type { Notifier } from '../../src/alerts/notifier.ts';
import type { AlertConnection } from '../../src/alerts/rules.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** 2026-10-12T08:00:00Z: where the clock of every test on alerts begins. */
export const START = Date.UTC(2026, 9, 12, 8);

/** Alerts that outlive the watch but not the test. */
export function memoryAlerts(): Alerts & { rows: Map<string, Alert> } {
  const rows = new Map<string, Alert>();
  return {
    rows,
    list: () => Promise.resolve([...rows.values()]),
    put(alert) {
      rows.set(`${alert.kind} ${alert.connection}`, alert);
      return Promise.resolve();
    },
    remove(connection, kind) {
      rows.delete(`${kind} ${connection}`);
      return Promise.resolve();
    },
  };
}

/** A status of a connection that is well, but for what is said. */
export function statusOf(
  connection: string,
  now: number,
  more: Partial<ConnectionStatus> = {},
): ConnectionStatus {
  return {
    connection,
    state: { kind: 'idle' },
    lagSeconds: 0,
    deliveredAt: now,
    receivedAt: now,
    read: 0,
    delivered: 0,
    skipped: 0,
    deadLetters: 0,
    problems: 0,
    at: now,
    ...more,
  };
}

export const haltedState = (since: number): ConnectionState => ({
  kind: 'halted',
  since,
  detail: 'Mixpanel refuses the credentials (HTTP 401).',
  hint: 'Put the new secret into the connection and apply it.',
});

export const retryingState = (since: number): ConnectionState => ({
  kind: 'retrying',
  since,
  detail: 'Mixpanel does not take events: HTTP 503.',
});

export interface Sent extends Message {
  readonly address: string;
  readonly at: number;
}

/** A notifier that keeps what it is given. Addresses are the contacts of the connections, else `ops`. */
export function recorder(
  clock: { now: number },
  name = 'recorder',
): Notifier & { sent: Sent[]; attempts: number; fails: () => boolean; holdUp?: Promise<void> } {
  const notifier = {
    name,
    sent: [] as Sent[],
    attempts: 0,
    fails: () => false,
    addressOf: ({ email }: AlertConnection): string | undefined => email ?? 'ops',
    async send(address: string, message: Message): Promise<void> {
      notifier.attempts++;
      await (notifier as { holdUp?: Promise<void> }).holdUp;
      if (notifier.fails()) throw new Error(`${name} is out of order`);
      notifier.sent.push({ ...message, address, at: clock.now });
    },
  };
  return notifier;
}

export interface Watched {
  readonly clock: { now: number };
  readonly store: ReturnType<typeof memoryAlerts>;
  readonly logged: { text: string; facts: Readonly<Record<string, unknown>> }[];
  watch: AlertWatch;
  /** Ends the watch and starts another on the same store. */
  restart(): Promise<void>;
  /**
   * Looks every 5 seconds for `ms`, at what `statuses` gives for that time; messages are sent in between.
   * At least once.
   */
  look(
    ms: number,
    statuses: (now: number) => readonly ConnectionStatus[],
    connections?: readonly AlertConnection[],
  ): Promise<void>;
}

/** A watch with a clock of its own that only `look` moves. */
export function watched(
  notifiers: (clock: { now: number }) => readonly Notifier[],
  more: Partial<AlertsOptions> = {},
): Watched {
  const clock = { now: START };
  const logged: Watched['logged'] = [];
  const store = memoryAlerts();
  const options: AlertsOptions = {
    store,
    notifiers: notifiers(clock),
    now: () => clock.now,
    log: (text, facts) => logged.push({ text, facts }),
    ...more,
  };
  const self: Watched = {
    clock,
    store,
    logged,
    watch: createAlerts(options),
    async restart() {
      await self.watch.close(SECOND);
      self.watch = createAlerts(options);
    },
    async look(ms, statuses, connections) {
      const end = clock.now + ms;
      for (;;) {
        const now = statuses(clock.now);
        const known = connections ?? now.map(({ connection }) => aConnection(connection));
        await self.watch.check(now, known);
        await self.watch.settled();
        if (clock.now >= end) return;
        clock.now = Math.min(end, clock.now + 5 * SECOND);
      }
    },
  };
  return self;
}

export function aConnection(name: string, more: Partial<AlertConnection> = {}): AlertConnection {
  return { name, createdAt: START - 30 * DAY, ...more };
}
