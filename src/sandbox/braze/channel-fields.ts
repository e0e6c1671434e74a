import { constant, hex, type Maker, maybe, once, oneOf, uuid } from './moment.ts';

const MEDIA = 'https://media.example.com/';

/** SMS, WhatsApp, LINE, RCS, webhooks, in-app, cards, banners, push, Live Activities. */
export const CHANNEL_FIELDS: Readonly<Record<string, Maker>> = {
  from_phone_number: ({ journey }, random) =>
    journey.channel === 'whatsapp'
      ? journey.workspace.whatsappSender
      : random.pick(journey.workspace.smsSenders),
  inbound_phone_number: ({ journey }) =>
    journey.channel === 'whatsapp'
      ? journey.workspace.whatsappSender
      : (journey.workspace.smsSenders[0] ?? null),
  category: maybe(0.2, oneOf('marketing', 'utility')),
  is_sms_fallback: (_, random) => random.chance(0.05),
  error: oneOf('30003 Unreachable destination handset', '30007 Carrier violation, "filtered"'),
  provider_error_code: oneOf('30003', '30007', '131026', '131049'),
  provider_error_title: oneOf('Message undeliverable', 'Re-engagement message'),
  action: oneOf('none', 'subscribed', 'unsubscribed', 'help'),
  message_body: ({ journey }) => journey.user.phrase,
  media_urls: maybe(0.15, (_, random) =>
    Array.from({ length: random.between(0, 3) }, (_, i) =>
      i === 2 ? null : `${MEDIA}${random.hex(12)}.jpg`,
    ),
  ),
  media_id: maybe(0.1, hex(18)),
  quick_reply_text: maybe(0.2, oneOf('Yes', 'No, thanks', 'Später')),
  catalog_id: maybe(0.1, (_, random) => String(random.between(1e14, 9e14))),
  flow_id: maybe(0.1, (_, random) => String(random.between(1e14, 9e14))),
  flow_response_json: maybe(0.08, (_, random) =>
    JSON.stringify({
      flow_token: random.hex(12),
      size: 'größe 42',
      quantity: random.between(1, 4),
    }),
  ),
  template_name: once('template_name', oneOf('order_update_v2', 'promo_summer', null)),
  message_id: once('message_id', (_, random) => `wamid.${random.hex(40).toUpperCase()}`),
  in_reply_to: maybe(0.4, (_, random) => `wamid.${random.hex(40).toUpperCase()}`),
  line_channel_id: ({ journey }) => journey.workspace.lineChannelId,
  line_channel_name: ({ journey }) => journey.workspace.lineChannelName,
  from_rcs_sender: ({ journey }) => journey.workspace.rcsSender,
  to_rcs_sender: ({ journey }) => journey.workspace.rcsSender,
  interaction_type: oneOf('suggestion', 'text_link'),
  element_type: oneOf('open_url', 'reply', 'dial'),
  element_label: oneOf('Shop now', 'Mehr erfahren', '見る'),

  endpoint_url: constant('https://hooks.example.com/braze/orders'),
  host: constant('hooks.example.com'),
  url_path: constant('/braze/orders'),
  http_status_code: oneOf(400, 404, 429, 500, 503),
  raw_response: maybe(0.8, oneOf('{"error":"bad \\"sku\\""}', '<html>Bad gateway</html>', '')),
  content_length: (_, random) => random.between(0, 4000),
  retry_count: (_, random) => random.between(0, 5),
  webhook_duration: (_, random) => random.between(20, 30_000),
  webhook_failure_source: oneOf('endpoint', 'timeout', 'dns'),
  is_terminal: (_, random) => random.chance(0.4),

  card_id: once('card_id', uuid),
  content_card_id: once('content_card_id', uuid),
  button_id: maybe(0.7, oneOf('0', '1', 'close')),
  banner_placement_id: once('banner_placement_id', oneOf('home_top', 'cart_bottom', 'profil_oben')),
  feature_flag_id_name: once(
    'feature_flag_id_name',
    oneOf('new_checkout', 'dark_mode', 'ai_search'),
  ),
  button_action_type: maybe(0.2, oneOf('URI', 'DEEP_LINK', 'CLOSE')),
  button_string: maybe(0.2, oneOf('Accept', 'Später', 'もっと見る')),
  activity_id: once('activity_id', uuid),
  activity_attributes_type: once('activity_attributes_type', constant('OrderTrackingAttributes')),
  push_to_start_token: once('push_to_start_token', hex(64)),
  update_token: once('update_token', hex(64)),
  live_activity_event_type: once('live_activity_event_type', oneOf('start', 'update', 'end')),
  live_activity_event_outcome: oneOf('success', 'success', 'failure', 'invalid_token'),
};
