import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventType } from '../../api.ts';
import { byChannel, isFound, patternsFor, selectedBy, volumeOf } from './selection.ts';

const events = JSON.parse(
  readFileSync(new URL('../../../../src/catalogue/events.json', import.meta.url), 'utf8'),
) as readonly { type: string }[];
const types = [...new Set(events.map(({ type }) => type))];

test('all of them is a star, also for types that are yet to come', () => {
  expect(patternsFor(new Set(types), types, ['users.messages.email.*'])).toEqual(['*']);
});

test('a wildcard stays as long as everything below it is selected', () => {
  const email = selectedBy(['users.messages.email.*'], types);
  expect(email.size).toBeGreaterThan(5);
  expect(patternsFor(email, types, ['users.messages.email.*'])).toEqual(['users.messages.email.*']);
  email.delete('users.messages.email.Click');
  const left = patternsFor(email, types, ['users.messages.email.*']);
  expect(left).not.toContain('users.messages.email.*');
  expect(left).toHaveLength(email.size);
});

test('one more type is added to the patterns that stand there', () => {
  const before = ['users.messages.email.*'];
  const selected = selectedBy([...before, 'users.behaviors.Purchase'], types);
  expect(patternsFor(selected, types, before)).toEqual([...before, 'users.behaviors.Purchase']);
});

test('types that nobody knows yet are left as they were written', () => {
  const before = ['users.messages.pigeon.*', 'users.messages.owl.Send', '*'];
  expect(patternsFor(new Set(['users.behaviors.Purchase']), types, before)).toEqual([
    'users.messages.pigeon.*',
    'users.messages.owl.Send',
    'users.behaviors.Purchase',
  ]);
});

test('nothing selected is an empty list, which the form refuses', () => {
  expect(patternsFor(new Set(), types, ['*'])).toEqual([]);
});

test('whatever is chosen, the patterns select just that', () => {
  const patterns = fc.array(
    fc.oneof(
      fc.constantFrom(...types),
      fc.constantFrom('*', 'users.messages.email.*', 'users.messages.*.Click', 'users.canvas.*'),
    ),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(fc.subarray(types), patterns, (chosen, before) => {
      const selected = new Set(chosen);
      const written = patternsFor(selected, types, before);
      expect(selectedBy(written, types)).toEqual(selected);
    }),
  );
});

test('a star in the middle stands for one part', () => {
  const clicks = selectedBy(['users.messages.*.Click'], types);
  expect(clicks).toContain('users.messages.email.Click');
  expect([...clicks].every((type) => type.split('.').length === 4)).toBe(true);
});

const click: EventType = {
  type: 'users.messages.email.Click',
  event: 'Email Click',
  label: 'Email click',
  channel: 'email',
  family: 'Message Engagement',
  description: 'A user clicked a link in an email.',
  mtuExempt: false,
  pii: true,
  status: 'documented',
};

test('an event is found by any words of its names and description, in any order', () => {
  expect(isFound(click, 'click EMAIL')).toBe(true);
  expect(isFound(click, 'link')).toBe(true);
  expect(isFound(click, 'push click')).toBe(false);
});

test('events come by channel; those without one are others', () => {
  const odd = { ...click, type: 'x', channel: null };
  expect(byChannel([odd, click]).map(({ channel }) => channel)).toEqual(['email', 'other']);
});

test('the volume of a month is that of what is selected', () => {
  const perDay = new Map([
    ['a', 100],
    ['b', 300],
  ]);
  expect(volumeOf(perDay, new Set(['b']))).toEqual({ perMonth: 9_000, share: 0.75 });
  expect(volumeOf(new Map(), new Set())).toEqual({ perMonth: 0, share: 0 });
});
