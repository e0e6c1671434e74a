import type { CatalogueEvent } from './event-types.ts';

/** Fields that the native connector renames wherever it sends them. */
const RENAMED = new Map([
  ['device_model', '$device'],
  ['os_version', '$os'],
  ['canvas_step_message_variation_id', 'canvas_step_message_variation_api_id'],
  ['content_card_id', 'card_id'],
]);

/** Words that are not simply capitalised. */
const WORDS = new Map([
  ['appgroup', 'App Group'],
  ['contentcard', 'Content Card'],
  ['featureflag', 'Feature Flag'],
  ['inappmessage', 'In-App Message'],
  ['landingpage', 'Landing Page'],
  ['line', 'LINE'],
  ['liveactivity', 'Live Activity'],
  ['pushnotification', 'Push Notification'],
  ['rcs', 'RCS'],
  ['sms', 'SMS'],
  ['subscriptiongroup', 'Subscription Group'],
  ['whatsapp', 'WhatsApp'],
]);

/** Leading parts of a type that say nothing about the event. */
const FRAME = new Set(['users', 'behaviors', 'messages']);

/** The Mixpanel property that a Currents field becomes; its own name when it has no other. */
export function nativeName(field: string): string {
  return RENAMED.get(field) ?? field;
}

/** A Mixpanel name for a type that has none: `users.messages.carousel.CardSwipe` → `Carousel Card Swipe`. */
export function deriveName(type: string): string {
  const parts = type.split('.');
  const start = parts.findIndex((part) => !FRAME.has(part));
  const name = parts
    .slice(Math.max(start, 0))
    .flatMap((part) => part.split('_'))
    .map(
      (part) =>
        WORDS.get(part) ??
        part.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/^./, (first) => first.toUpperCase()),
    )
    .filter((word) => word !== '')
    .join(' ');
  return name || type;
}

/** The event's name with its channel before it where the bare name is used by several: `LINE Click`. */
export function channelName(event: CatalogueEvent): string {
  const channel = WORDS.get(event.channel);
  if (!event.collides || channel === undefined || event.name.toUpperCase().startsWith(channel))
    return event.name;
  return `${channel} ${event.name}`;
}
