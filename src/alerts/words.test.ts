import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../test/support/alerts.ts';
import { durationText, oneLine } from './words.ts';

test('whatever a text holds, it becomes one line of valid Unicode within its bound', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.integer({ min: 2, max: 100 }),
      (text, max) => {
        const line = oneLine(text, max);
        expect(line.length).toBeLessThanOrEqual(max);
        expect(line.isWellFormed()).toBe(true);
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      },
    ),
  );
});

test.each([
  [0, '0 min'],
  [59 * MINUTE, '59 min'],
  [2 * HOUR, '2 h'],
  [3 * HOUR + 10 * MINUTE, '3 h 10 min'],
  [DAY, '1 day'],
  [2 * DAY + 4 * HOUR + 5 * MINUTE, '2 days 4 h'],
  [-5 * MINUTE, '0 min'],
])('%i ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
