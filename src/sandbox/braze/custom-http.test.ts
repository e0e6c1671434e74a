import { expect, test } from 'vitest';
import { customHttpBatch } from './custom-http.ts';
import { type GeneratedRecord, records } from './records.ts';

const ALL = [...records({ events: 4000, seed: 'push' })];

function find(
  type: string,
  suits: (each: GeneratedRecord) => boolean = () => true,
): GeneratedRecord {
  const found = ALL.find((each) => each.type === type && suits(each));
  if (!found) throw new Error(`no ${type}`);
  return found;
}

function push(record: GeneratedRecord) {
  return customHttpBatch([record]).events[0]!;
}

test('every filled field has its place, once; empty ones are left out', () => {
  const { events } = customHttpBatch(ALL);
  expect(events).toHaveLength(ALL.length);
  for (const [i, event] of events.entries()) {
    const { type, record } = ALL[i]!;
    expect(event).toMatchObject({ event_type: type, id: record['id'], time: record['time'] });
    const filled = Object.keys(record).filter((name) => record[name] !== null).length - 2;
    const added = !('device_id' in record) && 'device_id' in event.user ? 1 : 0;
    expect(Object.keys(event.user).length + Object.keys(event.properties).length).toBe(
      filled + added,
    );
    expect([...Object.values(event.user), ...Object.values(event.properties)]).not.toContain(null);
  }
});

test('who it was stands under user', () => {
  const sent = find('users.messages.pushnotification.Send', ({ record }) =>
    ['external_user_id', 'device_id', 'timezone'].every((name) => record[name] !== null),
  );
  const { user, properties } = push(sent);
  const { user_id, external_user_id, device_id, timezone } = sent.record;
  expect(user).toStrictEqual({ user_id, external_user_id, device_id, timezone });
  expect(properties).toMatchObject({ platform: sent.record['platform'] });
});

test('an e-mail names the device, which storage leaves out; an SMS abort does not', () => {
  const click = find('users.messages.email.Click');
  expect(click.record).not.toHaveProperty('device_id');
  expect(push(click).user).toHaveProperty('device_id', click.user.device.id);
  expect(push(find('users.messages.sms.Abort')).user).not.toHaveProperty('device_id');
});

test.each([
  ['users.behaviors.CustomEvent', 'custom_properties'],
  ['users.behaviors.Purchase', 'purchase_properties'],
])('the property bag of %s is an object under %s', (type, bag) => {
  const made = find(type);
  const { properties } = push(made);
  expect(properties[bag]).toStrictEqual(JSON.parse(String(made.record['properties'])));
  expect(properties).not.toHaveProperty('properties');
});

test('a banner calls the step variation as the samples do', () => {
  const shown = find(
    'users.messages.banner.Impression',
    ({ record }) => record['canvas_id'] !== null,
  );
  const { properties } = push(shown);
  expect(properties['canvas_step_message_variation_api_id']).toBe(
    shown.record['canvas_step_message_variation_id'],
  );
  expect(properties).not.toHaveProperty('canvas_step_message_variation_id');
});
