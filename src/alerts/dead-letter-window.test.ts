import { expect, test } from 'vitest';
import { HOUR, MINUTE, START, statusOf } from '../../test/support/alerts.ts';
import { createDeadLetterWindow } from './dead-letter-window.ts';

function scene() {
  const window = createDeadLetterWindow();
  return {
    /** What the window holds after a count was seen. */
    seen(deadLetters: number, at: number): { n: number; whole: boolean } {
      window.note([statusOf('c', at, { deadLetters })], at);
      return window.lastHour('c', at);
    },
    window,
  };
}

test('what is older than an hour no longer counts', () => {
  const { seen } = scene();
  expect(seen(30, START)).toEqual({ n: 30, whole: false });
  expect(seen(50, START + 30 * MINUTE)).toEqual({ n: 50, whole: false });
  expect(seen(50, START + HOUR)).toEqual({ n: 20, whole: true });
  expect(seen(50, START + 2 * HOUR)).toEqual({ n: 0, whole: true });
});

test('a count that begins anew adds what it shows', () => {
  const { seen } = scene();
  seen(500, START - 2 * HOUR);
  expect(seen(500, START).n).toBe(0);
  expect(seen(7, START + MINUTE).n).toBe(7);
});

test('a clock that is set back makes no dead letters, and leaves none for ever', () => {
  const { seen } = scene();
  seen(500, START);
  expect(seen(500, START - 5 * HOUR).n).toBe(0);
  expect(seen(510, START - 5 * HOUR + MINUTE).n).toBe(10);
});

test('of a connection that was never seen nothing is known', () => {
  expect(scene().window.lastHour('other', START)).toEqual({ n: 0, whole: false });
});
