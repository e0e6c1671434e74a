import { expect, test } from 'vitest';
import { createMapping } from './mapping.ts';
import { parseMappingSettings } from './settings.ts';

test('plans for pushed events are kept, but not those that would fill the memory', () => {
  const mapping = createMapping(parseMappingSettings({}));
  const plan = (fields: string[]) => mapping.pushed('users.messages.email.Click', fields);
  const many = Array.from({ length: 5000 }, (_, i) => `field_${i}`);
  expect(plan(['url', 'new'])).toBe(plan(['new', 'url']));
  expect(plan(many)).not.toBe(plan(many));
  expect(plan(many)).toEqual(plan(many));
});
