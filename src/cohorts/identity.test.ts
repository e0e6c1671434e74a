import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { identification, type IdentitySettings } from './identity.ts';

const DEFAULT: IdentitySettings = {
  properties: ['$braze_external_id', 'mixpanel_distinct_id'],
  as: 'external_id',
};
const identify = (fields: Record<string, unknown>, settings: Partial<IdentitySettings> = {}) =>
  identification({ ...DEFAULT, ...settings }).identify(fields);
const external = (id: string) => ({ kind: 'external_id', id });

describe('the first property that is filled counts', () => {
  test.each<[string, Record<string, unknown>, unknown]>([
    ['the first', { $braze_external_id: 'a', mixpanel_distinct_id: 'b' }, external('a')],
    ['without its $', { braze_external_id: 'a', mixpanel_distinct_id: 'b' }, external('a')],
    ['with a $ that it has not', { $mixpanel_distinct_id: 'b' }, external('b')],
    ['not an empty one', { $braze_external_id: '', mixpanel_distinct_id: 'b' }, external('b')],
    ['not one of blanks', { $braze_external_id: ' \n', mixpanel_distinct_id: 'b' }, external('b')],
    ['not null', { $braze_external_id: null, mixpanel_distinct_id: 'b' }, external('b')],
    ['trimmed', { $braze_external_id: ' a ' }, external('a')],
    ['a number', { $braze_external_id: 4711 }, external('4711')],
    ['zero', { $braze_external_id: 0 }, external('0')],
    ['one with a fraction', { $braze_external_id: 1.5 }, external('1.5')],
    ['none', { email: 'a@example.com' }, 'no_id'],
    ['all empty', { $braze_external_id: '', mixpanel_distinct_id: null }, 'no_id'],
    ['a device', { mixpanel_distinct_id: '$device:18c3-a' }, 'device_id'],
    ['a device first', { $braze_external_id: '$device:1', mixpanel_distinct_id: 'b' }, 'device_id'],
    ['a switch', { $braze_external_id: true, mixpanel_distinct_id: 'b' }, 'not_an_id'],
    ['a list', { $braze_external_id: ['a'] }, 'not_an_id'],
    ['an object', { $braze_external_id: { id: 'a' } }, 'not_an_id'],
    ['what is no number', { $braze_external_id: Infinity }, 'not_an_id'],
    ['a number that has lost digits', { $braze_external_id: 2 ** 53 }, 'not_an_id'],
    ['half a character', { $braze_external_id: 'a\ud800' }, 'not_an_id'],
    ['987 bytes', { $braze_external_id: 'a'.repeat(987) }, external('a'.repeat(987))],
    ['988 bytes', { $braze_external_id: 'a'.repeat(988) }, 'too_long'],
    ['988 bytes in fewer characters', { $braze_external_id: 'é'.repeat(494) }, 'too_long'],
  ])('%s', (_, fields, user) => {
    expect(identify(fields)).toEqual(user);
  });

  test('what every object has is no property of a member', () => {
    expect(identify({}, { properties: ['constructor', '__proto__'] })).toBe('no_id');
  });
});

test('an id is what the settings say it is', () => {
  const fields = { crm: 7, email: 'a@example.com' };
  expect(identify(fields, { properties: ['crm'], as: 'user_alias', label: 'mixpanel' })).toEqual({
    ...{ kind: 'user_alias', label: 'mixpanel', name: '7' },
  });
  expect(identify(fields, { properties: ['crm'], as: 'braze_id' })).toEqual({
    ...{ kind: 'braze_id', id: '7' },
  });
  expect(identify(fields, { properties: ['email'], as: 'email' })).toEqual({
    ...{ kind: 'email', id: 'a@example.com' },
  });
});

test('the fingerprint is the same for the same settings, and no other', () => {
  const settings = fc.record({
    properties: fc.array(fc.constantFrom('a', 'b', 'a","b', '$a'), { minLength: 1, maxLength: 3 }),
    as: fc.constantFrom('external_id' as const, 'user_alias' as const),
    label: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
  });
  fc.assert(
    fc.property(settings, settings, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      expect(identification(one).fingerprint === identification(other).fingerprint).toBe(same);
    }),
  );
});
