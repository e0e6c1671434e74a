import { type Maker, maybe, once } from './moment.ts';

/** Who it is about, where they are, and on what device. */
export const PERSON_FIELDS: Readonly<Record<string, Maker>> = {
  id: (_, random) => random.uuid(),
  time: ({ time }) => time,
  time_ms: ({ time }, random) => time * 1000 + random.below(1000),
  app_group_id: ({ journey }) => journey.workspace.appGroupId,
  app_group_api_id: ({ journey }) => journey.workspace.appGroupId,

  user_id: ({ journey }) => journey.user.userId,
  external_user_id: ({ journey }) => journey.user.externalUserId,
  email_address: ({ journey }) => journey.user.email,
  phone_number: ({ journey }) => journey.user.phone,
  user_phone_number: ({ journey }) => journey.user.phone,
  to_phone_number: ({ journey }) => journey.user.phone,
  first_name: maybe(0.9, ({ journey }) => journey.user.firstName),
  last_name: maybe(0.85, ({ journey }) => journey.user.lastName),
  gender: maybe(0.7, ({ journey }) => journey.user.gender),
  dob: maybe(0.4, ({ journey }) => journey.user.birthday),
  home_city: maybe(0.8, ({ journey }) => journey.user.city),
  country: maybe(0.97, ({ journey }) => journey.user.country),
  language: maybe(0.97, ({ journey }) => journey.user.language),
  timezone: maybe(0.97, ({ journey }) => journey.user.timezone),
  bsuid: maybe(0.6, ({ journey }) => journey.user.bsuid),
  native_line_id: ({ journey }) => journey.user.lineId,

  device_id: maybe(0.97, ({ journey }) => journey.user.device.id),
  push_token_device_id: ({ journey }) => journey.user.device.id,
  app_id: ({ journey }) => journey.user.device.appId,
  platform: ({ journey }) => journey.user.device.platform,
  os_version: maybe(0.98, ({ journey }) => journey.user.device.osVersion),
  device_model: maybe(0.98, ({ journey }) => journey.user.device.model),
  sdk_version: ({ journey }) => journey.user.device.sdkVersion,
  resolution: ({ journey }) => journey.user.device.resolution,
  carrier: ({ journey }) => journey.user.device.carrier,
  browser: ({ journey }) => journey.user.device.browser,
  user_agent: maybe(0.95, ({ journey }) => journey.user.device.userAgent),
  ad_id: ({ journey }) => journey.user.device.adId,
  ad_id_type: ({ journey }) => journey.user.device.adIdType,
  ad_tracking_enabled: ({ journey }) => journey.user.device.adTracking,
  locale_key: maybe(0.3, ({ journey }) => journey.user.device.locale),

  push_token: ({ journey }) => journey.user.device.pushToken,
  push_token_created_at: once(
    'push_token_created_at',
    ({ time }, random) => time - random.between(60, 9_000_000),
  ),
  push_token_updated_at: ({ time }) => time,
  push_token_foreground_push_disabled: (_, random) => random.chance(0.1),
  push_token_provisionally_opted_in: (_, random) => random.chance(0.1),
  push_token_state_change_type: (_, random) => random.pick(['add', 'add', 'update', 'remove']),
  ios_push_token_apns_gateway: ({ journey }) => (journey.user.device.platform === 'ios' ? 2 : null),
  web_push_token_public_key: webPush(87),
  web_push_token_user_auth: webPush(22),
  web_push_token_vapid_public_key: webPush(87),
};

function webPush(digits: number): Maker {
  return ({ journey }, random) =>
    journey.user.device.platform === 'web'
      ? `B${random.hex(Math.min(digits, 64)).padEnd(digits - 1, 'A')}`
      : null;
}
