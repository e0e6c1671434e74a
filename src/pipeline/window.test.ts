import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addHours, hourOf, startOf } from '../core/hours.ts';
import { daysOf, hourToNote, nextWindow } from './window.ts';

const NOW = Date.parse('2026-11-24T17:30:00Z');
const listing = { newestHour: undefined, prunedBefore: undefined, open: [] };

test('at first everything is listed, or everything since the hour that the user named', () => {
  expect(nextWindow({ listing, lookBackHours: 3 })).toEqual({});
  expect(nextWindow({ listing, since: '2026-11-01-00', lookBackHours: 3 })).toEqual({
    since: '2026-11-01-00',
  });
});

test('later the look-back counts from the newest hour, but never reaches below what is forgotten or unwanted', () => {
  const later = { ...listing, newestHour: '2026-11-24-01' };
  expect(nextWindow({ listing: later, lookBackHours: 3 }).since).toBe('2026-11-23-22');
  expect(
    nextWindow({ listing: { ...later, prunedBefore: '2026-11-24-00' }, lookBackHours: 3 }).since,
  ).toBe('2026-11-24-00');
  expect(nextWindow({ listing: later, since: '2026-11-24-02', lookBackHours: 3 }).since).toBe(
    '2026-11-24-02',
  );
  expect(nextWindow({ listing: { ...later, open: ['x'] }, lookBackHours: 3 }).again).toEqual(['x']);
});

test('the newest hour only rises, and a name in the future counts as now', () => {
  expect(hourToNote('2026-11-24-16', '2026-11-24-15', NOW)).toBe('2026-11-24-16');
  expect(hourToNote('2026-11-24-14', '2026-11-24-15', NOW)).toBeUndefined();
  expect(hourToNote('2099-01-01-00', '2026-11-24-15', NOW)).toBe('2026-11-24-17');
  expect(hourToNote(undefined, undefined, NOW)).toBeUndefined();
});

test('a clock that jumps ahead does not move the newest hour past the data', () => {
  const ahead = NOW + 400 * 24 * 3_600_000;
  expect(hourToNote('2026-11-24-16', '2026-11-24-15', ahead)).toBe('2026-11-24-16');
});

test('a clock that jumps back does not take back what was noted', () => {
  const back = NOW - 400 * 24 * 3_600_000;
  expect(hourToNote('2026-11-24-18', '2026-11-24-17', back)).toBeUndefined();
});

test('days cover a stretch without gap or overlap', () => {
  const hour = fc.integer({ min: 0, max: 900 }).map((n) => addHours('2026-02-20-00', n));
  fc.assert(
    fc.property(hour, hour, (a, b) => {
      const [since, until] = [a, b].toSorted() as [string, string];
      const days = daysOf(since, until);
      let at = since;
      for (const day of days) {
        expect(day.since).toBe(at);
        expect(day.until > day.since).toBe(true);
        expect(startOf(day.until) - startOf(day.since)).toBeLessThanOrEqual(24 * 3_600_000);
        at = day.until;
      }
      expect(at).toBe(until);
      expect(hourOf(startOf(since))).toBe(since);
    }),
  );
});
