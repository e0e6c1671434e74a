import { expect, test } from 'vitest';
import { COHORT, linesOf } from '../../test/contracts/cohort-sink.ts';
import { entering } from '../../test/support/braze-lab.ts';
import type { CohortSink } from '../core/cohorts.ts';
import { deliver } from '../pipeline/deliver.ts';
import { createRateLimit } from '../pipeline/rate-limit.ts';
import { startBrazeSandbox } from '../sandbox/braze-rest/server.ts';
import { partnerCohortsSink } from './partner-cohorts.ts';
import { usersTrackSink } from './users-track.ts';

/** A clock that moves when somebody waits, for both sides; it starts in the middle of a window. */
function sharedClock() {
  let now = Date.UTC(2026, 2, 1, 12, 0, 1);
  return {
    now: () => now,
    wait: (ms: number) => {
      now += ms;
      return Promise.resolve();
    },
  };
}

async function run(
  sink: CohortSink,
  clock: ReturnType<typeof sharedClock>,
  requests: number,
  lanes: number,
): Promise<void> {
  const rateLimit = createRateLimit({ ...sink.rates, ...clock });
  const lines = linesOf(entering(1));
  const signal = AbortSignal.timeout(60_000);
  let left = requests;
  const lane = async (): Promise<void> => {
    while (left-- > 0)
      expect(await deliver(sink, lines, 1, { signal, rateLimit })).toMatchObject({
        kind: 'settled',
        requests: 1,
      });
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

test('users-track at the full documented rate is never told to slow down', async () => {
  const clock = sharedClock();
  const sandbox = await startBrazeSandbox({
    existing: 'all',
    clock: clock.now,
    // A hundredth of 3,000 in 3 seconds.
    trackLimit: { requests: 30, seconds: 3 },
  });
  const sink = usersTrackSink.open(
    usersTrackSink.settings.parse({
      instance: sandbox.url,
      apiKey: 'sandbox-braze-key',
      requestsPerSecond: 9.9,
    }),
  );
  try {
    const began = clock.now();
    await run(sink, clock, 400, sink.perCohort);
    expect(sandbox.stats().requests.byStatus).toEqual({ 201: 400 });
    // What is left of the rate is nine tenths of it, not a crawl.
    expect(400 / ((clock.now() - began) / 1000)).toBeGreaterThan(8.5);
  } finally {
    await sink.close();
    await sandbox.close();
  }
});

test('partner cohorts keep to their requests an hour', async () => {
  const clock = sharedClock();
  // A thousandth of an hour, in which a thousandth of the requests may come.
  const sandbox = await startBrazeSandbox({
    existing: 'all',
    clock: clock.now,
    partnerLimit: { requests: 250, seconds: 3.6 },
  });
  const settings = partnerCohortsSink.settings.parse({
    instance: sandbox.url,
    partner: 'sandbox',
    partnerApiKey: 'sandbox-partner-key',
    clientSecret: 'sandbox-data-import-key',
  });
  const opened = partnerCohortsSink.open(settings);
  expect(opened.rates.requests).toEqual({ count: 250_000, seconds: 3600 });
  const sink = { ...opened, rates: { ...opened.rates, requests: { count: 249, seconds: 3.6 } } };
  try {
    await sink.announce!(COHORT, AbortSignal.timeout(10_000));
    await clock.wait(5000);
    await run(sink, clock, 600, 1);
    expect(sandbox.stats().requests.byStatus).toEqual({ 201: 601 });
  } finally {
    await sink.close();
    await sandbox.close();
  }
});
