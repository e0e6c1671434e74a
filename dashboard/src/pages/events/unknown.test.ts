import { expect, test } from 'vitest';
import { including } from './including.ts';

const PIGEON = { connection: 'a', type: 'users.messages.pigeon.Send' };

test('an unknown type is sent, and selected where it was not', () => {
  const spec = { settings: { events: ['users.messages.email.*'], uncatalogued: 'skip' } };
  expect(including(spec, PIGEON)).toEqual({
    settings: {
      events: ['users.messages.email.*', 'users.messages.pigeon.Send'],
      uncatalogued: 'send',
    },
  });
});

test('what is selected already is not named twice', () => {
  expect(including({ settings: { events: ['users.messages.*'] } }, PIGEON)).toEqual({
    settings: { events: ['users.messages.*'], uncatalogued: 'send' },
  });
});

test('new fields are sent for the connection', () => {
  expect(including({ name: 'a' }, { ...PIGEON, field: 'link_alias' })).toEqual({
    name: 'a',
    settings: { newFields: 'send' },
  });
});
