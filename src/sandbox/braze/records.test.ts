import { describe, expect, test } from 'vitest';
import { JOURNEYS } from './journeys.ts';
import { type GeneratedRecord, records } from './records.ts';
import { ALL_TYPES } from './schemas.ts';

const SHARED = [...records({ events: 30_000, seed: 'shared' })];

function groupBy(field: string): Map<unknown, GeneratedRecord[]> {
  const kept = SHARED.filter(({ record }) => typeof record[field] === 'string');
  return Map.groupBy(kept, ({ record }) => record[field]);
}

function countOf(type: string): number {
  return SHARED.filter((each) => each.type === type).length;
}

describe('ids', () => {
  test('are UUIDs, each used once', () => {
    const ids = SHARED.map(({ record }) => String(record['id']));
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids)
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  test('of the same population are about the same users and campaigns, by events of their own', () => {
    const run = (seed: string, population: string): GeneratedRecord[] => [
      ...records({ events: 2000, users: 50, seed, population }),
    ];
    const idsIn = (made: readonly GeneratedRecord[], field: string): unknown[] =>
      made.map(({ record }) => record[field]).filter((each) => each !== null && each !== undefined);
    const [one, same, another] = [run('1', 'p'), run('2', 'p'), run('1', 'q')];
    const shared = (other: readonly GeneratedRecord[], field: string): number => {
      const those = new Set(idsIn(other, field));
      return new Set(idsIn(one, field).filter((id) => those.has(id))).size;
    };
    for (const field of ['user_id', 'campaign_id']) {
      expect(shared(same, field)).toBeGreaterThan(20);
      expect(shared(another, field)).toBe(0);
    }
    expect(new Set([...idsIn(one, 'user_id'), ...idsIn(same, 'user_id')]).size).toBeLessThan(51);
    expect(shared(same, 'id')).toBe(0);
  });

  test('of other seeds are others', () => {
    const mine = new Set(SHARED.map(({ record }) => record['id']));
    for (const { record } of records({ events: 2000, seed: 'another' }))
      expect(mine.has(record['id'])).toBe(false);
  });
});

describe('types', () => {
  test.each([94, 2000])('occur all, in %i events', (events) => {
    const found = new Set(Array.from(records({ events, seed: events }), ({ type }) => type));
    expect([...found].toSorted()).toStrictEqual([...ALL_TYPES].toSorted());
  });

  test('are mixed as in life: e-mail and push outweigh the rest', () => {
    const messages = ALL_TYPES.filter((type) => /^users\.messages\..*\.Send$/.test(type));
    const [first, second] = messages.toSorted((a, b) => countOf(b) - countOf(a));
    expect([first, second]).toStrictEqual([
      'users.messages.email.Send',
      'users.messages.pushnotification.Send',
    ]);
    expect(countOf('users.messages.email.Delivery')).toBeGreaterThan(
      countOf('users.messages.email.Open'),
    );
    expect(countOf('users.messages.email.Open')).toBeGreaterThan(
      countOf('users.messages.email.Click'),
    );
  });

  test.each([
    [['users.messages.line.*']],
    [['users.messages.email.Open', 'users.UserOrphan']],
    [(type: string) => type === 'users.canvas.costep.Send'],
  ])('can be chosen: %s', (types) => {
    const chosen = [...records({ events: 300, types })];
    expect(chosen).toHaveLength(300);
    const found = new Set(chosen.map(({ type }) => type));
    const wanted =
      typeof types === 'function'
        ? types
        : (type: string) =>
            types.some((glob) =>
              glob.endsWith('*') ? type.startsWith(glob.slice(0, -1)) : type === glob,
            );
    expect([...found].toSorted()).toStrictEqual(ALL_TYPES.filter(wanted).toSorted());
  });
});

describe('journeys', () => {
  test('go forward in time, from the send on', () => {
    const journeys = [...groupBy('dispatch_id').values()];
    expect(journeys.some((journey) => journey.length >= 4)).toBe(true);
    for (const journey of journeys) {
      const times = journey.map(({ record }) => Number(record['time']));
      expect(times).toStrictEqual(times.toSorted((a, b) => a - b));
    }
  });

  test('keep user, campaign and sender', () => {
    for (const journey of groupBy('dispatch_id').values()) {
      for (const field of ['user_id', 'campaign_id', 'canvas_id', 'esp', 'send_id']) {
        const values = journey
          .map(({ record }) => record[field])
          .filter((value) => value !== undefined);
        expect(new Set(values).size).toBeLessThanOrEqual(1);
      }
    }
  });

  test('spring from a campaign or a Canvas, never both', () => {
    for (const { type, record } of SHARED) {
      if (!type.startsWith('users.messages.') || !('canvas_id' in record)) continue;
      expect((record['campaign_id'] ?? null) === null).not.toBe(
        (record['canvas_id'] ?? null) === null,
      );
    }
  });

  test('of one session share the id', () => {
    for (const session of groupBy('session_id').values())
      expect(new Set(session.map(({ user }) => user.userId)).size).toBe(1);
    expect([...groupBy('session_id').values()].some((session) => session.length > 1)).toBe(true);
  });

  test('of one session last as long as they say', () => {
    const sessions = [...groupBy('session_id').values()];
    let ended = 0;
    for (const session of sessions) {
      const start = session.find(({ type }) => type.endsWith('.SessionStart'));
      const end = session.find(({ type }) => type.endsWith('.SessionEnd'));
      if (!start || !end) continue;
      const lasted = Number(end.record['time']) - Number(start.record['time']);
      expect(Math.abs(Number(end.record['duration']) - lasted)).toBeLessThan(1);
      ended++;
    }
    expect(ended).toBeGreaterThan(500);
  });

  test('read e-mail on the device that the user agent names', () => {
    const opened = SHARED.filter(({ type }) => type === 'users.messages.email.Open');
    for (const { user, record } of opened) {
      const agent = user.device.userAgent;
      expect(record['device_os'] === 'iOS').toBe(agent.includes('(iPhone;'));
      expect(record['device_os'] === 'iPadOS').toBe(agent.includes('(iPad;'));
      expect(record['device_class'] === 'desktop').toBe(user.device.platform === 'web');
    }
    expect(opened.some(({ record }) => record['device_class'] === 'tablet')).toBe(true);
  });

  test('bounce softly for reasons that may pass, hard for those that stay', () => {
    for (const { type, record } of SHARED) {
      if (type.endsWith('email.SoftBounce')) expect(record['bounce_reason']).toMatch(/^4/);
      if (type.endsWith('email.Bounce')) expect(record['bounce_reason']).toMatch(/^5/);
    }
  });

  test('give only the types they declare, and every type is declared', () => {
    expect([...new Set(JOURNEYS.flatMap(({ types }) => types))].toSorted()).toStrictEqual(
      [...ALL_TYPES].toSorted(),
    );
  });
});

describe('hours', () => {
  test('follow each other, and an event is queued at its own time or later', () => {
    const start = Date.UTC(2026, 5, 1) / 1000;
    let before = 0;
    let late = 0;
    for (const { record, queuedAt } of SHARED) {
      const hour = Math.floor((queuedAt - start) / 3600);
      expect(hour).toBeGreaterThanOrEqual(before);
      expect(queuedAt).toBeGreaterThanOrEqual(Number(record['time']));
      if (Math.floor(Number(record['time']) / 3600) < Math.floor(queuedAt / 3600)) late++;
      before = hour;
    }
    expect(before).toBe(23);
    expect(late).toBeGreaterThan(0);
  });

  test('begin where asked, rounded down', () => {
    const start = Date.UTC(2025, 11, 31, 23, 40);
    const times = Array.from(
      records({ events: 500, start, hours: 2 }),
      ({ queuedAt }) => queuedAt * 1000,
    );
    expect(Math.min(...times)).toBe(Date.UTC(2025, 11, 31, 23));
    expect(Math.max(...times)).toBeLessThan(Date.UTC(2026, 0, 1, 1));
  });
});

describe('people', () => {
  test('have no external id in the share asked for', () => {
    const anonymous = SHARED.filter(({ user }) => user.externalUserId === null).length;
    expect(anonymous / SHARED.length).toBeGreaterThan(0.03);
    expect(anonymous / SHARED.length).toBeLessThan(0.07);
  });

  test.each([
    [0, false],
    [1, true],
  ])('all have or lack one at share %i', (anonymousShare, isNull) => {
    for (const { user } of records({ events: 200, anonymousShare }))
      expect(user.externalUserId === null).toBe(isNull);
  });

  test('stay the same through the whole run', () => {
    const known = new Map<string, string>();
    for (const { user } of SHARED) {
      const text = JSON.stringify(user);
      expect(known.get(user.userId) ?? text).toBe(text);
      known.set(user.userId, text);
    }
    expect(known.size).toBeGreaterThan(300);
  });

  test('write in several scripts, with emoji now and then', () => {
    const text = SHARED.map(({ record }) => JSON.stringify(record)).join('\n');
    for (const script of [
      /\p{Script=Han}/u,
      /\p{Script=Arabic}/u,
      /\p{Script=Cyrillic}/u,
      /\p{Emoji_Presentation}/u,
    ])
      expect(text).toMatch(script);
  });
});

describe('custom events and purchases', () => {
  test('carry JSON objects of varied values', () => {
    const kinds = new Set<string>();
    for (const { type, record } of SHARED) {
      if (type !== 'users.behaviors.CustomEvent' && type !== 'users.behaviors.Purchase') continue;
      const bag: unknown = JSON.parse(String(record['properties']));
      if (typeof bag !== 'object' || bag === null) throw new TypeError('no object');
      for (const value of Object.values(bag))
        kinds.add(Array.isArray(value) ? 'list' : typeof value);
    }
    expect([...kinds].toSorted()).toStrictEqual(['boolean', 'list', 'number', 'object', 'string']);
  });

  test('have prices that survive the 32 bits of an Avro float', () => {
    for (const { record } of SHARED) {
      const price = record['price'];
      if (typeof price !== 'number') continue;
      expect(price).toBeGreaterThan(0);
      expect(Number(Math.fround(price).toPrecision(7))).toBe(price);
    }
  });
});
