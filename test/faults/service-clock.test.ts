import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isBalanced } from '../../src/core/counts.ts';
import { addHours, hourOf } from '../../src/core/hours.ts';
import {
  clicks,
  currentsFile,
  hourlyPath,
  idsOf,
  pushedClicks,
  put,
} from '../support/currents-file.ts';
import { insertIds, openScene, type Scene } from '../support/scene.ts';
import { booksOf, connection, eventually, push, PUSHED } from '../support/service.ts';
import { serveHere, type ServedHere } from '../support/served-here.ts';

const START = Date.UTC(2026, 5, 10, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

const FILE = 12;
const PUSH = 7;

/** One file of the next hour and one push, by the clock of Braze, which never jumps. */
async function arrive(scene: Scene, service: ServedHere, n: number): Promise<void> {
  const hour = addHours(hourOf(START), n);
  await put(scene.currents, hourlyPath(hour, `f${n}`), currentsFile(clicks(`f${n}`, FILE)));
  expect(await push(service.url, 'push', pushedClicks(`p${n}`, PUSH))).toBe(200);
}

function expectSane(service: ServedHere): void {
  for (const name of ['files', 'push']) {
    const { lagSeconds, state } = service.status(name);
    expect(lagSeconds).toBeGreaterThanOrEqual(0);
    expect(Number.isInteger(lagSeconds)).toBe(true);
    if (state.kind === 'catching-up' && state.secondsLeft !== undefined)
      expect(state.secondsLeft).toBeGreaterThanOrEqual(0);
  }
}

/** Days by which the clock is wrong, step by step. */
const JUMPS = [0, 400, 400, -400, -400, 0, -400, 400, 0];

test.each([
  ['while the service runs', false],
  ['and the service is started anew each time', true],
])('a clock that jumps by 400 days to and fro loses nothing, %s', async (_, anew) => {
  await using scene = await openScene({ clock: () => START });
  const connections = [connection(scene, 'files'), connection(scene, 'push', PUSHED)];
  let service = await serveHere(scene, connections);
  try {
    for (const [n, days] of JUMPS.entries()) {
      vi.setSystemTime(START + days * DAY + n * HOUR);
      if (anew) {
        await service[Symbol.asyncDispose]();
        service = await serveHere(scene, []);
      }
      expectSane(service);
      // What is forgotten under a wrong clock must not be what is still to come.
      await service.tidyUp();
      await arrive(scene, service, n);
      const read = [(n + 1) * FILE, (n + 1) * PUSH];
      await eventually(
        () => Promise.all([booksOf(scene, 'files'), booksOf(scene, 'push')]),
        (books) => {
          expectSane(service);
          return books.every((each, i) => each.read >= read[i]!);
        },
      );
    }
    for (const name of ['files', 'push']) {
      await service.state(name, 'idle');
      expect(service.status(name).lagSeconds).toBe(0);
    }
  } finally {
    await service[Symbol.asyncDispose]();
  }
  const all = JUMPS.flatMap((__, n) => [[`f${n}`, FILE] as const, [`p${n}`, PUSH] as const]);
  expect(insertIds(scene.sandbox)).toEqual(idsOf(all));
  expect(scene.sandbox.stats().duplicates).toBe(0);
  for (const [name, each] of [
    ['files', FILE],
    ['push', PUSH],
  ] as const) {
    const books = await booksOf(scene, name);
    expect(books).toMatchObject({ read: JUMPS.length * each, imbalances: 0, deadLetters: 0 });
    expect(isBalanced(books.counts)).toBe(true);
  }
});

test('a clock that jumps while the destination is down: the state says since when, and all is delivered after', async () => {
  await using scene = await openScene({ clock: () => START });
  scene.sandbox.faults.set([{ kind: 'status', status: 503 }]);
  {
    await using service = await serveHere(scene, [
      connection(scene, 'files'),
      connection(scene, 'push', PUSHED),
    ]);
    let since: readonly number[] = [];
    for (const [n, days] of JUMPS.entries()) {
      vi.setSystemTime(START + days * DAY);
      await arrive(scene, service, n);
      const [files, pushes] = await Promise.all([
        service.state('files', 'retrying'),
        service.state('push', 'retrying'),
      ]);
      if (n === 0) since = [files.since, pushes.since];
      expect([files.since, pushes.since]).toEqual(since);
      expectSane(service);
    }
    scene.sandbox.faults.clear();
    await eventually(
      () => Promise.all([booksOf(scene, 'files'), booksOf(scene, 'push')]),
      ([files, pushes]) =>
        files.read === JUMPS.length * FILE && pushes.read === JUMPS.length * PUSH,
    );
    await service.state('files', 'idle');
    await service.state('push', 'idle');
  }
  const all = JUMPS.flatMap((_, n) => [[`f${n}`, FILE] as const, [`p${n}`, PUSH] as const]);
  expect(insertIds(scene.sandbox)).toEqual(idsOf(all));
});
