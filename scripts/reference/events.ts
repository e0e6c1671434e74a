import {
  allEvents,
  type CatalogueEvent,
  type Channel,
  isPii,
  type Property,
  storageOnlyEvents,
  unconfirmedEvents,
} from '../../src/catalogue/catalogue.ts';
import { CHANNELS, FAMILIES } from '../../src/cli/events.ts';
import { code, GENERATED, linkTo, prose, table } from './markdown.ts';

/** A property as the tables show it. */
type Row = Omit<Property, 'type'> & { readonly type: string };

const UNCONFIRMED = 'Listed by Braze, never seen';
const STORAGE_ONLY = 'In storage exports only';

/** docs/reference/events.md: every event type, where each property comes from, and what is personal. */
export function eventsPage(): string {
  const events = allEvents();
  const common = commonProperties([...events, ...unconfirmedEvents()]);
  const channels = (Object.keys(CHANNELS) as Channel[]).map((channel) => ({
    title: CHANNELS[channel],
    events: events.filter((event) => event.channel === channel),
  }));
  const sections = [
    ...channels.filter((channel) => channel.events.length > 0),
    { title: UNCONFIRMED, events: unconfirmedEvents() },
  ];
  const index = sections.map(({ title, events }) => `- ${linkTo(title)} (${events.length})`);
  return [
    GENERATED,
    '# Events',
    `The ${events.length} types of Braze Currents with a documented form in Mixpanel. The same on a terminal: \`sluice events\`, \`sluice events --type users.messages.email.Click\`.`,
    [...index, `- ${linkTo(STORAGE_ONLY)} (${storageOnlyEvents().length})`].join('\n'),
    '## How to read it',
    [
      '- **Property** is the name in Mixpanel, **Currents field** where its value comes from. A field without a value is left out.',
      '- **Required**: Braze documents the field as always there.',
      '- **PII**: the field holds personal data, so the setting [`privacy.pii`](settings.md#privacypii) treats it. `distinct_id` follows [`privacy.identity`](settings.md#privacyidentity).',
      "- **MTU-exempt**: the name is on Mixpanel's list of events that do not count for monthly tracked users. Whether that holds for events from any other sender than Braze, Mixpanel does not say.",
      '- **Also in the files**: fields that Braze leaves out of its Mixpanel events. They are sent with [`shape: full`](settings.md#shape).',
    ].join('\n'),
    'Every event has these:',
    propertyTable(common),
    'An event of a user sent anonymously has `$device_id` as well. `token` is left out when Sluice was not given a project token.',
    ...sections.flatMap(({ title, events }) => [
      `## ${title}`,
      overview(events),
      ...events.flatMap((event) => detail(event, common)),
    ]),
    `## ${STORAGE_ONLY}`,
    'Braze documents no Mixpanel form for these. They are skipped with the reason `storage_only` unless [`uncatalogued: send`](settings.md#uncatalogued) is set.',
    table(
      ['Currents type', 'what it is'],
      storageOnlyEvents().map(({ type, description }) => [code(type), prose(description)]),
    ),
    '',
  ].join('\n\n');
}

/** What every event has. A type may differ from event to event; then all of them are named. */
function commonProperties(events: readonly CatalogueEvent[]): readonly Row[] {
  const [first, ...others] = events.map(({ properties }) => properties);
  return first!.flatMap((property) => {
    const same = others.map((each) =>
      each.find(({ name, field }) => name === property.name && field === property.field),
    );
    if (same.includes(undefined)) return [];
    const types = new Set([property, ...same].map((each) => each!.type));
    return [{ ...property, type: [...types].join(' or ') }];
  });
}

function overview(events: readonly CatalogueEvent[]): string {
  return table(
    ['Currents type', 'Mixpanel event', 'MTU-exempt'],
    events.map((event) => [
      linkTo(event.type, code(event.type)),
      code(nameOf(event)),
      event.mtuExempt ? 'yes' : '',
    ]),
  );
}

function nameOf({ name, nameFrom }: CatalogueEvent): string {
  return nameFrom === undefined ? name : `${name} <${nameFrom}>`;
}

function detail(event: CatalogueEvent, common: readonly Row[]): string[] {
  const own = event.properties.filter((each) => !common.some(({ name }) => name === each.name));
  const remarks = [
    prose(event.description),
    `In Mixpanel: ${code(nameOf(event))}.`,
    `Group: ${FAMILIES[event.family]}.`,
    ...(event.collides
      ? ['Other channels use the name too: see [`eventNames`](settings.md#eventnames).']
      : []),
    ...(event.deprecated ? ['Deprecated by Braze.'] : []),
    ...(event.aliases ? [`Also spelled ${event.aliases.map(code).join(', ')}.`] : []),
  ];
  return [
    `### ${event.type}`,
    remarks.join(' '),
    propertyTable(own, event.dynamic),
    ...(event.dropped.length > 0
      ? [`Also in the files: ${event.dropped.map(code).join(', ')}.`]
      : []),
  ];
}

function propertyTable(properties: readonly Row[], dynamic?: CatalogueEvent['dynamic']): string {
  const rows = properties.map(({ name, field, type, required, const: value }) => [
    code(name),
    field === null
      ? value === undefined
        ? '(project token)'
        : `(always ${code(value)})`
      : code(field),
    type,
    required ? 'yes' : '',
    field !== null && isPii(field) ? 'PII' : '',
  ]);
  if (dynamic)
    rows.push([
      code(`${dynamic.prefix} <key>`),
      code(`${dynamic.field}.<key>`),
      'as in the file',
      '',
      '',
    ]);
  return table(['Property', 'Currents field', 'Type', 'Required', 'PII'], rows);
}
