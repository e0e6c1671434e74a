import { PLATFORMS } from './devices.ts';
import { Random, seedOf } from './random.ts';

const CHANNELS = [
  'email',
  'push',
  'sms',
  'whatsapp',
  'line',
  'rcs',
  'in-app',
  'content-card',
  'banner',
  'feature-flag',
  'webhook',
] as const;
export type Channel = (typeof CHANNELS)[number];

/** Where a message comes from: a campaign's variation or a step of a Canvas, by the names that Currents gives the fields. */
export interface Message {
  readonly campaign_id: string | null;
  readonly campaign_name: string | null;
  readonly message_variation_id: string | null;
  readonly message_variation_name: string | null;
  readonly canvas_id: string | null;
  readonly canvas_name: string | null;
  readonly canvas_variation_id: string | null;
  readonly canvas_variation_name: string | null;
  readonly canvas_step_id: string | null;
  readonly canvas_step_name: string | null;
  readonly canvas_step_message_variation_id: string | null;
  /** The step of the Canvas that comes after this one. */
  readonly next: Message | null;
}

/** All that stays the same for a whole company: its apps, senders, campaigns and Canvases. */
export interface Workspace {
  readonly appGroupId: string;
  /** App id by platform. */
  readonly apps: Readonly<Record<string, string>>;
  readonly subscriptionGroups: Readonly<Record<Channel, string>>;
  readonly smsSenders: readonly string[];
  readonly whatsappSender: string;
  readonly rcsSender: string;
  readonly lineChannelId: string;
  readonly lineChannelName: string;
  readonly agents: readonly { id: string; name: string }[];
  readonly campaigns: Readonly<Record<Channel, readonly Message[]>>;
  /** The first step of each variation of each Canvas. */
  readonly canvases: readonly Message[];
}

const NO_MESSAGE: Message = {
  campaign_id: null,
  campaign_name: null,
  message_variation_id: null,
  message_variation_name: null,
  canvas_id: null,
  canvas_name: null,
  canvas_variation_id: null,
  canvas_variation_name: null,
  canvas_step_id: null,
  canvas_step_name: null,
  canvas_step_message_variation_id: null,
  next: null,
};

const THEMES = [
  'Welcome',
  'Summer Sale ☀️',
  'Abandoned Cart',
  'Weekly Digest',
  'Price Drop',
  'Birthday 🎂',
  'Win-back "30 days"',
  'Größenberater DE',
  '新商品のお知らせ',
  'Loyalty Points',
  'Back in Stock',
  'Product Feedback',
];
const CANVASES = [
  'Onboarding',
  'Post-Purchase',
  'Churn Prevention',
  'Trial → Paid',
  '会員ランクアップ',
];
const STEPS = ['Welcome email', 'Wait & remind', 'Offer', 'Last call'];
const VARIATIONS = ['Variation A', 'Variation B'];
const CAMPAIGNS_A_CHANNEL = 6;

export function workspaceOf(seed: string): Workspace {
  const random = new Random(seedOf(`${seed}/workspace`));
  return {
    appGroupId: random.hex(24),
    apps: Object.fromEntries(PLATFORMS.map((platform) => [platform, random.uuid()])),
    subscriptionGroups: byChannel(() => random.uuid()),
    smsSenders: ['+15555550100', '+15555550101', '28777'],
    whatsappSender: '+15555550142',
    rcsSender: 'northwind_outdoor_agent',
    lineChannelId: '2006550142',
    lineChannelName: 'Northwind アウトドア',
    agents: ['Product Recommender', 'Subject Line Writer', 'Support Triage'].map((name) => ({
      id: random.uuid(),
      name,
    })),
    campaigns: byChannel((channel) => campaignsOf(random, channel)),
    canvases: CANVASES.flatMap((name) => canvasOf(random, name)),
  };
}

function byChannel<T>(make: (channel: Channel) => T): Record<Channel, T> {
  return Object.fromEntries(CHANNELS.map((channel) => [channel, make(channel)])) as Record<
    Channel,
    T
  >;
}

function campaignsOf(random: Random, channel: Channel): Message[] {
  return Array.from({ length: CAMPAIGNS_A_CHANNEL }, (_, i) => ({
    campaign_id: random.uuid(),
    campaign_name: `${random.pick(THEMES)} ${channel} ${i + 1}`,
  })).flatMap((campaign) =>
    VARIATIONS.map((name) => ({
      ...NO_MESSAGE,
      ...campaign,
      message_variation_id: random.uuid(),
      message_variation_name: name,
    })),
  );
}

/** The first steps of a Canvas, one a variation; the others hang on them. */
function canvasOf(random: Random, name: string): Message[] {
  const canvas = { canvas_id: random.uuid(), canvas_name: name };
  return VARIATIONS.map((variation) => {
    const branch = {
      ...NO_MESSAGE,
      ...canvas,
      canvas_variation_id: random.uuid(),
      canvas_variation_name: variation,
    };
    let next: Message | null = null;
    for (const step of STEPS.toReversed())
      next = {
        ...branch,
        canvas_step_id: random.uuid(),
        canvas_step_name: step,
        canvas_step_message_variation_id: random.uuid(),
        next,
      };
    return next ?? branch;
  });
}
