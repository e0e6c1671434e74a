import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Advance } from '../core/batch.ts';
import type { ConnectionState, ConnectionStatus } from '../core/connections.ts';

/** What is looked at when the metrics are asked for. */
export interface MetricsView {
  statuses(): readonly ConnectionStatus[];
  inbox(): readonly { connection: string; pushes: number; bytes: number }[];
  inFlightBytes(): number;
  /** Types that may be a label; all others are counted as `other`, so that data can't make new series. */
  readonly eventTypes: ReadonlySet<string>;
}

export interface Metrics {
  readonly contentType: string;
  /** The text that Prometheus reads. */
  text(): Promise<string>;
  settled(connection: string, advances: readonly Advance[]): void;
  sent(connection: string, outcome: string, seconds: number): void;
  pushed(connection: string, status: number, seconds: number, bytes: number): void;
  /** A call of the cohort webhook; `cohortImport`: '' when no key let it in. */
  cohortCalled(cohortImport: string, action: string, status: number): void;
  /** A connection is gone: so are its series. */
  forget(connection: string): Promise<void>;
}

const STATES: readonly ConnectionState['kind'][] = [
  'idle',
  'active',
  'catching-up',
  'retrying',
  'halted',
  'paused',
];

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Prometheus metrics of the service. See docs/guides/operate.md for what each means. */
export function createMetrics(view: MetricsView): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register, prefix: 'sluice_' });
  const perType = ['connection', 'event_type'];
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
    new Counter({ name, help, labelNames: [...labelNames], registers });

  const read = counter('sluice_events_read_total', 'Records read', perType);
  const delivered = counter('sluice_events_delivered_total', 'Events delivered', perType);
  const skipped = counter('sluice_events_skipped_total', 'Records not sent on purpose', [
    ...perType,
    'reason',
  ]);
  const deadLetters = counter('sluice_dead_letters_total', 'Records kept as dead letters', perType);
  const requests = counter('sluice_requests_total', 'Requests to the destination, by answer', [
    'connection',
    'outcome',
  ]);
  const retries = counter('sluice_retries_total', 'Requests that have to be made again', [
    'connection',
  ]);
  const pushes = counter('sluice_pushes_total', 'Requests to the inbox, by HTTP status', [
    'connection',
    'status',
  ]);
  const pushedBytes = counter('sluice_pushed_bytes_total', 'Bytes of bodies made durable', [
    'connection',
  ]);
  const cohortCalls = counter(
    'sluice_cohort_calls_total',
    'Calls of the cohort webhook, by HTTP status; without an import: no key let them in',
    ['import', 'action', 'status'],
  );
  const sendSeconds = new Histogram({
    name: 'sluice_request_seconds',
    help: 'Time until the destination answered',
    labelNames: ['connection'],
    buckets: SECONDS,
    registers,
  });
  const pushSeconds = new Histogram({
    name: 'sluice_push_seconds',
    help: 'Time until a push was answered',
    labelNames: ['connection'],
    buckets: SECONDS,
    registers,
  });
  gauge(
    'sluice_lag_seconds',
    'Age of the oldest data that is not settled',
    ['connection'],
    (set) => {
      for (const each of view.statuses()) set({ connection: each.connection }, each.lagSeconds);
    },
  );
  gauge(
    'sluice_connection_state',
    '1 for the state that a connection is in',
    ['connection', 'state'],
    (set) => {
      for (const { connection, state } of view.statuses())
        for (const kind of STATES) set({ connection, state: kind }, kind === state.kind ? 1 : 0);
    },
  );
  gauge(
    'sluice_unreadable_slices',
    'Files that can not be read to their end',
    ['connection'],
    (set) => {
      for (const each of view.statuses()) set({ connection: each.connection }, each.problems);
    },
  );
  gauge('sluice_inbox_pushes', 'Pushes that wait in the inbox', ['connection'], (set) => {
    for (const { connection, pushes: n } of view.inbox()) set({ connection }, n);
  });
  gauge('sluice_inbox_bytes', 'Bytes that wait in the inbox', ['connection'], (set) => {
    for (const { connection, bytes } of view.inbox()) set({ connection }, bytes);
  });
  gauge('sluice_in_flight_bytes', 'Bytes of bodies being sent', [], (set) => {
    set({}, view.inFlightBytes());
  });

  /** Its values are taken anew whenever the metrics are asked for. */
  function gauge(
    name: string,
    help: string,
    labelNames: readonly string[],
    fill: (set: (labels: Record<string, string>, value: number) => void) => void,
  ): void {
    const made = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [],
      collect() {
        this.reset();
        fill((labels, value) => this.set(labels, value));
      },
    });
    register.registerMetric(made);
  }

  const typeOf = (type: string): string => (view.eventTypes.has(type) ? type : 'other');

  return {
    contentType: register.contentType,
    text: () => register.metrics(),
    settled(connection, advances) {
      for (const { counts } of advances)
        for (const [type, each] of counts) {
          const labels = { connection, event_type: typeOf(type) };
          read.inc(labels, each.read);
          delivered.inc(labels, each.delivered);
          deadLetters.inc(labels, each.deadLetters);
          for (const [reason, n] of Object.entries(each.skipped))
            skipped.inc({ ...labels, reason }, n);
        }
    },
    sent(connection, outcome, seconds) {
      requests.inc({ connection, outcome });
      if (outcome === 'retry') retries.inc({ connection });
      sendSeconds.observe({ connection }, seconds);
    },
    pushed(connection, status, seconds, bytes) {
      pushes.inc({ connection, status: String(status) });
      if (bytes > 0) pushedBytes.inc({ connection }, bytes);
      pushSeconds.observe({ connection }, seconds);
    },
    cohortCalled(cohortImport, action, status) {
      cohortCalls.inc({ import: cohortImport, action, status: String(status) });
    },
    async forget(connection) {
      for (const each of [read, delivered, skipped, deadLetters, requests, retries, pushes])
        await removeAll(each, connection);
      await removeAll(pushedBytes, connection);
      for (const each of [sendSeconds, pushSeconds]) each.remove({ connection });
    },
  };
}

/** Removes every series of a connection, whatever its other labels. */
async function removeAll(counter: Counter, connection: string): Promise<void> {
  for (const { labels } of (await counter.get()).values)
    if ((labels as Record<string, unknown>)['connection'] === connection) counter.remove(labels);
}
