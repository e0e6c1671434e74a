import { expect, test } from 'vitest';
import { settingsOf } from './options.ts';
import { SCHEMAS } from './schemas.ts';
import { timeline } from './timeline.ts';

const OPEN = 'users.messages.email.Open';
const CLICK = 'users.messages.email.Click';
const SEND = 'users.messages.email.Send';

/** The hours of a run's events, by message. */
function hoursByMessage(maxWaiting: number): { events: number; hours: Map<unknown, Set<number>> } {
  const hours = new Map<unknown, Set<number>>();
  let events = 0;
  for (const { type, values } of timeline(
    settingsOf({ events: 20_000, types: [SEND, OPEN, CLICK] }),
    maxWaiting,
  )) {
    events++;
    const value = (field: string): unknown =>
      values[SCHEMAS.get(type)?.fields.findIndex(({ name }) => name === field) ?? -1];
    const found = hours.get(value('dispatch_id')) ?? new Set();
    hours.set(value('dispatch_id'), found.add(Math.floor(Number(value('time')) / 3600)));
  }
  return { events, hours };
}

test('journeys go on in later hours', () => {
  const { events, hours } = hoursByMessage(50_000);
  expect(events).toBe(20_000);
  expect([...hours.values()].some((its) => its.size > 1)).toBe(true);
});

test('no more events wait than may: the journeys that follow stay within their hour', () => {
  const { events, hours } = hoursByMessage(0);
  expect(events).toBe(20_000);
  expect([...hours.values()].every((its) => its.size === 1)).toBe(true);
  const some = [...hoursByMessage(40).hours.values()].filter((its) => its.size > 1).length;
  const all = [...hoursByMessage(50_000).hours.values()].filter((its) => its.size > 1).length;
  expect(some).toBeGreaterThan(0);
  expect(some).toBeLessThan(all / 2);
});

test('the count is exact where the wanted events come late in a journey', () => {
  const made = [...timeline(settingsOf({ events: 5000, types: [CLICK], hours: 5 }))];
  expect(made).toHaveLength(5000);
});
