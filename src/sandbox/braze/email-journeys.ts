import type { Draft, JourneyKind } from './draft.ts';
import type { Random } from './random.ts';
import { SHOP_TYPES, shop } from './shop.ts';

const EMAIL = 'users.messages.email.';
const HOUR = 3600;

const EMAIL_TYPES: readonly string[] = [
  'Abort',
  'Bounce',
  'Click',
  'Deferral',
  'Delivery',
  'MarkAsSpam',
  'Open',
  'Retry',
  'Send',
  'SoftBounce',
  'Unsubscribe',
].map((name) => EMAIL + name);

/** One e-mail, from the attempt to what its reader makes of it. True when it was clicked. */
function mail(draft: Draft, random: Random): boolean {
  if (random.chance(0.01)) {
    draft.add(`${EMAIL}Abort`);
    return false;
  }
  if (random.chance(0.004)) {
    draft.add(`${EMAIL}Retry`);
    draft.add(`${EMAIL}Send`, 20, 90);
  } else draft.add(`${EMAIL}Send`);
  const luck = random.unit();
  if (luck < 0.012) {
    draft.add(`${EMAIL}Bounce`, 1, 30);
    return false;
  }
  if (luck < 0.024) {
    draft.add(`${EMAIL}SoftBounce`, 1, 600);
    return false;
  }
  if (luck < 0.04) draft.add(`${EMAIL}Deferral`, 2, 60);
  draft.add(`${EMAIL}Delivery`, 1, 120);
  if (random.chance(0.62)) return false;
  draft.add(`${EMAIL}Open`, 20, 20 * HOUR);
  if (random.chance(0.15)) draft.add(`${EMAIL}Open`, 60, 4 * HOUR);
  if (random.chance(0.005)) draft.add(`${EMAIL}MarkAsSpam`, 3, 60);
  if (random.chance(0.012)) {
    draft.add(`${EMAIL}Unsubscribe`, 3, 120);
    draft.add('users.behaviors.subscription.GlobalStateChange', 1, 2);
    return false;
  }
  if (random.chance(0.8)) return false;
  draft.add(`${EMAIL}Click`, 2, 900);
  return true;
}

export const EMAIL_JOURNEYS: readonly JourneyKind[] = [
  {
    name: 'email campaign',
    weight: 360,
    channel: 'email',
    origin: 'campaign',
    types: [
      ...EMAIL_TYPES,
      ...SHOP_TYPES,
      'users.behaviors.subscription.GlobalStateChange',
      'users.campaigns.Conversion',
      'users.campaigns.EnrollInControl',
    ],
    script(draft, random) {
      if (random.chance(0.01)) return draft.add('users.campaigns.EnrollInControl');
      if (mail(draft, random) && shop(draft, random))
        draft.add('users.campaigns.Conversion', 1, 20);
    },
  },
  {
    name: 'Canvas with e-mail',
    weight: 60,
    channel: 'email',
    origin: 'canvas',
    types: [
      ...EMAIL_TYPES,
      ...SHOP_TYPES,
      'users.behaviors.subscription.GlobalStateChange',
      'users.canvas.Entry',
      'users.canvas.Conversion',
      'users.canvas.exit.MatchedAudience',
      'users.canvas.exit.PerformedEvent',
      'users.canvas.experimentstep.SplitEntry',
      'users.canvas.experimentstep.Conversion',
      'users.canvas.costep.Send',
      'users.canvasstep.Progression',
    ],
    script: canvas,
  },
];

/** Entry, then step by step with a message each, until conversion, an exit rule or the last step. */
function canvas(draft: Draft, random: Random): void {
  draft.add('users.canvas.Entry');
  const experiment = random.chance(0.15);
  for (;;) {
    if (experiment && draft.steps.length === 1)
      draft.add('users.canvas.experimentstep.SplitEntry', 1, 5);
    if (random.chance(0.05)) draft.add('users.canvas.costep.Send', 1, 5);
    if (mail(draft, random) && shop(draft, random)) {
      draft.add('users.canvas.Conversion', 1, 20);
      if (experiment) draft.add('users.canvas.experimentstep.Conversion', 1, 5);
      return draft.add('users.canvas.exit.PerformedEvent', 1, 30);
    }
    if (random.chance(0.08)) return draft.add('users.canvas.exit.MatchedAudience', 60, 6 * HOUR);
    draft.add('users.canvasstep.Progression', 60, 8 * HOUR);
    if (!draft.message.next) return;
    draft.message = draft.message.next;
  }
}
