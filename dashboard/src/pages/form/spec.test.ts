import { expect, test } from 'vitest';
import { faultsOf, getIn, needsSalt, NEW_SPEC, randomText, setIn } from './spec.ts';
import { STEPS, stepOf } from './steps.ts';

test('a value is set at its place, and nothing else changes', () => {
  const spec = { a: { b: 1, c: [1] }, d: 'x' };
  const changed = setIn(spec, ['a', 'e', 'f'], true);
  expect(changed).toEqual({ a: { b: 1, c: [1], e: { f: true } }, d: 'x' });
  expect(spec).toEqual({ a: { b: 1, c: [1] }, d: 'x' });
  expect(getIn(changed, ['a', 'e', 'f'])).toBe(true);
});

test('undefined takes a value out', () => {
  expect(setIn({ a: { b: 1, c: 2 } }, ['a', 'b'], undefined)).toEqual({ a: { c: 2 } });
});

test('names of the prototype are no values', () => {
  expect(getIn({ a: {} }, ['a', 'constructor'])).toBeUndefined();
});

test('a new form lacks what a person must give', () => {
  expect(faultsOf('details', NEW_SPEC)).toEqual({ name: 'fault.name' });
  expect(faultsOf('credentials', NEW_SPEC)).toEqual({
    'destination.credentials.username': 'fault.needed',
    'destination.credentials.secret': 'fault.needed',
    'destination.credentials.projectId': 'fault.projectId',
    'destination.region': 'fault.region',
  });
  expect(faultsOf('source', NEW_SPEC)).toEqual({ 'source.kind': 'fault.source' });
  expect(faultsOf('events', NEW_SPEC)).toEqual({});
});

test.each([
  ['prod-email', true],
  ['a'.repeat(64), true],
  ['a'.repeat(65), false],
  ['-a', false],
  ['a b', false],
  ['ação', false],
])('%s as a name', (name, isGood) => {
  expect(Object.keys(faultsOf('details', { name }))).toEqual(isGood ? [] : ['name']);
});

test('whatever is hashed needs a salt', () => {
  const of = (privacy: object) => ({ settings: { privacy: privacy as Record<string, string> } });
  expect(needsSalt(of({ pii: 'hash' }))).toBe(true);
  expect(needsSalt(of({ identity: 'hash' }))).toBe(true);
  expect(needsSalt(setIn({}, ['settings', 'privacy', 'fields', 'email_address'], 'hash'))).toBe(
    true,
  );
  expect(needsSalt(of({ pii: 'remove' }))).toBe(false);
  expect(faultsOf('privacy', of({ pii: 'hash' }))).toEqual({ salt: 'fault.needed' });
  expect(faultsOf('privacy', { ...of({ pii: 'hash' }), salt: 'pepper' })).toEqual({});
});

test('every place of a connection has a step that shows it', () => {
  for (const [path, step] of [
    ['name', 'details'],
    ['contact', 'details'],
    ['destination.credentials.secret', 'credentials'],
    ['source.bucket', 'source'],
    ['settings.events', 'events'],
    ['settings.privacy.pii', 'privacy'],
    ['salt', 'privacy'],
    ['since', 'backfill'],
  ] as const)
    expect(stepOf(path), path).toBe(step);
  expect(STEPS).toHaveLength(7);
});

test('random texts are as long as asked, and of letters that nobody mixes up', () => {
  const texts = Array.from({ length: 50 }, () => randomText(32));
  expect(new Set(texts).size).toBe(50);
  for (const text of texts) expect(text).toMatch(/^[A-HJ-NP-Za-km-z2-9]{32}$/);
});
