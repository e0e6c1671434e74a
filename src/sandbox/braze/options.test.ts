import { expect, test } from 'vitest';
import { UsageError } from '../../core/errors.ts';
import { type GenerateOptions, settingsOf } from './options.ts';
import { ALL_TYPES } from './schemas.ts';

function idOf(seed: string): string {
  return settingsOf({ events: 1, seed }).integrationId;
}

function typesOf(...globs: string[]): readonly string[] {
  return settingsOf({ events: 1, types: globs }).types;
}

test('the defaults', () => {
  expect(settingsOf({ events: 10 })).toMatchObject({
    seed: 'sluice',
    codec: 'null',
    eventsPerFile: 15_000,
    start: Date.UTC(2026, 5, 1) / 1000,
    hours: 24,
    blockBytes: 65_536,
    anonymousShare: 0.05,
    users: 20,
    cluster: 'prod-01',
    store: 'S3',
    version: 10,
    types: ALL_TYPES,
  });
});

test('the integration id follows from the seed', () => {
  expect(idOf('a')).toBe(idOf('a'));
  expect(idOf('a')).not.toBe(idOf('b'));
});

test('a glob stands for whole names, and only * is special in it', () => {
  expect(typesOf('users.messages.email.C*')).toStrictEqual(['users.messages.email.Click']);
  expect(typesOf('*.Uninstall', 'users.User*')).toStrictEqual([
    'users.UserDeleteRequest',
    'users.UserOrphan',
    'users.behaviors.Uninstall',
  ]);
  expect(() => typesOf('users.messages.email')).toThrow('no event type matches');
  expect(() => typesOf('usersXUserOrphan')).toThrow('no event type matches');
});

test.each<[string, Partial<GenerateOptions>]>([
  ['events', { events: -1 }],
  ['events', { events: 1.5 }],
  ['hours', { hours: 0 }],
  ['anonymousShare', { anonymousShare: 1.1 }],
  ['anonymousShare', { anonymousShare: Number.NaN }],
  ['eventsPerFile', { eventsPerFile: 0 }],
  ['start', { start: -1 }],
  ['start', { start: Date.UTC(2037, 11, 31, 12), hours: 24 }],
  ['cluster', { cluster: '../up' }],
  ['store', { store: 'S3/x' }],
  ['codec', { codec: 'bzip2' as 'null' }],
])('%s is refused when it can not be: %o', (name, options) => {
  const call = () => settingsOf({ events: 1, ...options });
  expect(call).toThrow(UsageError);
  expect(call).toThrow(name);
});
