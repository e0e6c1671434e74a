import { customEventOf, purchasePropertiesOf } from './properties.ts';
import { type Maker, maybe, once, oneOf, sessionStart, uuid } from './moment.ts';

/** What users do by themselves, and what changes on their profiles. */
export const BEHAVIOR_FIELDS: Readonly<Record<string, Maker>> = {
  // The two fields of one custom event are made together: `name` comes first in the schema.
  name: ({ journey }, random) => {
    const { name, properties } = customEventOf(random, journey.user);
    journey.kept.set('custom_event_properties', JSON.stringify(properties));
    return name;
  },
  properties: ({ journey }) => journey.kept.get('custom_event_properties') ?? '{}',
  purchase_properties: (_, random) => JSON.stringify(purchasePropertiesOf(random)),
  product_id: (_, random) =>
    `sku-${random.between(100, 999)}${random.pick(['', '-XL', '-größe-42'])}`,
  // Two decimals and less than a thousand: exact in the 32 bits of an Avro float.
  price: (_, random) => random.between(99, 49_999) / 100,
  currency: ({ journey }) => journey.user.currency,

  session_id: (moment, random) => once(`session_id ${sessionStart(moment)}`, uuid)(moment, random),
  source: oneOf('Organic', 'Google Ads', 'Facebook "Lookalike"', 'Adjust/Partner'),
  latitude: (_, random) => random.between(-60_000, 60_000) / 1000,
  longitude: (_, random) => random.between(-99_000, 99_000) / 1000,
  altitude: maybe(0.7, (_, random) => random.between(-20, 20_000) / 10),
  ll_accuracy: maybe(0.9, (_, random) => random.between(30, 2000) / 10),
  alt_accuracy: maybe(0.6, (_, random) => random.between(10, 500) / 10),

  random_bucket_number: (_, random) => random.below(10_000),
  prev_random_bucket_number: maybe(0.9, (_, random) => random.below(10_000)),
  orphaned_by_id: (_, random) => random.hex(24),
  update_source: oneOf('sdk', 'rest_api', 'dashboard', 'data_import'),
  archived: maybe(0.2, oneOf(false, false, true)),
  custom_attributes: maybe(0.7, (_, random) =>
    JSON.stringify({
      loyalty_tier: random.pick(['silver', 'gold', 'プラチナ']),
      points: random.between(0, 90_000),
      newsletter: random.chance(0.5),
    }),
  ),
  subscription_status: once('subscription_status', oneOf('Subscribed', 'Unsubscribed', 'Opted In')),
  state_change_source: oneOf('REST', 'SDK', 'Dashboard', 'Preference Center', 'Email'),
  channel_identifier: ({ journey }) =>
    journey.channel === 'email' ? journey.user.email : journey.user.phone,
};
