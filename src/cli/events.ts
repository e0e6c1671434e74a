import {
  allEvents,
  type CatalogueEvent,
  type Channel,
  isPii,
  selectEvents,
  storageOnlyEvents,
  unconfirmedEvents,
} from '../catalogue/catalogue.ts';
import { palette, table } from './terminal.ts';

export const CHANNELS: Readonly<Record<Channel, string>> = {
  app: 'App',
  banner: 'Banner',
  campaign: 'Campaign',
  canvas: 'Canvas',
  'content-card': 'Content Card',
  email: 'Email',
  'feature-flag': 'Feature flag',
  'in-app': 'In-app message',
  'landing-page': 'Landing page',
  line: 'LINE',
  'live-activity': 'Live Activity',
  push: 'Push',
  rcs: 'RCS',
  sms: 'SMS',
  subscription: 'Subscription',
  survey: 'Survey',
  webhook: 'Webhook',
  whatsapp: 'WhatsApp',
};

export const FAMILIES = {
  'message-engagement': 'Message engagement',
  'customer-behavior': 'Customer behavior (needs an entitlement at Braze)',
} as const;

/** The catalogue as a person reads it; one type alone, or `details`, shows every property. */
export function eventsText(
  globs: readonly string[],
  { color, details }: { color: boolean; details: boolean },
): string {
  const chosen = choose(globs);
  const { bold, dim } = palette(color);
  if (details || chosen.length === 1) return chosen.map((event) => whole(event, color)).join('\n');
  const out: string[] = [];
  for (const [family, title] of Object.entries(FAMILIES)) {
    const events = chosen.filter((event) => event.family === family);
    if (events.length === 0) continue;
    out.push(bold(title), '');
    const rows = events.map((event) => [
      CHANNELS[event.channel],
      event.type,
      event.name,
      String(event.properties.filter(({ field }) => field !== null && isPii(field)).length),
      event.mtuExempt ? 'yes' : '',
    ]);
    out.push(
      table(
        [
          { title: 'channel' },
          { title: 'type' },
          { title: 'Mixpanel event' },
          { title: 'PII', align: 'right' },
          { title: 'MTU-exempt' },
        ],
        rows.toSorted(([a = ''], [b = '']) => a.localeCompare(b)),
        { dim },
      ),
    );
  }
  const bare = storageOnlyEvents().filter(({ type }) => selectEvents(globs)(type));
  if (bare.length > 0) {
    out.push(
      bold('In storage exports only (no documented Mixpanel form; skipped unless asked for)'),
      '',
    );
    out.push(
      table(
        [{ title: 'type' }, { title: 'what it is' }],
        bare.map((event) => [event.type, event.description]),
        { dim },
      ),
    );
  }
  if (chosen.length + bare.length === 0) return 'No event type matches. See `sluice events`.\n';
  out.push(
    dim(
      `${chosen.length} types. PII: properties with personal data. MTU-exempt: the name is on Mixpanel's list of events that do`,
    ),
    dim(
      'not count for monthly tracked users; whether that holds for a sender of your own, Mixpanel does not say.',
    ),
    dim('One whole:  sluice events --type users.messages.email.Click'),
    '',
  );
  return out.join('\n');
}

/** The same for programs. */
export function eventsJson(globs: readonly string[]): unknown {
  const bare = storageOnlyEvents().filter(({ type }) => selectEvents(globs)(type));
  return {
    events: choose(globs).map((event) => ({
      ...event,
      properties: event.properties.map((property) => ({
        ...property,
        pii: property.field !== null && isPii(property.field),
      })),
    })),
    storageOnly: bare,
  };
}

function choose(globs: readonly string[]): CatalogueEvent[] {
  const isChosen = selectEvents(globs);
  return [...allEvents(), ...unconfirmedEvents()].filter(
    ({ type, aliases }) => isChosen(type) || (aliases ?? []).some(isChosen),
  );
}

function whole(event: CatalogueEvent, color: boolean): string {
  const { bold, dim } = palette(color);
  const marks = [
    CHANNELS[event.channel],
    FAMILIES[event.family],
    ...(event.mtuExempt ? ["on Mixpanel's MTU-exempt list"] : []),
    ...(event.collides ? ['the name is used by other channels too'] : []),
    ...(event.deprecated ? ['deprecated by Braze'] : []),
    ...(event.unconfirmed ? ['in Braze’s list of events, but never seen'] : []),
  ];
  const rows = event.properties.map(({ name, field, type, required, pii, const: value }) => [
    name,
    field ?? (value === undefined ? '(project token)' : `(always ${value})`),
    type,
    required ? 'required' : '',
    pii || (field !== null && isPii(field)) ? 'PII' : '',
  ]);
  if (event.dynamic)
    rows.push([`${event.dynamic.prefix} <key>`, `${event.dynamic.field}.<key>`, 'any', '', '']);
  const name = event.nameFrom === undefined ? event.name : `${event.name} <${event.nameFrom}>`;
  return [
    `${bold(event.type)}  →  ${bold(name)}`,
    event.description,
    dim(marks.join(' · ')),
    '',
    table(
      [
        { title: 'property' },
        { title: 'from field' },
        { title: 'type' },
        { title: '' },
        { title: '' },
      ],
      rows,
      { dim },
    ),
  ].join('\n');
}
