import { expect, test } from 'vitest';
import {
  aConnection,
  DAY,
  haltedState,
  HOUR,
  memoryAlerts,
  MINUTE,
  recorder,
  retryingState,
  SECOND,
  START,
  statusOf,
  watched,
} from '../../test/support/alerts.ts';
import type { ConnectionStatus } from '../core/connections.ts';
import { API_SECRET_RETIRES } from './rules.ts';

type Statuses = (now: number) => ConnectionStatus[];

const well: Statuses = (now) => [statusOf('c', now)];
const halted: Statuses = (now) => [statusOf('c', now, { state: haltedState(START) })];
const unreadable: Statuses = (now) => [statusOf('c', now, { problems: 1 })];

/** A watch with one notifier that keeps all. */
function scene() {
  let kept!: ReturnType<typeof recorder>;
  const self = watched((clock) => [(kept = recorder(clock))]);
  return { ...self, self, kept, subjects: () => kept.sent.map(({ subject }) => subject) };
}

const HALTED = '[Sluice] c halted: Mixpanel refuses the credentials (HTTP 401).';
const NO_LONGER = '[Sluice] c is no longer halted';

test('being halted is told at once, and never again while it lasts', async () => {
  const { self, kept, subjects } = scene();
  await self.look(0, halted);
  expect(subjects()).toEqual([HALTED]);
  await self.look(7 * DAY, halted);
  expect(subjects()).toEqual([HALTED]);
  expect(kept.sent[0]!.text).toContain('Put the new secret into the connection and apply it.');
});

test('its end is told once, after ten minutes without it', async () => {
  const { self, kept, subjects } = scene();
  await self.look(HOUR, halted);
  await self.look(10 * MINUTE - 5 * SECOND, well);
  expect(subjects()).toHaveLength(1);
  await self.look(DAY, well);
  expect(subjects()).toEqual([HALTED, NO_LONGER]);
  expect(kept.sent[1]!.text).toContain('Now:           idle');
  expect(await self.store.list()).toEqual([]);
});

test('all others must hold for a minute first', async () => {
  const { self, subjects } = scene();
  await self.look(MINUTE - 5 * SECOND, unreadable);
  await self.look(10 * SECOND, well);
  await self.look(MINUTE - 5 * SECOND, unreadable);
  expect(subjects()).toEqual([]);
  await self.look(5 * SECOND, unreadable);
  expect(subjects()).toEqual([
    "[Sluice] c has data that can't be read: 1 file or body can't be read to the end.",
  ]);
});

test('what comes and goes every few minutes for a day is one alert', async () => {
  const { self, subjects } = scene();
  for (let n = 0; n < 160; n++) {
    await self.look(3 * MINUTE, halted);
    await self.look(6 * MINUTE, well);
  }
  expect(subjects()).toEqual([HALTED]);
  await self.look(HOUR, well);
  expect(subjects()).toEqual([HALTED, NO_LONGER]);
});

test('a restart tells nothing again, neither while it holds nor when it is over', async () => {
  const { self, subjects } = scene();
  await self.look(MINUTE, halted);
  await self.restart();
  await self.look(HOUR, halted);
  expect(subjects()).toEqual([HALTED]);
  await self.restart();
  await self.look(HOUR, well);
  await self.restart();
  await self.look(HOUR, well);
  expect(subjects()).toEqual([HALTED, NO_LONGER]);
});

test('what a restart forgets is not taken for an end', async () => {
  const { self, subjects } = scene();
  const silent: Statuses = (now) => [statusOf('c', now, { receivedAt: START - 2 * DAY })];
  const retrying =
    (since: number): Statuses =>
    (now) => [statusOf('r', now, { state: retryingState(since) })];
  const buried: Statuses = (now) => [statusOf('d', now, { deadLetters: 500 })];
  const both =
    (...all: Statuses[]): Statuses =>
    (now) =>
      all.flatMap((each) => each(now));
  await self.look(30 * MINUTE, both(silent, retrying(START - HOUR), buried));
  expect(subjects()).toEqual(['[Sluice] 3 alerts']);
  await self.restart();
  const since = self.clock.now;
  const nothingYet: Statuses = (now) => [statusOf('c', now, { receivedAt: null })];
  const noneYet: Statuses = (now) => [statusOf('d', now)];
  await self.look(55 * MINUTE, both(nothingYet, retrying(since), noneYet));
  expect(subjects()).toEqual(['[Sluice] 3 alerts']);
});

