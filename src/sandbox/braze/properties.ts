import type { Random } from './random.ts';
import type { User } from './users.ts';

/** What the property bag of a custom event or a purchase holds. */
type Properties = Record<string, unknown>;

const PRODUCTS = [
  'Trail Runner 2',
  'Wanderschuh „Alpin“',
  'レインジャケット',
  'Camp mug 🍵',
  'Tent 3P',
];
const COLORS = ['red', 'forest green', 'grün', '青'];
const QUERIES = [
  'running shoes',
  'größe 42',
  '雨 ジャケット',
  'tent "3 person"',
  'أحذية',
  'C:\\gear',
];

/** Kinds of custom events; one that stands more often is more frequent. */
const EVENTS: readonly (readonly [string, (random: Random, user: User) => Properties])[] = [
  ['viewed_product', product],
  ['viewed_product', product],
  ['viewed_product', product],
  ['added_to_cart', (random) => ({ ...product(random), quantity: random.between(1, 5) })],
  ['added_to_cart', (random) => ({ ...product(random), quantity: random.between(1, 5) })],
  [
    'search',
    (random) => ({
      query: random.pick(QUERIES),
      results: random.between(0, 240),
      filters: colors(random),
    }),
  ],
  [
    'started_checkout',
    (random, user) => ({
      cart_value: random.between(500, 60_000) / 100,
      currency: user.currency,
      shipping: { city: user.city, country: user.country, express: random.chance(0.3) },
    }),
  ],
  ['completed_profile', () => ({})],
  [
    'started_trial',
    (random) => ({
      plan: random.pick(['basic', 'pro', 'équipe']),
      trial_days: 14,
      has_card: random.chance(0.4),
    }),
  ],
  [
    'level_completed',
    (random) => ({
      level: random.between(1, 80),
      score: random.between(0, 2_000_000),
      boosters: random.chance(0.5) ? ['shield', 'double ⭐'] : [],
    }),
  ],
  [
    'Article Read',
    (random) => ({
      title: `“${random.pick(PRODUCTS)}”: a review`,
      seconds: random.between(5, 900),
    }),
  ],
  [
    'お気に入り追加',
    (random) => ({ 商品: random.pick(PRODUCTS), 価格: random.between(100, 50_000) }),
  ],
];

export function customEventOf(
  random: Random,
  user: User,
): { name: string; properties: Properties } {
  const [name, make] = random.pick(EVENTS);
  return { name, properties: make(random, user) };
}

export function purchasePropertiesOf(random: Random): Properties {
  return {
    ...(random.chance(0.9) && { size: random.pick(['S', 'M', 'L', 42]) }),
    ...(random.chance(0.7) && { color: random.pick(COLORS) }),
    ...(random.chance(0.3) && { gift: random.chance(0.5) }),
    ...(random.chance(0.2) && { coupons: ['SUMMER', 'größer-10%'] }),
    ...(random.chance(0.05) && { delivery: { method: 'express', days: random.between(1, 3) } }),
  };
}

function product(random: Random): Properties {
  return {
    product_id: `sku-${random.between(100, 999)}`,
    product_name: random.pick(PRODUCTS),
    price: random.between(99, 49_999) / 100,
    in_stock: random.chance(0.9),
    ...(random.chance(0.4) && { tags: colors(random) }),
  };
}

function colors(random: Random): string[] {
  return COLORS.slice(0, random.between(0, COLORS.length));
}
