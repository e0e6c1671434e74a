import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identification } from '../../src/cohorts/identity.ts';
import { parseWebhook, readWebhook } from '../../src/cohorts/webhook.ts';
import { type CohortService, startCohortService } from '../../src/connector/cohorts/service.ts';
import { parseCohortImport } from '../../src/connector/cohorts/spec.ts';
import type { CohortAction } from '../../src/core/cohorts.ts';
import { type BrazeSandbox, startBrazeSandbox } from '../../src/sandbox/braze-rest/server.ts';
import { openState, type State } from '../../src/state/state.ts';
import { cohortCall } from '../support/cohort-call.ts';
import { cohortModel, type ModelCall } from '../support/cohort-model.ts';

const USERS = 30;
const ATTRIBUTE = 'mp_cohort_7';
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const observer = {
  ...{ secrets: () => undefined, gone: () => undefined },
  ...{ sent: () => undefined, written: () => undefined },
};

/** What Braze does to the next requests. */
const FAULTS = [
  { kind: 'status', status: 429, match: { requests: 3 } },
  { kind: 'status', status: 503, when: 'after', match: { requests: 2 } },
  { kind: 'status', status: 413, match: { requests: 1 } },
  { kind: 'reset', when: 'before', match: { requests: 2 } },
  { kind: 'reset', when: 'after', match: { requests: 2 } },
  { kind: 'errors', every: 2, match: { requests: 1 } },
  { kind: 'errors', every: 3, indexed: false, match: { requests: 2 } },
  { kind: 'slow', delayMs: 30, match: { requests: 4 } },
] as const;

const spec = (braze: BrazeSandbox) => ({
  name: 'main',
  destination: {
    ...{ kind: 'users-track', instance: braze.url, apiKey: 'sandbox-braze-key' },
    ...{ batchSize: 5, requestsPerSecond: 1000, timeoutMs: 2000 },
  },
  // The model knows no guard.
  guard: { share: 1, empties: false },
  spacing: 0,
});

/** A service that is stopped at once, whatever is under way, and started again: as a crash, but for the file locks. */
async function start(state: State): Promise<CohortService> {
  return startCohortService({ state, log: quiet, observer, backoffMs: 1, graceMs: 0 });
}

async function isQuiet({ cohorts }: State, id: number): Promise<boolean> {
  const { pendingAdds, pendingRemoves, refused } = (await cohorts.get(id))!;
  const [{ isUnsettled }, syncs] = [
    await cohorts.pending(id),
    await cohorts.syncs(id, { limit: 50 }),
  ];
  return (
    pendingAdds + pendingRemoves + refused === 0 &&
    !isUnsettled &&
    syncs.every(({ state }) => state !== 'applying')
  );
}

const aCall: fc.Arbitrary<ModelCall> = fc
  .record({
    action: fc.constantFrom<CohortAction>('members', 'add_members', 'remove_members'),
    session: fc.constantFrom('s1', 's2', 's3', 's4', 's5'),
    pages: fc.constantFrom(1, 1, 1, 2, 3),
    page: fc.nat(2),
    members: fc.uniqueArray(fc.nat(USERS - 1), { maxLength: 15 }),
  })
  .map((each) => ({ ...each, page: (each.page % each.pages) + 1 }));
type Step = { call: ModelCall } | { again: number } | { fault: number } | 'crash' | 'wait';
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: aCall.map((call) => ({ call })) },
  { weight: 1, arbitrary: fc.nat(20).map((again) => ({ again })) },
  { weight: 2, arbitrary: fc.nat(FAULTS.length - 1).map((fault) => ({ fault })) },
  { weight: 4, arbitrary: fc.constantFrom('crash' as const, 'wait' as const, 'wait' as const) },
);

/** Does the steps and waits until all is written. Gives what Braze has, what it should have, and what was written. */
async function live(steps: readonly Step[]) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-model-'));
  const braze = await startBrazeSandbox({ existing: 'all' });
  const state = openState(folder);
  const model = cohortModel();
  const identify = identification(parseCohortImport(spec(braze)).identity);
  const calls: ModelCall[] = [];
  let id: number | undefined;
  let service: CohortService | undefined;
  try {
    await state.cohortImports.put('main', spec(braze), 0);
    service = await start(state);
    const receive = async (call: ModelCall): Promise<void> => {
      const { action, session, page = 1, pages = 1, members } = call;
      const more = {
        mixpanel_session_id: session,
        page_info: { total_pages: pages, page_count: page },
      };
      const read = readWebhook(
        parseWebhook(JSON.stringify(cohortCall('7', members, more, action))),
        identify,
      );
      if (read.kind !== 'page') throw new Error(read.message);
      calls.push(call);
      model.call(call);
      id = (await service!.receive('main', read.page, Date.now())).cohort;
    };
    for (const step of steps)
      if (step === 'crash') {
        await service.stop();
        service = await start(state);
      } else if (step === 'wait') await delay(60);
      else if ('call' in step) await receive(step.call);
      else if ('fault' in step) braze.faults.set([FAULTS[step.fault]!]);
      else if (calls.length > 0) await receive(calls[step.again % calls.length]!);
    if (id === undefined) return undefined;
    braze.faults.set([]);
    // What its sender gave up counts for nothing.
    await state.cohorts.expire('main', Date.now() + 1, Date.now());
    const until = Date.now() + 30_000;
    while (!(await isQuiet(state, id)) && Date.now() < until) await delay(10);
    const users = Array.from(
      { length: USERS },
      (_, n) => ({ kind: 'external_id', id: `u${n}` }) as const,
    );
    return {
      held: users
        .filter((user) => braze.attributes(user)?.[ATTRIBUTE] === true)
        .map((user) => user.id),
      wanted: users.filter((_, n) => model.members().has(n)).map((user) => user.id),
      writes: users.map((user) => braze.writes(user).map(({ value }) => value)),
    };
  } finally {
    await service?.stop();
    state.close();
    await braze.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test('after any calls, crashes and faults of Braze, Braze holds what Mixpanel last said', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { minLength: 3, maxLength: 25 }), async (steps) => {
      const end = await live(steps);
      if (end) expect(end.held).toEqual(end.wanted);
    }),
    { numRuns: 30, endOnFailure: true },
  );
}, 240_000);

test('without faults nobody is written who does not change', async () => {
  const calm = aStep.filter(
    (step) => step !== 'crash' && !(typeof step === 'object' && 'fault' in step),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(calm, { minLength: 3, maxLength: 20 }), async (steps) => {
      const end = await live(steps);
      if (!end) return;
      expect(end.held).toEqual(end.wanted);
      for (const values of end.writes)
        expect(values.filter((value, i) => value === (i === 0 ? false : values[i - 1]))).toEqual(
          [],
        );
    }),
    { numRuns: 15, endOnFailure: true },
  );
}, 240_000);
