import eventData from './events.json' with { type: 'json' };
import storageOnlyData from './storage-only.json' with { type: 'json' };
import unconfirmedData from './unconfirmed.json' with { type: 'json' };

export type Channel =
  | 'app'
  | 'banner'
  | 'campaign'
  | 'canvas'
  | 'content-card'
  | 'email'
  | 'feature-flag'
  | 'in-app'
  | 'landing-page'
  | 'line'
  | 'live-activity'
  | 'push'
  | 'rcs'
  | 'sms'
  | 'subscription'
  | 'survey'
  | 'webhook'
  | 'whatsapp';

/** The two groups in which Braze offers events; customer behavior needs an entitlement of its own. */
type Family = 'message-engagement' | 'customer-behavior';

type PropertyType = 'string' | 'int' | 'long' | 'float' | 'double' | 'boolean' | 'array<string>';

/** A property of a Mixpanel event, as Braze's own connector sends it. */
export interface Property {
  readonly name: string;
  /** The Currents field it comes from; null where it comes from none. */
  readonly field: string | null;
  readonly type: PropertyType;
  /** Braze documents it as always there. */
  readonly required?: boolean;
  readonly pii?: boolean;
  /** Its value on every event. */
  readonly const?: string;
  /** Filled in with the token of the Mixpanel project. */
  readonly source?: 'project-token';
}

/** One Currents event type and its form in Mixpanel. Facts from Braze's event glossary of August 2026 (v11). */
export interface CatalogueEvent {
  /** Currents type, for example `users.messages.email.Click`. */
  readonly type: string;
  /** Other spellings of the type. */
  readonly aliases?: readonly string[];
  /** Mixpanel event name. */
  readonly name: string;
  readonly channel: Channel;
  readonly family: Family;
  readonly label: string;
  readonly description: string;
  /** The name is on Mixpanel's list of events that do not count for monthly tracked users. */
  readonly mtuExempt?: boolean;
  /** The bare name is used by more than one channel. */
  readonly collides?: boolean;
  readonly deprecated?: boolean;
  /** In Braze's list of supported events, but no data of it was ever seen. */
  readonly unconfirmed?: boolean;
  /** A field that holds a bag of properties, and what stands before each key. */
  readonly dynamic?: { readonly field: string; readonly prefix: string };
  /** The field whose value follows the event name. */
  readonly nameFrom?: string;
  /** Fields of storage exports that are known not to be sent to Mixpanel. */
  readonly dropped: readonly string[];
  readonly properties: readonly Property[];
}

/** A type that exists in storage exports alone: Braze documents no Mixpanel form. */
interface StorageOnlyEvent {
  readonly type: string;
  readonly label: string;
  readonly description: string;
}

const EVENTS = eventData as readonly CatalogueEvent[];
const UNCONFIRMED = unconfirmedData as readonly CatalogueEvent[];
const STORAGE_ONLY: readonly StorageOnlyEvent[] = storageOnlyData;

const BY_TYPE = new Map(
  [...EVENTS, ...UNCONFIRMED].flatMap((event) =>
    [event.type, ...(event.aliases ?? [])].map((type): [string, CatalogueEvent] => [type, event]),
  ),
);
const STORAGE_ONLY_BY_TYPE = new Map(STORAGE_ONLY.map((event) => [event.type, event]));

/** The 93 types with a documented Mixpanel form. */
export function allEvents(): readonly CatalogueEvent[] {
  return EVENTS;
}

/** Types that Braze lists as supported and that were never seen. */
export function unconfirmedEvents(): readonly CatalogueEvent[] {
  return UNCONFIRMED;
}

export function storageOnlyEvents(): readonly StorageOnlyEvent[] {
  return STORAGE_ONLY;
}

/** A type by either of its spellings; undefined when it has no Mixpanel form. */
export function findEvent(type: string): CatalogueEvent | undefined {
  return BY_TYPE.get(type);
}

export function storageOnly(type: string): StorageOnlyEvent | undefined {
  return STORAGE_ONLY_BY_TYPE.get(type);
}

/** Every source field that some event is known to carry, whether it is sent or not. */
export function knownFields(): string[] {
  const all = [...EVENTS, ...UNCONFIRMED].flatMap((event) => [
    ...event.properties.flatMap(({ field }) => (field === null ? [] : [field])),
    ...event.dropped,
    ...(event.dynamic ? [event.dynamic.field] : []),
    ...(event.nameFrom === undefined ? [] : [event.nameFrom]),
  ]);
  return [...new Set(all)].toSorted();
}
