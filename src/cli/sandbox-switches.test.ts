import { expect, test } from 'vitest';
import { switchesSchema } from '../sandbox/mixpanel/switches.ts';
import { SWITCHES_HELP, switchesOf } from './sandbox-switches.ts';

test('what is not set keeps its default', () => {
  const defaults = switchesSchema.parse({});
  expect(switchesOf([])).toStrictEqual(defaults);
  expect(switchesOf(['bodyLimit=2mib', 'failedRecords=$insert_id'])).toStrictEqual({
    ...defaults,
    bodyLimit: '2mib',
    failedRecords: '$insert_id',
  });
});

test.each(['bodyLimit=3mb', 'bodyLimit', 'nonsense=1', ''])('%j is refused', (text) => {
  expect(() => switchesOf([text])).toThrow(
    expect.objectContaining({ code: 'bad_switch', hint: expect.stringContaining('--help') }),
  );
});

test('the help names every switch, its default first', () => {
  for (const [name, value] of Object.entries(switchesSchema.parse({})))
    expect(SWITCHES_HELP).toContain(`  ${name}=${value}, `);
});
