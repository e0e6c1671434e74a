import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { newImportKey } from '../../src/cohorts/import-key.ts';
import type { Cohort } from '../../src/core/cohorts.ts';
import { startBrazeSandbox } from '../../src/sandbox/braze-rest/server.ts';
import { openState } from '../../src/state/state.ts';
import { mixpanelSender } from '../support/mixpanel-sender.ts';
import { randomFrom } from '../support/random.ts';
import { openScene, type Scene } from '../support/scene.ts';
import { eventually, launchService, startService } from '../support/service.ts';

/** Half of what is run before a release, so that all tests together end in time: SLUICE_CRASH_KILLS=200. */
const KILLS = Number(process.env['SLUICE_CRASH_KILLS'] ?? 100);
const SEED = Number(process.env['SLUICE_CRASH_SEED'] ?? Date.now() % 2 ** 31);

const COHORTS = ['71', '72', '73'];
const USERS = 120;
/** How long a service lives at most once it serves; every other one is killed before. */
const LIFE_MS = 300;
const ANSWER_MS = 25;

/** Users whose write was under way, as the killed process left them: `cohort user`. */
function inDoubt(scene: Scene): string[] {
  const db = new Database(join(scene.data, 'sluice.db'));
  try {
    return db
      .prepare<[], string>(
        `SELECT c.cohort_id || ' ' || substr(u.user, length('external_id:') + 1)
         FROM cohort_users u JOIN cohorts c ON c.id = u.cohort WHERE u.sent >= 2`,
      )
      .pluck()
      .all();
  } finally {
    db.close();
  }
}

/** What the service has of each cohort; it may be running. */
async function cohortsOf(scene: Scene): Promise<{ all: Cohort[]; isSettled: boolean }> {
  const state = openState(scene.data, { readonly: true });
  try {
    const all = await state.cohorts.list({ limit: 10 });
    const unsettled = await Promise.all(
      all.map(async ({ id, pendingAdds, pendingRemoves }) => {
        const { isUnsettled } = await state.cohorts.pending(id);
        return isUnsettled || pendingAdds + pendingRemoves > 0;
      }),
    );
    return { all, isSettled: !unsettled.includes(true) };
  } finally {
    state.close();
  }
}

test(
  `kill -9 between webhook and Braze at ${KILLS} random instants: Braze holds what Mixpanel last said, and only doubtful users were written in vain`,
  { timeout: 900_000 },
  async () => {
    // oxlint-disable-next-line no-console -- a failure can be repeated only with its seed
    console.log(`cohort crash test: SLUICE_CRASH_SEED=${SEED}`);
    const random = randomFrom(SEED);
    await using scene = await openScene();
    const braze = await startBrazeSandbox({ existing: 'all', trackLimit: 'off' });
    const spec = {
      name: 'main',
      destination: {
        ...{ kind: 'users-track', instance: braze.url, apiKey: 'sandbox-braze-key' },
        ...{ batchSize: 5, requestsPerSecond: 1000 },
      },
      guard: { share: 1, empties: false },
      spacing: 0,
      expire: 60,
    };
    const { key, hint, digest } = newImportKey();
    {
      const state = openState(scene.data);
      await state.cohortImports.put('main', spec, 0);
      await state.cohortImports.addKey({ import: 'main', note: '', hint, digest, at: 0 });
      state.close();
    }
    braze.faults.set([
      { kind: 'status', status: 503, match: { every: 19 } },
      { kind: 'slow', delayMs: ANSWER_MS },
    ]);
    const senders = COHORTS.map((cohortId) =>
      mixpanelSender({ cohortId, key, users: USERS, pageSize: 25, random }),
    );
    const goTo = (url: string | undefined): void => senders.forEach((each) => each.goTo(url));
    const start = { cohortImports: [spec] };
    const doubts = new Map<string, number>();
    let startMs: number;
    {
      const begun = performance.now();
      const service = await startService(scene, [], start);
      startMs = performance.now() - begun;
      await service.kill();
    }
    const startedAt = performance.now();
    let served = 0;
    let inTheMiddle = 0;
    let doubtfulBefore: ReadonlySet<string> = new Set();
    let requests = 0;
    for (let kills = 0; kills < KILLS; kills++) {
      const begun = performance.now();
      const service = await launchService(scene, [], start);
      if (random() < 0.5) await delay(random() * startMs);
      else {
        const ended = service.process.result.then(({ stderr: words }) => {
          throw new Error(`the service did not start: ${words}`);
        });
        ended.catch(() => undefined);
        goTo(await Promise.race([service.serving, ended]));
        served++;
        startMs = performance.now() - begun;
        await delay(random() * LIFE_MS);
      }
      goTo(undefined);
      const { signal, stderr } = await service.kill();
      expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
      const doubtful = new Set(inDoubt(scene));
      const { total } = braze.stats().requests;
      // Who was doubtful before is so again only if something was written since.
      const anew = [...doubtful].filter((each) => total > requests || !doubtfulBefore.has(each));
      if (anew.length > 0) inTheMiddle++;
      for (const each of anew) doubts.set(each, (doubts.get(each) ?? 0) + 1);
      doubtfulBefore = doubtful;
      requests = total;
    }
    const killedMs = performance.now() - startedAt;

    const last = await startService(scene, [], start);
    goTo(last.url);
    const counts = await Promise.all(senders.map((each) => each.end()));
    const { all } = await eventually(
      () => cohortsOf(scene),
      ({ all: cohorts, isSettled }) => cohorts.length === COHORTS.length && isSettled,
    );
    const { code, stderr } = await last.stop();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await braze.close();

    const idle = new Map<string, number>();
    let writes = 0;
    for (const { cohortId, members } of senders) {
      const attribute = `mp_cohort_${cohortId}`;
      const inside: number[] = [];
      for (let n = 0; n < USERS; n++) {
        const user = { kind: 'external_id', id: `u${n}` } as const;
        if (braze.attributes(user)?.[attribute] === true) inside.push(n);
        let before: unknown = false;
        for (const write of braze.writes(user)) {
          if (write.attribute !== attribute) continue;
          writes++;
          const place = `${cohortId} u${n}`;
          if (write.value === before) idle.set(place, (idle.get(place) ?? 0) + 1);
          before = write.value;
        }
      }
      expect(inside).toEqual([...members].toSorted((a, b) => a - b));
      const { inBraze, members: known } = all.find((each) => each.cohortId === cohortId)!;
      expect({ inBraze, known }).toEqual({ inBraze: members.size, known: members.size });
    }
    const inVain = [...idle.values()].reduce((sum, n) => sum + n, 0);
    const failed = counts.reduce((sum, each) => sum + each.failed, 0);
    const syncs = counts.reduce((sum, each) => sum + each.syncs, 0);
    // oxlint-disable-next-line no-console -- the figures are the point of this test
    console.log(
      `cohort crash test: ${KILLS} kills in ${Math.round(killedMs / 1000)} s, of which ${served} after it served and ` +
        `${inTheMiddle} with writes under way; ${syncs} syncs, ${failed} calls failed; ${writes} users written, ` +
        `${inVain} of them in vain, ${[...doubts.values()].reduce((sum, n) => sum + n, 0)} doubtful at a kill`,
    );
    // Each kill makes a user doubtful once, and so written in vain once at most.
    for (const [place, n] of idle)
      expect({ place, n: n <= (doubts.get(place) ?? 0) }).toEqual({ place, n: true });
    expect(served).toBeGreaterThan(KILLS / 4);
    expect(inTheMiddle).toBeGreaterThan(KILLS / 20);
    expect(failed).toBeGreaterThan(KILLS / 20);
  },
);
