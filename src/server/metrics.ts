import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Advance } from '../core/batch.ts';
import type { Cohort, CohortImportStatus } from '../core/cohorts.ts';
import type { ConnectionState, ConnectionStatus } from '../core/connections.ts';

/** What is looked at when the metrics are asked for. */
export interface MetricsView {
  statuses(): readonly ConnectionStatus[];
  inbox(): readonly { connection: string; pushes: number; bytes: number }[];
  inFlightBytes(): number;
  imports(): readonly CohortImportStatus[];
  cohorts(): Promise<readonly Cohort[]>;
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
  /** A request with changes of cohorts. */
  cohortSent(cohortImport: string, outcome: string, seconds: number): void;
  /** Users that were written to Braze, or refused, by what was to be done. */
  cohortWritten(cohortImport: string, users: Readonly<Record<string, number>>): void;
  forgetImport(cohortImport: string): Promise<void>;
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
  const cohortRequests = counter(
    'sluice_cohort_requests_total',
    'Requests with changes of cohorts, by answer',
    ['import', 'outcome'],
  );
  const cohortUsers = counter(
    'sluice_cohort_users_written_total',
    'Users taken into cohorts or out of them in Braze, or refused',
    ['import', 'change'],
  );
  const cohortSeconds = new Histogram({
    name: 'sluice_cohort_request_seconds',
    help: 'Time until the destination of cohorts answered',
    labelNames: ['import'],
    buckets: SECONDS,
    registers,
  });
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
  gauge(
    'sluice_cohort_import_state',
    '1 for the state that a cohort import is in',
    ['import', 'state'],
    (set) => {
      for (const { import: name, state } of view.imports())
        for (const kind of STATES) set({ import: name, state: kind }, kind === state.kind ? 1 : 0);
    },
  );
  gauge(
    'sluice_cohort_users',
    'Members of cohorts, by what is known of them',
    ['import', 'cohort', 'kind'],
    async (set) => {
      for (const each of await view.cohorts()) {
        const { import: name, cohortId: cohort } = each;
        const kinds = {
          ...{ members: each.members, in_braze: each.inBraze, unmatched: each.unmatched },
          ...{ refused: each.refused, suppressed: each.suppressed },
          ...{ pending_adds: each.pendingAdds, pending_removes: each.pendingRemoves },
        };
        for (const [kind, n] of Object.entries(kinds)) set({ import: name, cohort, kind }, n);
      }
    },
  );
  gauge(
    'sluice_cohort_held',
    '1 while a cohort waits for a person',
    ['import', 'cohort'],
    async (set) => {
      for (const { import: name, cohortId: cohort, held } of await view.cohorts())
        set({ import: name, cohort }, held ? 1 : 0);
    },
  );
  gauge('sluice_in_flight_bytes', 'Bytes of bodies being sent', [], (set) => {
    set({}, view.inFlightBytes());
  });

  /** Its values are taken anew whenever the metrics are asked for. */
  function gauge(
    name: string,
    help: string,
    labelNames: readonly string[],
    fill: (set: (labels: Record<string, string>, value: number) => void) => void | Promise<void>,
  ): void {
    const made = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [],
      async collect() {
        this.reset();
        await fill((labels, value) => this.set(labels, value));
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
    cohortSent(name, outcome, seconds) {
      cohortRequests.inc({ import: name, outcome });
      cohortSeconds.observe({ import: name }, seconds);
    },
    cohortWritten(name, users) {
      for (const [change, n] of Object.entries(users))
        if (n > 0) cohortUsers.inc({ import: name, change }, n);
    },
    async forgetImport(name) {
      for (const each of [cohortCalls, cohortRequests, cohortUsers])
        await removeAll(each, 'import', name);
      cohortSeconds.remove({ import: name });
    },
    async forget(connection) {
      for (const each of [read, delivered, skipped, deadLetters, requests, retries, pushes])
        await removeAll(each, 'connection', connection);
      await removeAll(pushedBytes, 'connection', connection);
      for (const each of [sendSeconds, pushSeconds]) each.remove({ connection });
    },
  };
}

/** Removes every series with this value of a label, whatever its other labels. */
async function removeAll(counter: Counter, label: string, value: string): Promise<void> {
  for (const { labels } of (await counter.get()).values)
    if ((labels as Record<string, unknown>)[label] === value) counter.remove(labels);
}
