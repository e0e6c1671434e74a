import type { Draft, JourneyKind } from './draft.ts';
import type { Random } from './random.ts';
import { SHOP_TYPES, shop } from './shop.ts';

const PUSH = 'users.messages.pushnotification.';
const IN_APP = 'users.messages.inappmessage.';
const CARD = 'users.messages.contentcard.';
const BANNER = 'users.messages.banner.';
const LIVE = 'users.messages.liveactivity.';
const TOKENS = 'users.behaviors.liveactivity.';
const HOUR = 3600;

const of = (prefix: string, names: string): string[] =>
  names.split(' ').map((name) => prefix + name);

/** What reaches users in or through an app: push, in-app messages, cards, banners, flags, Live Activities. */
export const APP_JOURNEYS: readonly JourneyKind[] = [
  {
    name: 'push',
    weight: 260,
    channel: 'push',
    origin: 'either',
    types: [
      ...of(PUSH, 'Abort Bounce Open Retry Send'),
      'users.behaviors.Uninstall',
      ...SHOP_TYPES,
    ],
    script: push,
  },
  {
    name: 'push into an open iOS app',
    weight: 4,
    channel: 'push',
    origin: 'either',
    platform: 'ios',
    types: of(PUSH, 'Send IosForeground'),
    script(draft) {
      draft.add(`${PUSH}Send`);
      draft.add(`${PUSH}IosForeground`, 1, 4);
    },
  },
  {
    name: 'session',
    weight: 150,
    channel: 'in-app',
    origin: 'either',
    types: [...SHOP_TYPES, ...of(IN_APP, 'Abort Click Impression'), 'users.behaviors.Location'],
    script(draft, random) {
      if (random.chance(0.02)) draft.add('users.behaviors.Location');
      if (random.chance(0.25)) inApp(draft, random);
      shop(draft, random);
    },
  },
  {
    name: 'first session',
    weight: 8,
    channel: 'in-app',
    origin: 'either',
    types: [
      'users.behaviors.InstallAttribution',
      'users.behaviors.app.FirstSession',
      'users.behaviors.pushnotification.TokenStateChange',
      ...SHOP_TYPES,
    ],
    script(draft, random) {
      if (random.chance(0.4)) draft.add('users.behaviors.InstallAttribution');
      draft.add('users.behaviors.app.FirstSession', 1, 5);
      if (random.chance(0.6)) draft.add('users.behaviors.pushnotification.TokenStateChange', 1, 5);
      shop(draft, random);
    },
  },
  {
    name: 'content card',
    weight: 40,
    channel: 'content-card',
    origin: 'either',
    types: of(CARD, 'Abort Click Dismiss Impression Send'),
    script(draft, random) {
      if (random.chance(0.01)) return draft.add(`${CARD}Abort`);
      draft.add(`${CARD}Send`);
      if (random.chance(0.5)) return;
      draft.add(`${CARD}Impression`, 30, 10 * HOUR);
      if (random.chance(0.3))
        draft.add(random.chance(0.5) ? `${CARD}Click` : `${CARD}Dismiss`, 1, 60);
    },
  },
  {
    name: 'banner',
    weight: 20,
    channel: 'banner',
    origin: 'either',
    types: of(BANNER, 'Abort Click Dismiss Impression'),
    script(draft, random) {
      if (random.chance(0.02)) return draft.add(`${BANNER}Abort`);
      draft.add(`${BANNER}Impression`);
      if (random.chance(0.2))
        draft.add(random.chance(0.5) ? `${BANNER}Click` : `${BANNER}Dismiss`, 1, 60);
    },
  },
  {
    name: 'feature flag',
    weight: 12,
    channel: 'feature-flag',
    origin: 'either',
    types: ['users.messages.featureflag.Impression'],
    script: (draft) => draft.add('users.messages.featureflag.Impression'),
  },
  {
    name: 'Live Activity',
    weight: 3,
    channel: 'push',
    origin: 'campaign',
    platform: 'ios',
    types: [...of(TOKENS, 'PushToStartTokenChange UpdateTokenChange'), ...of(LIVE, 'Send Outcome')],
    script(draft) {
      draft.add(`${TOKENS}PushToStartTokenChange`);
      draft.add(`${LIVE}Send`, 1, HOUR);
      draft.add(`${LIVE}Outcome`, 1, 5);
      draft.add(`${TOKENS}UpdateTokenChange`, 1, 5);
    },
  },
];

function push(draft: Draft, random: Random): void {
  if (random.chance(0.01)) return draft.add(`${PUSH}Abort`);
  if (random.chance(0.004)) draft.add(`${PUSH}Retry`);
  draft.add(`${PUSH}Send`, 0, 60);
  if (random.chance(0.02)) {
    draft.add(`${PUSH}Bounce`, 1, 10);
    if (random.chance(0.2)) draft.add('users.behaviors.Uninstall', HOUR, 20 * HOUR);
    return;
  }
  if (random.chance(0.93)) return;
  draft.add(`${PUSH}Open`, 3, 10 * HOUR);
  if (random.chance(0.5)) shop(draft, random);
}

function inApp(draft: Draft, random: Random): void {
  if (random.chance(0.02)) return draft.add(`${IN_APP}Abort`);
  draft.add(`${IN_APP}Impression`, 1, 10);
  if (random.chance(0.25)) draft.add(`${IN_APP}Click`, 1, 30);
}
