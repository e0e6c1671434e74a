import {
  allEvents,
  channelName,
  isPii,
  knownFields,
  PII_FIELDS,
  similarTo,
  unconfirmedEvents,
} from '../catalogue/catalogue.ts';
import type { MappingSettings } from './settings.ts';

/**
 * Names in the settings that nothing known has, in words. New fields and events may come at any time, so these are no
 * errors; but a misspelt name must not let personal data out unseen.
 */
export function doubtsAbout({ privacy, rename }: MappingSettings): string[] {
  const events = [...allEvents(), ...unconfirmedEvents()];
  const fields = [...new Set([...knownFields(), ...PII_FIELDS])];
  const names = [...new Set(events.flatMap((event) => [event.name, channelName(event)]))];
  const properties = [
    ...new Set(events.flatMap((event) => event.properties.map(({ name }) => name))),
  ];
  const customEvent = events.find((event) => event.nameFrom !== undefined)!.name;

  const unknown = (setting: string, given: string[], known: readonly string[], what: string) =>
    given
      .filter((name) => !known.includes(name))
      .map((name) => {
        const meant = similarTo(name, known);
        const perhaps = meant.length > 0 ? ` Did you mean ${meant.join(' or ')}?` : '';
        return `${setting}: no known ${what} is called ${name}.${perhaps}`;
      });
  return [
    ...unknown(
      'privacy.fields',
      Object.keys(privacy.fields).filter((name) => !name.startsWith('properties.') && !isPii(name)),
      fields,
      'source field',
    ),
    ...unknown(
      'rename.events',
      Object.keys(rename.events).filter((name) => !name.startsWith(customEvent)),
      names,
      'event',
    ),
    ...unknown('rename.properties', Object.keys(rename.properties), properties, 'property'),
  ];
}
