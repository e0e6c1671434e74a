import { between, type Maker, maybe, once, oneOf } from './moment.ts';

const BOUNCES = [
  '550 5.1.1 The email account that you tried to reach does not exist.',
  '550 5.4.1 Recipient address rejected: <access denied>',
  '554 5.7.1 Message rejected as "likely spam"',
];
export const SOFT_BOUNCES = [
  '452 4.2.2 Mailbox full; <quota exceeded>',
  '421 4.4.1 Connection timed out',
  '450 4.7.1 "Greylisted", try again later',
];
const LINKS = [
  'https://shop.example.com/sale?utm_source=braze&utm_medium=email',
  'https://shop.example.com/produkte/schuhe?größe=42',
  'https://shop.example.com/cart',
  'https://help.example.com/faq#returns',
];

/** The address that was sent to, as a number that stays the same for one address. */
const opensOn = (values: readonly (string | null)[]): Maker => {
  return ({ journey }) => values[journey.user.email.length % values.length] ?? null;
};

/** E-mail, and links in the other channels too. */
export const EMAIL_FIELDS: Readonly<Record<string, Maker>> = {
  esp: once('esp', oneOf('sendgrid', 'sendgrid', 'sparkpost', 'amazon_ses')),
  from_domain: once('from_domain', oneOf('news.example.com', 'mail.example.com')),
  ip_pool: once('ip_pool', maybe(0.9, oneOf('marketing', 'transactional'))),
  sending_ip: once('sending_ip', (_, random) => `203.0.113.${random.between(1, 254)}`),
  recipient_domain: ({ journey }) => journey.user.email.slice(journey.user.email.indexOf('@') + 1),
  bounce_reason: oneOf(...BOUNCES),
  is_drop: (_, random) => random.chance(0.2),
  deferral_reason: oneOf('421 4.7.0 Try again later', '451 4.3.0 Temporary failure, greylisted'),
  attempt_count: between(1, 6),
  machine_open: maybe(0.3, oneOf('true')),
  is_amp: (_, random) => random.chance(0.02),
  device_class: ({ journey }) => journey.user.device.mailClass,
  device_os: ({ journey }) => journey.user.device.mailSystem,
  mailbox_provider: opensOn(['gmail', 'apple', 'outlook', 'yahoo', null]),
  url: once('url', oneOf(...LINKS)),
  short_url: once('short_url', (_, random) => `https://brz.example/${random.hex(7)}`),
  link_id: once(
    'link_id',
    maybe(0.8, (_, random) => random.hex(10)),
  ),
  link_alias: once('link_alias', maybe(0.5, oneOf('hero_button', 'footer', 'produkt-bild'))),
  is_suspected_bot_click: once('is_suspected_bot_click', (_, random) => random.chance(0.06)),
  suspected_bot_click_reason: ({ journey }, random) =>
    journey.kept.get('is_suspected_bot_click') === true
      ? random.pick([['user_agent'], ['ip_address', 'user_agent'], ['click_speed']])
      : null,
};
