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
import { insertIds, openScene, until } from '../support/scene.ts';
import { booksOf, connection, eventually, push, PUSHED } from '../support/service.ts';
import { serveHere, type ServedHere } from '../support/served-here.ts';

const START = Date.UTC(2026, 5, 10, 12);
const HOUR = 3_600_000;
/** Hours of a week in steps of so many. */
const STEP = 12;
const STEPS = (7 * 24) / STEP;
const PER_HOUR = 3;
const PER_PUSH = 5;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

const reads = (name: string) => ({ source: { kind: 'directory', path: name } });

function wrongly<T extends Record<string, unknown>>(spec: T): T {
  const credentials = { kind: 'project-token', token: 'not-the-token' };
  return { ...spec, destination: { ...(spec['destination'] as object), credentials } };
}

test('halted for a week by wrong credentials, two connections catch up whole; another was never delayed', async () => {
  await using scene = await openScene({ clock: () => START + 8 * 24 * HOUR });
  const specs = {
    files: connection(scene, 'files', reads('files')),
    push: connection(scene, 'push', PUSHED),
    good: connection(scene, 'good', reads('good')),
  };
  const arrived = { files: [] as [string, number][], good: [] as [string, number][] };
  const pushed: [string, number][] = [];
  for (const name of ['files', 'good'] as const)
    await put(scene.root, `${name}/${hourlyPath(hourOf(START - HOUR), 'first')}`, currentsFile([]));
  {
    await using service = await serveHere(scene, [
      wrongly(specs.files),
      wrongly(specs.push),
      specs.good,
    ]);
    let halted: ServedHere['lines'] | undefined;
    for (let step = 0; step < STEPS; step++) {
      vi.setSystemTime(START + step * STEP * HOUR);
      for (let n = step * STEP; n < (step + 1) * STEP; n++)
        for (const name of ['files', 'good'] as const) {
          const file = `${name}-${n}`;
          const path = hourlyPath(addHours(hourOf(START), n), file);
          await put(scene.root, `${name}/${path}`, currentsFile(clicks(file, PER_HOUR)));
          arrived[name].push([file, PER_HOUR]);
        }
      expect(await push(service.url, 'push', pushedClicks(`push-${step}`, PER_PUSH))).toBe(200);
      pushed.push([`push-${step}`, PER_PUSH]);
      // Nothing moves the time on but this: the good one has delivered all there is before the next hours come.
      await eventually(
        () => booksOf(scene, 'good'),
        ({ read }) => read === arrived.good.length * PER_HOUR,
      );
      const states = [
        await service.state('files', 'halted'),
        await service.state('push', 'halted'),
      ];
      for (const { detail, since } of states) {
        expect(detail).toMatch(/credentials/);
        expect(since - START).toBeLessThan(HOUR);
      }
      halted = service.lines.filter(({ msg }) => msg === 'connection halted');
    }
    expect(halted).toHaveLength(2);
    expect(insertIds(scene.sandbox)).toEqual(idsOf(arrived.good));
    const lag = service.status('push').lagSeconds;
    expect(lag).toBeGreaterThanOrEqual((STEPS - 2) * STEP * 3600);
    // Four in flight at first; after that a halted one asks every few minutes, however much arrives.
    expect(scene.sandbox.stats().requests.byStatus['401']).toBeLessThanOrEqual(8);

    await service.apply([specs.files, specs.push]);
    await eventually(
      () => Promise.all([booksOf(scene, 'files'), booksOf(scene, 'push')]),
      ([files, pushes]) =>
        files.read === arrived.files.length * PER_HOUR && pushes.read === pushed.length * PER_PUSH,
    );
    await service.state('files', 'idle');
    await service.state('push', 'idle');
    expect(service.status('push').lagSeconds).toBe(0);
  }
  expect(insertIds(scene.sandbox)).toEqual(idsOf([...arrived.good, ...arrived.files, ...pushed]));
  expect(scene.sandbox.stats()).toMatchObject({ duplicates: 0, rejected: 0 });
  for (const name of ['files', 'push', 'good']) {
    const books = await booksOf(scene, name);
    expect(books).toMatchObject({ imbalances: 0, deadLetters: 0, skipped: 0 });
    expect(isBalanced(books.counts)).toBe(true);
  }
});

test('a destination that is down for a week: retrying since it began, then all is delivered by itself', async () => {
  await using scene = await openScene({ clock: () => START + 8 * 24 * HOUR });
  const arrived: [string, number][] = [];
  {
    await using service = await serveHere(scene, [
      connection(scene, 'files'),
      connection(scene, 'push', PUSHED),
    ]);
    scene.sandbox.faults.set([
      { kind: 'status', status: 503, body: { error: 'down for repairs' } },
    ]);
    for (let day = 0; day < 7; day++) {
      vi.setSystemTime(START + day * 24 * HOUR);
      const file = `f-${day}`;
      const path = hourlyPath(addHours(hourOf(START), day * 24), file);
      await put(scene.currents, path, currentsFile(clicks(file, 20)));
      expect(await push(service.url, 'push', pushedClicks(`p-${day}`, 20))).toBe(200);
      arrived.push([file, 20], [`p-${day}`, 20]);
      for (const name of ['files', 'push']) {
        const { since, detail } = await service.state(name, 'retrying');
        expect(detail).toContain('down for repairs');
        expect(since - START).toBeLessThan(HOUR);
      }
      // Over and over, however long it takes.
      const { total } = scene.sandbox.stats().requests;
      await until(() => scene.sandbox.stats().requests.total > total);
    }
    scene.sandbox.faults.clear();
    await eventually(
      () => Promise.all([booksOf(scene, 'files'), booksOf(scene, 'push')]),
      (books) => books.every(({ read }) => read === 7 * 20),
    );
    await service.state('files', 'idle');
    await service.state('push', 'idle');
  }
  expect(insertIds(scene.sandbox)).toEqual(idsOf(arrived));
  expect(await booksOf(scene, 'files')).toMatchObject({ imbalances: 0, delivered: 140 });
  expect(await booksOf(scene, 'push')).toMatchObject({ imbalances: 0, delivered: 140 });
});
