import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CLICK, counts, settlement, slice } from '../../../test/contracts/ledger.ts';
import { totalOf } from '../../core/counts.ts';
import { hourOf } from '../../core/hours.ts';
import type { LogFields } from '../../core/log.ts';
import { openState } from '../../state/state.ts';
import { parseConnection } from '../connection.ts';
import { serviceSettings } from '../service-settings.ts';
import { replayName } from './jobs.ts';
import { startUpkeep, tidyUp } from './upkeep.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 5, 30, 12);

test('each connection remembers what may be listed again; a replay that has ended remembers nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-tidy-'));
  const state = openState(folder);
  try {
    const destination = {
      kind: 'mixpanel',
      region: 'eu',
      credentials: { kind: 'project-token', token: 'x'.repeat(32) },
    };
    const files = { name: 'files', source: { kind: 's3', bucket: 'bucket' }, destination };
    const pushes = {
      name: 'pushes',
      source: { kind: 'inbox', token: 'x'.repeat(16) },
      destination,
    };
    await state.connections.put('files', files, 1);
    const job = async () => {
      const added = await state.jobs.add(
        { connection: 'files', kind: 'replay', since: '2026-06-01-00', until: null },
        NOW,
      );
      return added.id;
    };
    const [ended, open] = [await job(), await job()];
    await state.jobs.set(ended, 'failed', 'why', NOW);
    const settle = async (
      connection: string,
      hoursAgo: number,
    ): Promise<() => Promise<boolean>> => {
      const hour = hourOf(NOW - hoursAgo * HOUR);
      const which = { ...slice(`${connection} ${hour}`), hour };
      const claim = await state.ledger.claim(connection, NOW);
      await state.ledger.settle(
        claim,
        settlement({
          slice: which,
          records: 1,
          done: true,
          counts: counts(CLICK, { read: 1, delivered: 1 }),
          at: NOW,
        }),
      );
      await state.ledger.endRun(claim, 'finished', null, NOW);
      return async () => (await state.ledger.progress(connection, which)) !== undefined;
    };
    const kept = [
      await settle('files', 168),
      await settle('deleted', 2160),
      await settle('pushes', 24),
      await settle(replayName('files', open), 500),
      await settle(replayName('files', open + 1), 500),
    ];
    const gone = [
      await settle('files', 169),
      await settle('deleted', 2161),
      await settle('pushes', 25),
      await settle(replayName('files', ended), 1),
    ];
    for (const connection of ['files', 'deleted', 'pushes'])
      await state.ledger.noteListed(connection, hourOf(NOW));

    for (const days of [399, 401])
      await state.access.audit.add({
        ...{
          at: NOW - days * 24 * HOUR,
          actor: 'a',
          action: 'b',
          target: String(days),
          detail: null,
        },
      });

    const said: LogFields[] = [];
    const log = {
      info: (_: string, fields: LogFields = {}) => said.push(fields),
      warn: () => undefined,
      error: () => undefined,
    };
    let inboxes = 0;
    const parts = {
      service: {
        specs: () => [files, pushes].map((each) => ({ spec: parseConnection(each), createdAt: 1 })),
      },
      state,
      inbox: {
        prune: () => {
          inboxes++;
          return Promise.resolve();
        },
      },
      log,
      retention: serviceSettings.parse({ retention: { runs: 1 } }).retention,
    };
    await tidyUp(parts, NOW, new AbortController().signal);
    expect(await Promise.all(kept.map((isKnown) => isKnown()))).toEqual(kept.map(() => true));
    expect(await Promise.all(gone.map((isKnown) => isKnown()))).toEqual(gone.map(() => false));
    expect(totalOf(await state.ledger.totals('files'))).toMatchObject({ read: 2, delivered: 2 });
    expect(said).toMatchObject([{ slices: 4 }]);
    expect((await state.ledger.listing('pushes')).prunedBefore).toBeUndefined();
    expect(await state.ledger.runs({ connection: 'files', limit: 9 })).toHaveLength(1);
    expect(await state.access.audit.list({ limit: 9 })).toMatchObject([{ target: '399' }]);
    expect(inboxes).toBe(1);
    await startUpkeep(parts).stop();
    expect(inboxes).toBe(1);
  } finally {
    state.close();
    await rm(folder, { recursive: true, force: true });
  }
});
