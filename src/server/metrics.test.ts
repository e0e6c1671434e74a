import { expect, test } from 'vitest';
import type { Advance } from '../core/batch.ts';
import { countsOf, type Counts } from '../core/counts.ts';
import type { ConnectionStatus } from '../core/connections.ts';
import { createMetrics, type Metrics } from './metrics.ts';

const CLICK = 'users.messages.email.Click';

const status = (connection: string, state: ConnectionStatus['state']): ConnectionStatus => ({
  connection,
  state,
  lagSeconds: 7,
  deliveredAt: null,
  receivedAt: null,
  read: 0,
  delivered: 0,
  skipped: 0,
  deadLetters: 0,
  problems: 2,
  at: 0,
});

function metricsOf(statuses: ConnectionStatus[]): Metrics {
  return createMetrics({
    statuses: () => statuses,
    inbox: () => [{ connection: 'push', pushes: 3, bytes: 300 }],
    inFlightBytes: () => 42,
    imports: () => [],
    cohorts: () => Promise.resolve([]),
    eventTypes: new Set([CLICK]),
  });
}

function advance(type: string): Advance {
  const counts: Counts = new Map();
  Object.assign(countsOf(counts, type), {
    read: 6,
    delivered: 3,
    deadLetters: 1,
    skipped: { not_selected: 2 },
  });
  return {
    slice: { id: 'a', version: '1', format: 'avro' },
    position: { offset: 0, index: 0, record: 0 },
    done: true,
    counts,
  };
}

const seriesOf = async (metrics: Metrics): Promise<string[]> =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith('sluice_'));

test('what was settled is counted by connection, type and reason', async () => {
  const metrics = metricsOf([]);
  metrics.settled('c', [advance(CLICK), advance(CLICK)]);
  const series = await seriesOf(metrics);
  const labels = `connection="c",event_type="${CLICK}"`;
  expect(series).toEqual(
    expect.arrayContaining([
      `sluice_events_read_total{${labels}} 12`,
      `sluice_events_delivered_total{${labels}} 6`,
      `sluice_events_skipped_total{${labels},reason="not_selected"} 4`,
      `sluice_dead_letters_total{${labels}} 2`,
    ]),
  );
});

test('types that nobody knows make one series, however many there are', async () => {
  const metrics = metricsOf([]);
  for (let i = 0; i < 1000; i++) metrics.settled('c', [advance(`made.up.${i}`)]);
  const series = await seriesOf(metrics);
  expect(series.filter((line) => line.startsWith('sluice_events_read_total'))).toEqual([
    'sluice_events_read_total{connection="c",event_type="other"} 6000',
  ]);
});

test('states, lag, inbox and memory are as they are when asked', async () => {
  const statuses = [status('c', { kind: 'halted', since: 0, detail: '', hint: '' })];
  const metrics = metricsOf(statuses);
  expect(await seriesOf(metrics)).toEqual(
    expect.arrayContaining([
      'sluice_lag_seconds{connection="c"} 7',
      'sluice_connection_state{connection="c",state="halted"} 1',
      'sluice_connection_state{connection="c",state="idle"} 0',
      'sluice_unreadable_slices{connection="c"} 2',
      'sluice_inbox_pushes{connection="push"} 3',
      'sluice_inbox_bytes{connection="push"} 300',
      'sluice_in_flight_bytes 42',
    ]),
  );
  statuses.length = 0;
  expect((await seriesOf(metrics)).join()).not.toContain('connection="c"');
});

test('requests and pushes are counted and timed; a retry is counted apart', async () => {
  const metrics = metricsOf([]);
  metrics.sent('c', 'retry', 0.2);
  metrics.sent('c', 'settled', 0.2);
  metrics.pushed('c', 200, 0.001, 50);
  metrics.pushed('c', 503, 0.001, 0);
  expect(await seriesOf(metrics)).toEqual(
    expect.arrayContaining([
      'sluice_requests_total{connection="c",outcome="retry"} 1',
      'sluice_requests_total{connection="c",outcome="settled"} 1',
      'sluice_retries_total{connection="c"} 1',
      'sluice_request_seconds_count{connection="c"} 2',
      'sluice_pushes_total{connection="c",status="503"} 1',
      'sluice_pushed_bytes_total{connection="c"} 50',
      'sluice_push_seconds_count{connection="c"} 2',
    ]),
  );
});

test('a connection that is gone leaves no series behind', async () => {
  const metrics = metricsOf([]);
  for (const name of ['c', 'other']) {
    metrics.settled(name, [advance(CLICK)]);
    metrics.sent(name, 'retry', 0.2);
    metrics.pushed(name, 200, 0.001, 50);
  }
  await metrics.forget('c');
  const series = (await seriesOf(metrics)).join('\n');
  expect(series).not.toContain('connection="c"');
  expect(series).toContain('connection="other"');
});