test('an alert that was not told before a restart is told after it', async () => {
  const { self, kept, subjects } = scene();
  kept.fails = () => true;
  await self.look(MINUTE, halted);
  expect([...self.store.rows.values()]).toEqual([
    expect.objectContaining({ connection: 'c', kind: 'halted', since: START, toldAt: null }),
  ]);
  await self.restart();
  kept.fails = () => false;
  await self.look(MINUTE, halted);
  expect(subjects()).toEqual([HALTED]);
  expect([...self.store.rows.values()][0]!.toldAt).toBeGreaterThan(START);
});

test('a notifier that fails is tried again ever more rarely, logged, and does not hold up the other', async () => {
  let broken!: ReturnType<typeof recorder>;
  let sound!: ReturnType<typeof recorder>;
  const self = watched((clock) => [
    (broken = recorder(clock, 'broken')),
    (sound = recorder(clock, 'sound')),
  ]);
  broken.fails = () => true;
  await self.look(DAY, halted);
  expect(sound.sent).toHaveLength(1);
  expect(broken.attempts).toBeGreaterThan(40);
  expect(broken.attempts).toBeLessThan(60);
  const failures = self.logged.filter(({ text }) => text === 'an alert could not be sent');
  expect(failures).toHaveLength(broken.attempts);
  expect(failures[0]!.facts).toEqual({
    notifier: 'broken',
    error: 'broken is out of order',
    attempt: 1,
    alerts: [{ connection: 'c', kind: 'halted' }],
  });
  broken.fails = () => false;
  await self.look(HOUR, halted);
  expect(broken.sent).toHaveLength(1);
  expect(sound.sent).toHaveLength(1);
});

test('a message that never ends holds up neither the check nor other messages', async () => {
  let stuck!: ReturnType<typeof recorder>;
  let sound!: ReturnType<typeof recorder>;
  const self = watched((clock) => [
    (stuck = recorder(clock, 'stuck')),
    (sound = recorder(clock, 'sound')),
  ]);
  const { promise, resolve } = Promise.withResolvers<void>();
  stuck.holdUp = promise;
  for (let n = 0; n < 200; n++) {
    await self.watch.check(halted(self.clock.now), [aConnection('c')]);
    self.clock.now += 5 * SECOND;
  }
  expect([stuck.attempts, sound.sent.length]).toEqual([1, 1]);
  resolve();
  await self.watch.settled();
  expect(stuck.sent).toHaveLength(1);
});

test('an alert that began and ended while a notifier was out of order is not told there', async () => {
  const { self, kept, subjects } = scene();
  kept.fails = () => true;
  await self.look(MINUTE, halted);
  await self.look(HOUR, well);
  kept.fails = () => false;
  await self.look(DAY, well);
  expect(subjects()).toEqual([]);
  expect(await self.store.list()).toEqual([]);
});

test('an end that can not be told is given up after a day', async () => {
  const { self, kept } = scene();
  await self.look(MINUTE, halted);
  kept.fails = () => true;
  await self.look(2 * DAY, well);
  const attempts = kept.attempts;
  await self.look(2 * DAY, well);
  expect(kept.attempts).toBe(attempts);
  expect(self.logged.map(({ text }) => text)).toContain('gave up telling that an alert is over');
  expect(await self.store.list()).toEqual([]);
});

test('fifty connections with one fault are one message to each contact', async () => {
  const { self, kept } = scene();
  const names = Array.from({ length: 50 }, (_, n) => `c${n}`);
  const all =
    (of: (name: string) => Partial<ConnectionStatus>): Statuses =>
    (now) =>
      names.map((name) => statusOf(name, now, of(name)));
  const known = names.map((name, n) => aConnection(name, { email: n % 2 ? 'odd' : 'even' }));
  await self.look(
    HOUR,
    all(() => ({ state: haltedState(START) })),
    known,
  );
  expect(kept.sent.map(({ address, subject }) => [address, subject])).toEqual(
    ['even', 'odd'].map((address) => [
      address,
      '[Sluice] 25 connections halted: Mixpanel refuses the credentials (HTTP 401).',
    ]),
  );
  await self.look(
    HOUR,
    all(() => ({})),
    known,
  );
  expect(kept.sent.slice(2).map(({ subject }) => subject)).toEqual(
    Array(2).fill('[Sluice] 25 connections are no longer halted'),
  );
});

test('connections that fail one after the other are told in few messages', async () => {
  const { self, kept } = scene();
  const names = Array.from({ length: 50 }, (_, n) => `c${n}`);
  // One every 10 seconds: the last after more than 8 minutes.
  await self.look(HOUR, (now) =>
    names.map((name, n) =>
      statusOf(name, now, now >= START + n * 10 * SECOND ? { state: haltedState(now) } : {}),
    ),
  );
  expect(kept.sent.length).toBeLessThanOrEqual(3);
  const texts = kept.sent.map(({ text }) => text).join('\n');
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(texts))).toEqual([]);
});

