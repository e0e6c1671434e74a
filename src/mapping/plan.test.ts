import { describe, expect, test } from 'vitest';
import { mapRecord, newFieldsIn, type SourceRecord } from './mapper.ts';
import { compilePlan } from './plan.ts';
import { type MappingInput, parseMappingSettings } from './settings.ts';

const CLICK = 'users.messages.email.Click';
const base = { id: 'id-1', time: 1_780_000_000, external_user_id: 'ana' };

function map(type: string, record: SourceRecord, input: MappingInput = {}) {
  const context = { settings: parseMappingSettings(input), salt: 'pepper' };
  const names = Object.keys(record).map((name) => ({ name }));
  const plan = compilePlan(type, names, context);
  const outcome = mapRecord(plan, record, context);
  if (outcome.kind !== 'event') throw new Error(`no event: ${JSON.stringify(outcome)}`);
  const event = JSON.parse(outcome.json) as { event: string; properties: Record<string, unknown> };
  return { ...event, json: outcome.json, notSent: newFieldsIn(plan, record) };
}

describe('names that look like parts of every object', () => {
  test('are properties, events and settings like any other', () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      const record = Object.fromEntries([...Object.entries(base), [name, 'x']]);
      expect(Object.entries(map(CLICK, record, { newFields: 'send' }).properties)).toContainEqual([
        name,
        'x',
      ]);
      expect(map(CLICK, record).notSent).toEqual([name]);
    }
    expect(map('users.constructor.Swipe', base, { uncatalogued: 'send' }).event).toBe(
      'Constructor Swipe',
    );
  });
});
