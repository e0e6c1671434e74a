import type { GeneratedRecord } from './records.ts';

/** One event as Braze's Custom HTTP connector posts it. */
interface PushedEvent {
  readonly event_type: string;
  readonly id: unknown;
  /** Seconds since 1970. */
  readonly time: unknown;
  readonly user: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface PushedBatch {
  readonly events: readonly PushedEvent[];
}

const USER_FIELDS: ReadonlySet<string> = new Set([
  'user_id',
  'external_user_id',
  'device_id',
  'timezone',
]);

/** Where the property bag goes, which storage keeps as JSON text. */
const BAGS: Readonly<Record<string, string>> = {
  'users.behaviors.CustomEvent': 'custom_properties',
  'users.behaviors.Purchase': 'purchase_properties',
};

/** The types whose public Custom HTTP samples have no `device_id`, or that have no such sample. */
const WITHOUT_DEVICE: ReadonlySet<string> = new Set([
  'agentconsole.AgentExecuted',
  'agentconsole.ToolInvocation',
  'users.RandomBucketNumberUpdate',
  'users.UserDeleteRequest',
  'users.behaviors.pushnotification.TokenStateChange',
  'users.behaviors.subscription.GlobalStateChange',
  'users.canvas.costep.Send',
  'users.canvas.exit.MatchedAudience',
  'users.canvas.exit.PerformedEvent',
  'users.canvas.experimentstep.Conversion',
  'users.canvas.experimentstep.SplitEntry',
  'users.messages.email.Deferral',
  'users.messages.liveactivity.Outcome',
  'users.messages.liveactivity.Send',
  'users.messages.rcs.Abort',
  'users.messages.rcs.InboundReceive',
  'users.messages.rcs.Read',
  'users.messages.sms.Abort',
  'users.messages.sms.InboundReceive',
  'users.messages.sms.Retry',
  'users.messages.webhook.Failure',
  'users.profile.Update',
]);

/**
 * The body that Braze's Custom HTTP connector would post for these records, after its public samples:
 * who under `user`, all else under `properties`, empty fields left out, property bags as objects.
 */
export function customHttpBatch(records: Iterable<GeneratedRecord>): PushedBatch {
  return { events: Array.from(records, pushedEvent) };
}

function pushedEvent({ type, record, user: person }: GeneratedRecord): PushedEvent {
  const user: Record<string, unknown> = {};
  const properties: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) {
    if (value === null || name === 'id' || name === 'time') continue;
    const bag = name === 'properties' ? BAGS[type] : undefined;
    if (bag !== undefined) properties[bag] = JSON.parse(String(value));
    else if (USER_FIELDS.has(name)) user[name] = value;
    else properties[pushedName(type, name)] = value;
  }
  if (!('device_id' in record) && !WITHOUT_DEVICE.has(type)) user['device_id'] = person.device.id;
  return { event_type: type, id: record['id'], time: record['time'], user, properties };
}

/** The banner samples call this one field otherwise than storage does. */
function pushedName(type: string, name: string): string {
  return name === 'canvas_step_message_variation_id' && type.startsWith('users.messages.banner.')
    ? 'canvas_step_message_variation_api_id'
    : name;
}
