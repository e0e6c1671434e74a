import {
  type CatalogueEvent,
  channelName,
  deriveName,
  findEvent,
  nativeName,
  selectEvents,
  storageOnly,
} from '../catalogue/catalogue.ts';
import { treatmentOf } from './privacy.ts';
import { type MappingSettings, ownValue, PROTECTED, type Treatment } from './settings.ts';

/** A field of the source record, as its schema or its JSON shape has it. */
export interface SourceField {
  readonly name: string;
  /** 32-bit float in the schema. Left out: the catalogue decides. */
  readonly float?: boolean;
}

/** One step of writing an event's properties, in the order in which they are written. */
export type PlanItem =
  | { readonly kind: 'constant'; readonly property: string; readonly json: string }
  | { readonly kind: 'distinct-id' }
  | { readonly kind: 'insert-id' }
  | { readonly kind: 'time' }
  | {
      readonly kind: 'field';
      readonly property: string;
      readonly field: string;
      readonly treatment: Treatment;
      readonly float: boolean;
    }
  /** A bag of properties: each key is written behind the prefix. */
  | { readonly kind: 'dynamic'; readonly field: string; readonly prefix: string };

/** What becomes of the records of one event type with one set of fields. Compiled once, then only read. */
export interface Plan {
  readonly eventType: string;
  /** Every record is skipped for this reason. */
  readonly skip?: string;
  /** The event's name, or what stands before the value of `field`. */
  readonly event: {
    readonly text: string;
    readonly field?: { readonly name: string; readonly treatment: Treatment };
  };
  readonly items: readonly PlanItem[];
  /** Fields that are not sent: the catalogue does not know them, or their name is taken or reserved. */
  readonly newFields: readonly string[];
}

export interface PlanContext {
  readonly settings: MappingSettings;
  /** Project token for the `token` property; left out of the event when unknown. */
  readonly token?: string | undefined;
  /** Per-connection salt; present whenever something is hashed. */
  readonly salt: string;
}

const IDENTITY = new Set(['external_user_id', 'id', 'time']);

/** Names that a field must not take: Mixpanel would join users, drop or move the event, or place it by the IP address. */
const WITHHELD = new Set([...PROTECTED, 'ip']);

/** Compiles the plan of an event type. `fields` is every field that a record may carry. */
export function compilePlan(
  type: string,
  fields: readonly SourceField[],
  context: PlanContext,
): Plan {
  const { settings } = context;
  const known = findEvent(type);
  const eventType = known?.type ?? type;
  const skip = skipReason(eventType, settings, known);
  if (skip !== undefined)
    return { eventType, skip, event: { text: eventType }, items: [], newFields: [] };

  const present = new Map(fields.map((field) => [field.name, field]));
  const used = new Set(IDENTITY);
  // What the user sets goes before a field of the same name.
  const names = new Set(Object.keys(settings.static));
  const items: PlanItem[] = [];
  const newFields: string[] = [];
  const bag = known?.dynamic && present.has(known.dynamic.field) ? known.dynamic : undefined;
  const bagPrefix = bag && bag.prefix + settings.joiner;

  const constant = (property: string, value: string | number | boolean): void => {
    names.add(property);
    items.push({ kind: 'constant', property, json: JSON.stringify(value) });
  };
  const isFree = (name: string): boolean =>
    !names.has(name) &&
    !WITHHELD.has(name) &&
    (bagPrefix === undefined || !name.startsWith(bagPrefix));
  const field = (source: SourceField, property: string, float: boolean): void => {
    used.add(source.name);
    const wanted = ownValue(settings.rename.properties, property) ?? property;
    const free = [wanted, source.name].map((name) => name.toWellFormed()).find(isFree);
    if (free === undefined) {
      newFields.push(source.name);
      return;
    }
    names.add(free);
    const treatment = treatmentOf(settings, source.name);
    items.push({ kind: 'field', property: free, field: source.name, treatment, float });
  };

  constant('$partner_id', 'braze');
  items.push({ kind: 'distinct-id' }, { kind: 'insert-id' }, { kind: 'time' });
  for (const taken of ['distinct_id', '$device_id', '$insert_id', 'time']) names.add(taken);
  if (context.token !== undefined) constant('token', context.token);
  for (const property of known?.properties ?? []) {
    const source = property.field === null ? undefined : present.get(property.field);
    if (source && !IDENTITY.has(source.name))
      field(source, property.name, source.float ?? property.type === 'float');
  }

  if (known?.nameFrom !== undefined) used.add(known.nameFrom);
  if (known?.dynamic) used.add(known.dynamic.field);
  const dropped = new Set(known?.dropped);
  for (const source of fields) {
    if (used.has(source.name)) continue;
    const isNew = !dropped.has(source.name);
    if (settings.shape === 'full' || (isNew && (settings.newFields === 'send' || !known)))
      field(source, nativeName(source.name), source.float ?? false);
    else if (isNew) newFields.push(source.name);
  }

  if (bag && bagPrefix !== undefined)
    items.push({ kind: 'dynamic', field: bag.field, prefix: bagPrefix });
  for (const [property, value] of Object.entries(settings.static)) constant(property, value);

  return { eventType, event: eventName(eventType, settings), items, newFields };
}

function skipReason(
  type: string,
  settings: MappingSettings,
  known: CatalogueEvent | undefined,
): string | undefined {
  // Either spelling of a type may be selected, whichever the data carry.
  const isSelected = [type, ...(known?.aliases ?? [])].some(selectEvents(settings.events));
  const isSent = isSelected && settings.uncatalogued === 'send';
  if (known) return isSelected ? undefined : 'deselected';
  // Whoever selected could not know of a new type: that there is one is told, selected or not.
  if (!storageOnly(type)) return isSent ? undefined : 'uncatalogued';
  if (!isSelected) return 'deselected';
  return isSent ? undefined : 'storage_only';
}

function eventName(type: string, settings: MappingSettings): Plan['event'] {
  const known = findEvent(type);
  if (known?.nameFrom !== undefined) {
    const treatment = treatmentOf(settings, known.nameFrom);
    return { text: known.name + settings.joiner, field: { name: known.nameFrom, treatment } };
  }
  let text = known?.name ?? deriveName(type.toWellFormed());
  if (known && settings.eventNames === 'channel') text = channelName(known);
  return { text: ownValue(settings.rename.events, text) ?? text };
}
