import { expect, test } from 'vitest';
import { attributeOf, importFaults, NEW_IMPORT, withKind } from './import-spec.ts';
import { setIn } from '../form/spec.ts';

const FILLED = setIn(
  setIn(setIn(NEW_IMPORT, ['name'], 'crm'), ['destination', 'instance'], 'EU-01'),
  ['destination', 'apiKey'],
  'key',
);

test('a new import asks for its name, where to and the key, and is whole with them', () => {
  expect(importFaults(NEW_IMPORT)).toEqual({
    name: 'fault.name',
    'destination.instance': 'fault.needed',
    'destination.apiKey': 'fault.needed',
  });
  expect(importFaults(FILLED)).toEqual({});
});

test('each kind of destination asks for what it needs', () => {
  expect(Object.keys(importFaults(withKind(FILLED, 'partner-cohorts')))).toEqual(
    ['instance', 'partner', 'partnerApiKey', 'clientSecret'].map((each) => `destination.${each}`),
  );
  expect(Object.keys(importFaults(withKind(FILLED, 'file')))).toEqual(['destination.path']);
});

test('with another destination, members are known by something that it knows', () => {
  const byEmail = setIn(FILLED, ['identity', 'as'], 'email');
  expect(withKind(byEmail, 'file')['identity']).toEqual({ as: 'external_id' });
  const byAlias = setIn(
    setIn(FILLED, ['identity', 'as'], 'user_alias'),
    ['identity', 'label'],
    'l',
  );
  expect(withKind(byAlias, 'file')['identity']).toEqual({ as: 'user_alias', label: 'l' });
});

test('an alias needs its label, a list of properties an entry, and a name the id of the cohort', () => {
  expect(importFaults(setIn(FILLED, ['identity', 'as'], 'user_alias'))).toEqual({
    'identity.label': 'fault.needed',
  });
  expect(importFaults(setIn(FILLED, ['identity', 'properties'], []))).toEqual({
    'identity.properties': 'fault.properties',
  });
  expect(importFaults(setIn(FILLED, ['destination', 'attribute', 'name'], 'cohort'))).toEqual({
    'destination.attribute.name': 'fault.attribute',
  });
});

test('the attribute of a cohort is shown by an example', () => {
  expect(attributeOf(FILLED, '4242')).toBe('mp_cohort_4242');
  const own = setIn(FILLED, ['destination', 'attribute'], { kind: 'boolean', name: 'in_{id}' });
  expect(attributeOf(own, '7')).toBe('in_7');
  expect(attributeOf(setIn(FILLED, ['destination', 'attribute'], { kind: 'array' }), '7')).toBe(
    'mixpanel_cohorts',
  );
});