test('credentials that expire are told once, and once more two weeks before', async () => {
  const { self, subjects } = scene();
  const expires = { what: 'The Mixpanel API secret', at: API_SECRET_RETIRES };
  const known = [aConnection('c', { expires })];
  for (let day = 0; day < 200; day++) {
    await self.look(2 * MINUTE, well, known);
    if (day % 20 === 0) await self.restart();
    self.clock.now += DAY;
  }
  expect(subjects()).toEqual([
    expect.stringContaining(
      'c has credentials that expire: The Mixpanel API secret ends on 3 March 2027, in',
    ),
    expect.stringContaining('c still has credentials that expire'),
  ]);
});

test('a new contact is told, and the old one gets no false end', async () => {
  const { self, kept } = scene();
  await self.look(HOUR, halted, [aConnection('c', { email: 'old' })]);
  await self.look(HOUR, halted, [aConnection('c', { email: 'new' })]);
  await self.look(HOUR, well, [aConnection('c', { email: 'new' })]);
  expect(kept.sent.map(({ address, subject }) => [address, subject])).toEqual([
    ['old', HALTED],
    ['new', HALTED],
    ['new', NO_LONGER],
  ]);
});

test('the end says when a connection is paused or was deleted', async () => {
  const { self, kept } = scene();
  await self.look(MINUTE, halted);
  await self.look(HOUR, () => [], []);
  expect(kept.sent[1]!.text).toContain('Now:           deleted');
  await self.look(MINUTE, (now) => [statusOf('c', now, { state: haltedState(now) })]);
  await self.look(HOUR, (now) => [statusOf('c', now, { state: { kind: 'paused' } })]);
  expect(kept.sent[3]!.text).toContain('Now:           paused');
});

test('without anybody to tell, alerts are kept and logged', async () => {
  const self = watched(() => []);
  await self.look(MINUTE, halted);
  expect((await self.store.list()).map(({ kind, toldAt }) => [kind, toldAt])).toEqual([
    ['halted', null],
  ]);
  await self.look(HOUR, well);
  expect(await self.store.list()).toEqual([]);
  expect(self.logged.map(({ text }) => text)).toEqual(['alert begins', 'alert is over']);
});

test('a store that can not be written keeps nobody from being told, and gets it later', async () => {
  const store = memoryAlerts();
  const { put } = store;
  let kept!: ReturnType<typeof recorder>;
  const self = watched((clock) => [(kept = recorder(clock))], { store });
  store.put = () => Promise.reject(new Error('the disk is full'));
  await self.look(HOUR, halted);
  expect(kept.sent).toHaveLength(1);
  expect(self.logged.filter(({ text }) => text === 'alerts can not be kept')).toHaveLength(1);
  store.put = put;
  await self.look(0, halted);
  expect([...store.rows.values()]).toEqual([
    { connection: 'c', kind: 'halted', detail: expect.any(String), since: START, toldAt: START },
  ]);
});

test('as long as it is not known what was told, nothing is', async () => {
  const store = memoryAlerts();
  const { list } = store;
  let kept!: ReturnType<typeof recorder>;
  const self = watched((clock) => [(kept = recorder(clock))], { store });
  store.list = () => Promise.reject(new Error('no'));
  await self.look(HOUR, halted);
  expect(kept.attempts).toBe(0);
  store.list = list;
  await self.look(0, halted);
  expect(kept.sent).toHaveLength(1);
});

test('a clock that is set back by a year silences nothing', async () => {
  const { self, kept } = scene();
  await self.look(MINUTE, halted);
  self.clock.now -= 365 * DAY;
  await self.look(5 * SECOND, well);
  await self.look(HOUR, well);
  expect(kept.sent).toHaveLength(2);
});

test('after it is closed no message starts', async () => {
  const { self, kept } = scene();
  await self.look(0, well);
  await self.watch.close(SECOND);
  await self.look(HOUR, halted);
  expect(kept.attempts).toBe(0);
});

test('closing ends a message that does not end by itself', async () => {
  const self = watched(() => [
    {
      name: 'stuck',
      addressOf: () => 'ops',
      send: (_address, _message, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    },
  ]);
  await self.watch.check(halted(START), [aConnection('c')]);
  await self.watch.close(1);
  expect(self.logged.at(-1)!.facts['error']).toBe('the service stops');
});
