import type { Draft, JourneyKind } from './draft.ts';
import type { Random } from './random.ts';

const SMS = 'users.messages.sms.';
const WHATSAPP = 'users.messages.whatsapp.';
const LINE = 'users.messages.line.';
const RCS = 'users.messages.rcs.';
const HOUR = 3600;

const of = (prefix: string, names: string): string[] =>
  names.split(' ').map((name) => prefix + name);

export const MESSENGER_JOURNEYS: readonly JourneyKind[] = [
  {
    name: 'SMS',
    weight: 45,
    channel: 'sms',
    origin: 'either',
    types: [
      ...of(SMS, 'Abort CarrierSend Delivery DeliveryFailure InboundReceive Rejection Retry Send'),
      `${SMS}ShortLinkClick`,
      'users.behaviors.subscriptiongroup.StateChange',
    ],
    script: sms,
  },
  {
    name: 'WhatsApp',
    weight: 20,
    channel: 'whatsapp',
    origin: 'either',
    types: of(WHATSAPP, 'Abort Click Delivery Failure InboundReceive Read Retry Send'),
    script(draft, random) {
      if (!attempt(draft, random, WHATSAPP)) return;
      if (random.chance(0.03)) return draft.add(`${WHATSAPP}Failure`, 1, 30);
      draft.add(`${WHATSAPP}Delivery`, 1, 30);
      if (random.chance(0.3)) return;
      draft.add(`${WHATSAPP}Read`, 2, 6 * HOUR);
      if (random.chance(0.2)) draft.add(`${WHATSAPP}Click`, 2, 300);
      if (random.chance(0.1)) draft.add(`${WHATSAPP}InboundReceive`, 5, HOUR);
    },
  },
  {
    name: 'LINE',
    weight: 10,
    channel: 'line',
    origin: 'either',
    types: of(LINE, 'Abort Click InboundReceive Retry Send'),
    script(draft, random) {
      if (!attempt(draft, random, LINE)) return;
      if (random.chance(0.15)) draft.add(`${LINE}Click`, 5, 2 * HOUR);
      if (random.chance(0.1)) draft.add(`${LINE}InboundReceive`, 5, 2 * HOUR);
    },
  },
  {
    name: 'RCS',
    weight: 10,
    channel: 'rcs',
    origin: 'either',
    types: of(RCS, 'Abort Click Delivery InboundReceive Read Rejection Send'),
    script(draft, random) {
      if (random.chance(0.02)) return draft.add(`${RCS}Abort`);
      draft.add(`${RCS}Send`);
      if (random.chance(0.03)) return draft.add(`${RCS}Rejection`, 1, 30);
      draft.add(`${RCS}Delivery`, 1, 30);
      if (random.chance(0.4)) return;
      draft.add(`${RCS}Read`, 2, 3 * HOUR);
      if (random.chance(0.2)) draft.add(`${RCS}Click`, 2, 300);
      if (random.chance(0.1)) draft.add(`${RCS}InboundReceive`, 5, HOUR);
    },
  },
];

/** Aborted now and then, sent at the second try now and then. True when it was sent. */
function attempt(draft: Draft, random: Random, prefix: string): boolean {
  if (random.chance(0.02)) {
    draft.add(`${prefix}Abort`);
    return false;
  }
  if (random.chance(0.02)) draft.add(`${prefix}Retry`);
  draft.add(`${prefix}Send`, 0, 60);
  return true;
}

function sms(draft: Draft, random: Random): void {
  if (!attempt(draft, random, SMS)) return;
  draft.add(`${SMS}CarrierSend`, 1, 10);
  const luck = random.unit();
  if (luck < 0.02) return draft.add(`${SMS}Rejection`, 1, 30);
  if (luck < 0.05) return draft.add(`${SMS}DeliveryFailure`, 1, 300);
  draft.add(`${SMS}Delivery`, 1, 60);
  if (random.chance(0.12)) draft.add(`${SMS}ShortLinkClick`, 5, 4 * HOUR);
  if (random.chance(0.05)) {
    draft.add(`${SMS}InboundReceive`, 10, 2 * HOUR);
    if (random.chance(0.3)) draft.add('users.behaviors.subscriptiongroup.StateChange', 1, 3);
  }
}
