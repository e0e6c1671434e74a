import { chosen, constant, hex, type Maker, maybe, once, oneOf, uuid } from './moment.ts';
import type { Message } from './workspace.ts';

const ABORTS = [
  ['quiet_hours', 'message scheduled inside quiet hours'],
  ['rate_limit', 'frequency capping rule "3 a week" reached'],
  [
    'liquid_abort_message',
    'no stock for {{custom_attribute.${favourite}}}\nline 2: abort_message()',
  ],
  ['user_not_enabled', 'user has no address for this channel'],
] as const;

const RETRIES = [
  ['rate_limited', '429 from the provider, next attempt in 30 s'],
  ['connected_content', 'Connected Content call timed out after 5 s'],
  ['internal_server_error', 'provider answered 503 "Service Unavailable"'],
] as const;

const CONVERSIONS = [
  [0, 'Makes purchase (any)'],
  [1, 'Starts session'],
  [2, 'Performs "signed_up"'],
] as const;

/** Where a message came from and what held it up; the same in all channels. */
export const MESSAGE_FIELDS: Readonly<Record<string, Maker>> = {
  campaign_id: (m) => m.message.campaign_id,
  campaign_name: nameOf('campaign_name'),
  message_variation_id: (m) => m.message.message_variation_id,
  message_variation_name: nameOf('message_variation_name'),
  canvas_id: (m) => m.message.canvas_id,
  canvas_name: nameOf('canvas_name'),
  canvas_variation_id: (m) => m.message.canvas_variation_id,
  canvas_variation_name: nameOf('canvas_variation_name'),
  canvas_step_id: (m) => m.message.canvas_step_id,
  canvas_step_name: nameOf('canvas_step_name'),
  canvas_step_message_variation_id: (m) => m.message.canvas_step_message_variation_id,
  canvas_api_id: (m) => m.message.canvas_id,
  canvas_variation_api_id: (m) => m.message.canvas_variation_id,
  canvas_step_api_id: (m) => m.message.canvas_step_id,
  next_step_id: (m) => m.message.next?.canvas_step_id ?? null,

  dispatch_id: once('dispatch_id', hex(32)),
  send_id: once('send_id', maybe(0.3, hex(24))),
  subscription_group_id: ({ journey }) => journey.workspace.subscriptionGroups[journey.channel],
  message_extras: maybe(0.15, (_, random) =>
    JSON.stringify({
      test_cell: random.pick(['a', 'b']),
      price_tier: random.between(1, 5),
      note: 'größer „gut“',
    }),
  ),
  abort_type: ({ journey }, random) => chosen('abort', ABORTS, journey, random)[0],
  abort_log: ({ journey }, random) => chosen('abort', ABORTS, journey, random)[1],
  retry_type: ({ journey }, random) => chosen('retry', RETRIES, journey, random)[0],
  retry_log: ({ journey }, random) => chosen('retry', RETRIES, journey, random)[1],

  conversion_behavior_index: ({ journey }, random) =>
    chosen('conversion', CONVERSIONS, journey, random)[0],
  conversion_behavior: ({ journey }, random) =>
    chosen('conversion', CONVERSIONS, journey, random)[1],
  experiment_step_id: ({ message }) => message.canvas_step_id,
  experiment_split_id: once('experiment_split_id', uuid),
  experiment_split_name: once('experiment_split_name', oneOf('Path 1', 'Path 2', 'Control')),
  in_control_group: once('in_control_group', (_, random) => random.chance(0.1)),
  progression_type: (m) => (m.message.next ? 'advance' : 'exit'),
  exit_reason: (m) => (m.message.next ? null : 'end_of_canvas'),
  is_canvas_entry: (m) => m.message.canvas_step_name === 'Welcome email',
  canvas_entry_id: once('canvas_entry_id', uuid),
  content_optimizer_step_id: (m) => m.message.canvas_step_id,
  combination_token: once('combination_token', hex(16)),
  channel: ({ journey }) => CHANNEL_NAMES[journey.channel] ?? journey.channel,
  version: constant('12.0.1'),
};

const CHANNEL_NAMES: Readonly<Record<string, string>> = {
  'in-app': 'in_app_message',
  'content-card': 'content_card',
};

/** Names are unknown for a while after a campaign or Canvas was made; ids are not. */
function nameOf(field: keyof Omit<Message, 'next'>): Maker {
  return ({ message, journey }) => (journey.named ? message[field] : null);
}
