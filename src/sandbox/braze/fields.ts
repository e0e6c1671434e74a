import type { Value } from './avro-writer.ts';
import { AGENT_FIELDS } from './agent-fields.ts';
import { BEHAVIOR_FIELDS } from './behavior-fields.ts';
import { CHANNEL_FIELDS } from './channel-fields.ts';
import { between, type Maker, type Moment, once, oneOf, sessionStart } from './moment.ts';
import { EMAIL_FIELDS, SOFT_BOUNCES } from './email-fields.ts';
import { MESSAGE_FIELDS } from './message-fields.ts';
import { PERSON_FIELDS } from './person-fields.ts';
import type { Random } from './random.ts';
import type { BaseType, EventSchema } from './schemas.ts';
import type { User } from './users.ts';

/** Makers by field name; a field has one meaning wherever it occurs … */
const FIELDS: Readonly<Record<string, Maker>> = {
  ...PERSON_FIELDS,
  ...MESSAGE_FIELDS,
  ...EMAIL_FIELDS,
  ...CHANNEL_FIELDS,
  ...BEHAVIOR_FIELDS,
  ...AGENT_FIELDS,
};

/** … but for these, which mean something else in one type. */
const SPECIAL: Readonly<Record<string, Maker>> = {
  'users.behaviors.Purchase properties': BEHAVIOR_FIELDS['purchase_properties']!,
  'users.behaviors.app.SessionEnd duration': (moment, random) =>
    moment.time - sessionStart(moment) + random.below(10) / 10,
  // A soft bounce is one that may pass.
  'users.messages.email.SoftBounce bounce_reason': oneOf(...SOFT_BOUNCES),
  'users.messages.whatsapp.InboundReceive product_id': (_, random) =>
    random.chance(0.1) ? `sku-${random.between(100, 999)}` : null,
  'agentconsole.AgentExecuted error': ({ journey }) =>
    journey.kept.get('is_error') === true ? 'model_timeout' : null,
  ...Object.fromEntries(
    ['sms', 'whatsapp', 'rcs'].flatMap((channel) => [
      [`users.messages.${channel}.InboundReceive user_id`, unlessStranger((user) => user.userId)],
      [
        `users.messages.${channel}.InboundReceive external_user_id`,
        unlessStranger((user) => user.externalUserId),
      ],
    ]),
  ),
};

/** Some people write who belong to no user. */
function unlessStranger(of: (user: User) => string | null): Maker {
  const isStranger = once('stranger', (_, random) => random.chance(0.03));
  return (moment, random) => (isStranger(moment, random) ? null : of(moment.journey.user));
}

/** Fills in the fields of one event, in their order. */
export type Fill = (moment: Moment, random: Random) => Value[];

/** Compiles what fills in the fields of one type. A field no maker is known for gets a plain value of its type. */
export function compileFill({ type, fields }: EventSchema): Fill {
  const makers = fields.map((field) => {
    const { name, optional } = field;
    const make = SPECIAL[`${type} ${name}`] ?? FIELDS[name] ?? PLAIN[field.base];
    if (optional) return make;
    const instead = PLAIN[field.base];
    return (moment: Moment, random: Random) => make(moment, random) ?? instead(moment, random);
  });
  return (moment, random) => {
    const values: Value[] = [];
    for (const make of makers) values.push(make(moment, random));
    return values;
  };
}

const WORDS = ['alpha', 'bravo', 'delta', 'größe', 'lima', 'nova', 'sierra', '東'];

const PLAIN: Readonly<Record<BaseType, Maker>> = {
  string: oneOf(...WORDS),
  boolean: oneOf(true, false),
  int: between(0, 1000),
  long: between(0, 1000),
  float: (_, random) => random.between(0, 9999) / 100,
  'list<string>': (_, random) => [random.pick(WORDS), random.pick(WORDS)],
  'list<string?>': (_, random) => [random.pick(WORDS), null],
};
