import { expect, test } from 'vitest';
import {
  allEvents,
  channelName,
  deriveName,
  findEvent,
  isPii,
  nativeName,
  PII_FIELDS,
  selectEvents,
  storageOnly,
  storageOnlyEvents,
  unconfirmedEvents,
  unknownPatterns,
} from './catalogue.ts';

test('there are 93 types, each once, each with a label and a description of its own', () => {
  const events = allEvents();
  expect(events).toHaveLength(93);
  for (const key of ['type', 'label', 'description'] as const)
    expect(new Set(events.map((event) => event[key])).size).toBe(93);
});

test('every event begins with the five properties that all share', () => {
  for (const event of [...allEvents(), ...unconfirmedEvents()])
    expect(event.properties.slice(0, 5).map(({ name, field }) => [name, field])).toEqual([
      ['$partner_id', null],
      ['distinct_id', 'external_user_id'],
      ['$insert_id', 'id'],
      ['time', 'time'],
      ['token', null],
    ]);
});

test('no event has a property twice, and each comes from a field, a constant or the project', () => {
  for (const event of allEvents()) {
    const names = event.properties.map((property) => property.name);
    expect(new Set(names).size).toBe(names.length);
    for (const property of event.properties)
      expect([property.field, property.const, property.source].some(Boolean)).toBe(true);
    expect(
      event.properties.filter(({ field }) => field !== null && event.dropped.includes(field)),
    ).toEqual([]);
  }
});

test('a field that is personal on one event is personal on all', () => {
  for (const event of allEvents())
    for (const { field, pii } of event.properties)
      if (pii) expect(isPii(field!), field!).toBe(true);
  for (const field of ['country', 'gender', 'language', 'message_extras'])
    expect(isPii(field)).toBe(true);
  expect(isPii('campaign_id')).toBe(false);
  expect(new Set(PII_FIELDS).size).toBe(PII_FIELDS.length);
});

test("the 15 names on Mixpanel's exempt list are found, the renamed SMS one among them", () => {
  const exempt = allEvents().filter((event) => event.mtuExempt);
  expect(exempt).toHaveLength(15);
  expect(exempt.map((event) => event.name)).toContain('SMS Carrier Send');
});

test('seven types exist in storage only', () => {
  expect(storageOnlyEvents()).toHaveLength(7);
  expect(storageOnly('users.profile.Update')?.label).toBe('Profile update');
  expect(findEvent('users.profile.Update')).toBeUndefined();
});

test('the two aborts that were never seen carry what all other aborts share, in both spellings', () => {
  const aborts = allEvents().filter((event) => event.type.endsWith('.Abort'));
  expect(aborts).toHaveLength(10);
  const names = (event: { properties: readonly { name: string }[] }) =>
    event.properties.map(({ name }) => name);
  for (const event of unconfirmedEvents()) {
    const shared = names(aborts[0]!).filter((name) =>
      aborts.every((abort) => names(abort).includes(name)),
    );
    expect(names(event).toSorted()).toEqual(shared.toSorted());
    expect(findEvent(event.aliases![0]!)).toBe(event);
    expect(findEvent(event.type)).toBe(event);
  }
});

test('wildcards select by part, and at the end anything below', () => {
  const count = (...patterns: string[]) =>
    allEvents().filter(({ type }) => selectEvents(patterns)(type)).length;
  expect(count('*')).toBe(93);
  expect(count('users.messages.email.*')).toBe(11);
  expect(count('users.messages.email.Click')).toBe(1);
  expect(count('users.messages.*.Click')).toBe(8);
  expect(count('users.behaviors.*', 'users.canvas.*')).toBe(21);
  expect(count('users.messages.email.Cl')).toBe(0);
  expect(selectEvents(['users.messages.email.Click'])('usersXmessages.email.Click')).toBe(false);
});

test('a pattern that selects nothing known is named, with what was perhaps meant', () => {
  expect(unknownPatterns(['users.messages.email.*', 'users.message.email.Click'])).toEqual([
    {
      pattern: 'users.message.email.Click',
      similar: expect.arrayContaining(['users.messages.email.Click']),
    },
  ]);
});

test('names for types and fields that have none of their own', () => {
  expect(deriveName('users.messages.carousel.CardSwipe')).toBe('Carousel Card Swipe');
  expect(deriveName('users.behaviors.foo.BarBaz')).toBe('Foo Bar Baz');
  expect(deriveName('users.RandomBucketNumberUpdate')).toBe('Random Bucket Number Update');
  expect(deriveName('users.messages.pushnotification.Snooze')).toBe('Push Notification Snooze');
  expect(deriveName('..')).toBe('..');
  expect(nativeName('os_version')).toBe('$os');
  expect(nativeName('campaign_id')).toBe('campaign_id');
});

test('renamed fields are renamed the same way wherever the native connector sends them', () => {
  for (const event of allEvents())
    for (const { name, field } of event.properties)
      if (field !== null && !['external_user_id', 'id'].includes(field))
        expect(name).toBe(nativeName(field));
});

test('only colliding names get their channel', () => {
  expect(channelName(findEvent('users.messages.line.Click')!)).toBe('LINE Click');
  expect(channelName(findEvent('users.messages.rcs.Send')!)).toBe('RCS Send');
  expect(channelName(findEvent('users.messages.email.Click')!)).toBe('Email Click');
  const names = allEvents().map(channelName);
  expect(new Set(names).size).toBe(93);
});
