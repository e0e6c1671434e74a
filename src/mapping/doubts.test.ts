import { expect, test } from 'vitest';
import { doubtsAbout } from './doubts.ts';
import { parseMappingSettings } from './settings.ts';

const doubts = (input: unknown) => doubtsAbout(parseMappingSettings(input));

test('names that are known raise no doubt', () => {
  expect(
    doubts({
      privacy: {
        fields: {
          email_address: 'hash',
          user_agent: 'remove',
          'properties.size': 'hash',
          dob: 'hash',
        },
      },
      rename: {
        events: {
          'Email Click': 'Click',
          'LINE Click': 'Chat',
          '[Braze Custom Event] Played': 'Played',
        },
        properties: { campaign_name: 'campaign', $os: 'system' },
      },
    }),
  ).toEqual([]);
});

test('a misspelt name is named, with what was perhaps meant', () => {
  expect(doubts({ privacy: { fields: { emial_address: 'remove' } } })).toEqual([
    'privacy.fields: no known source field is called emial_address. Did you mean email_address?',
  ]);
  expect(doubts({ rename: { events: { 'Emial Click': 'Click' } } })).toEqual([
    'rename.events: no known event is called Emial Click. Did you mean Email Click?',
  ]);
  expect(doubts({ rename: { properties: { '[Custom event property] sku': 'sku' } } })).toEqual([
    'rename.properties: no known property is called [Custom event property] sku.',
  ]);
});
