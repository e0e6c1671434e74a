import type { Alert, Alerts, ConnectionState, ConnectionStatus } from '../core/connections.ts';
import { createDeadLetterWindow } from './dead-letter-window.ts';
import type { Log, Notifier } from './notifier.ts';
import { createOutbox, type Pace } from './outbox.ts';
import { type AlertConnection, type AlertRules, conditions, DEFAULT_RULES } from './rules.ts';
import { createTracker, type Hysteresis, keyOf } from './tracker.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

export type AlertTiming = Hysteresis & Pace;

export const DEFAULT_TIMING: AlertTiming = {
  settleMs: MINUTE,
  goneMs: 10 * MINUTE,
  spacingMs: 5 * MINUTE,
  backoffMs: 30 * SECOND,
  maxBackoffMs: 30 * MINUTE,
  endsForMs: 24 * 60 * MINUTE,
};

export interface AlertsOptions {
  readonly store: Alerts;
  readonly notifiers: readonly Notifier[];
  readonly rules?: Partial<AlertRules>;
  readonly timing?: Partial<AlertTiming>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
}

export interface AlertWatch {
  /**
   * To be called every few seconds with the status of every connection there is, paused ones too. Never rejects, and
   * never waits for a message to be sent.
   */
  check(
    statuses: readonly ConnectionStatus[],
    connections: readonly AlertConnection[],
  ): Promise<void>;
  /** When no message is under way. */
  settled(): Promise<void>;
  /** Starts no message any more, and gives those under way `graceMs` to end. */
  close(graceMs: number): Promise<void>;
}

/** Watches connections and tells people once when something is wrong, and once when that is over. */
export function createAlerts(options: AlertsOptions): AlertWatch {
  const { store, notifiers, now, log } = options;
  const rules = { ...DEFAULT_RULES, ...options.rules };
  const timing = { ...DEFAULT_TIMING, ...options.timing };
  const startedAt = now();
  const window = createDeadLetterWindow();
  const tracker = createTracker(timing);
  const stop = new AbortController();
  /** What the store is to hold. */
  const rows = new Map<string, Alert>();
  const book = createBook(store, rows, log);
  const outbox = createOutbox({
    notifiers,
    pace: timing,
    now,
    log,
    signal: stop.signal,
    onTold({ begun, ended }) {
      for (const key of begun) {
        const row = rows.get(key);
        if (row) rows.set(key, { ...row, toldAt: now() });
      }
      // Once somebody knows that it is over, another start of the process must not tell it again.
      for (const key of ended) if (!tracker.held.has(key)) rows.delete(key);
      return book.sync();
    },
  });
  let loaded = false;
  let checking: Promise<void> | undefined;
  let closed = false;

  async function load(): Promise<void> {
    const alerts = await book.load();
    if (!alerts) return;
    loaded = true;
    tracker.restore(alerts);
    for (const alert of alerts) rows.set(keyOf(alert), alert);
    outbox.restore(
      new Map(
        alerts.flatMap((alert) => (alert.toldAt === null ? [] : [[keyOf(alert), alert.toldAt]])),
      ),
    );
  }

  async function checkOnce(
    statuses: readonly ConnectionStatus[],
    connections: readonly AlertConnection[],
  ): Promise<void> {
    // Without what was told before, everything would be told again.
    if (!loaded) await load();
    if (!loaded || closed) return;
    const at = now();
    window.note(statuses, at);
    const context = {
      connections,
      startedAt,
      deadLetters: (name: string) => window.lastHour(name, at),
    };
    const { begun, ended } = tracker.update(conditions(statuses, context, rules, at), at);
    for (const { connection, kind, detail, since } of begun) {
      log('alert begins', { connection, kind, detail });
      const key = keyOf({ connection, kind });
      // Back before anybody could be told that it was over: they still believe in it.
      const toldAt = rows.get(key)?.toldAt ?? null;
      rows.set(key, { connection, kind, detail, since, toldAt });
    }
    for (const { connection, kind } of ended) log('alert is over', { connection, kind });
    const states = new Map(statuses.map(({ connection, state }) => [connection, state]));
    const names = new Set(connections.map(({ name }) => name));
    outbox.post({
      held: tracker.held,
      connections,
      nowOf: (name) => stateText(names.has(name), states.get(name)),
    });
    for (const key of rows.keys())
      if (!tracker.held.has(key) && !outbox.believed(key)) rows.delete(key);
    await book.sync();
  }

  return {
    check(statuses, connections) {
      checking ??= checkOnce(statuses, connections).finally(() => {
        checking = undefined;
      });
      return checking;
    },
    settled: outbox.settled,
    async close(graceMs) {
      closed = true;
      await checking;
      const timer = setTimeout(() => stop.abort(new Error('the service stops')), graceMs);
      await outbox.settled();
      clearTimeout(timer);
    },
  };
}

function stateText(isThere: boolean, state: ConnectionState | undefined): string {
  if (!isThere) return 'deleted';
  return state?.kind.replace('-', ' ') ?? 'not known';
}

interface Book {
  load(): Promise<Alert[] | undefined>;
  /** Brings the store in line with the rows. What can't be written now is written by a later call. */
  sync(): Promise<void>;
}

/** A store that fails must not keep people from being told: that is said once, and tried again at the next call. */
function createBook(store: Alerts, rows: ReadonlyMap<string, Alert>, log: Log): Book {
  const stored = new Map<string, Alert>();
  let failing = false;
  let last: Promise<unknown> = Promise.resolve();

  async function attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await act();
      failing = false;
      return result;
    } catch (error) {
      if (!failing)
        log('alerts can not be kept', {
          error: error instanceof Error ? error.message : String(error),
        });
      failing = true;
      return undefined;
    }
  }

  async function write(): Promise<void> {
    for (const [key, row] of rows) {
      if (stored.get(key) === row) continue;
      await store.put(row);
      stored.set(key, row);
    }
    for (const [key, { connection, kind }] of stored) {
      if (rows.has(key)) continue;
      await store.remove(connection, kind);
      stored.delete(key);
    }
  }

  return {
    load: () =>
      attempt(async () => {
        const alerts = await store.list();
        for (const alert of alerts) stored.set(keyOf(alert), alert);
        return alerts;
      }),
    sync() {
      const next = last.then(() => attempt(write));
      last = next;
      return next.then(() => undefined);
    },
  };
}
