/** The catalogue as the rest of the house sees it. */
export {
  allEvents,
  findEvent,
  knownFields,
  storageOnly,
  storageOnlyEvents,
  unconfirmedEvents,
} from './event-types.ts';
export type { CatalogueEvent, Channel, Property } from './event-types.ts';
export { isPii, PII_FIELDS } from './pii.ts';
export { channelName, deriveName, nativeName } from './names.ts';
export { selectEvents, similarTo, unknownPatterns } from './selection.ts';
