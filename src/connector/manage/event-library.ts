import {
  allEvents,
  type CatalogueEvent,
  findEvent,
  isPii,
  storageOnly,
  storageOnlyEvents,
  unconfirmedEvents,
} from '../../catalogue/catalogue.ts';
import { UsageError } from '../../core/errors.ts';
import { mapRecord } from '../../mapping/mapper.ts';
import { createMapping } from '../../mapping/mapping.ts';
import { sampleRecord } from '../../mapping/sample.ts';
import { parseMappingSettings } from '../../mapping/settings.ts';
import { stringifyJson } from '../../mapping/values.ts';

/** `documented`: Braze documents its Mixpanel form. `unconfirmed`: listed, but never seen. */
export type EventStatus = 'documented' | 'storage-only' | 'unconfirmed';

export interface EventLine {
  /** Currents type. */
  readonly type: string;
  /** Mixpanel event name; null when there is none. */
  readonly event: string | null;
  readonly label: string;
  /** Null for types that exist in storage exports alone. */
  readonly channel: string | null;
  readonly family: 'Message Engagement' | 'Customer Behavior' | null;
  readonly description: string;
  readonly mtuExempt: boolean;
  readonly pii: boolean;
  readonly status: EventStatus;
}

export interface EventDetail extends EventLine {
  readonly properties: readonly {
    readonly name: string;
    readonly field: string | null;
    readonly type: string;
    readonly required: boolean;
    readonly pii: boolean;
  }[];
  /** A made-up record, and the event that it becomes; null where its fields are not documented. */
  readonly sample: { readonly before: unknown; readonly after: unknown } | null;
}

const FAMILIES = {
  'message-engagement': 'Message Engagement',
  'customer-behavior': 'Customer Behavior',
} as const;

/** A moment that never changes, so that a sample does not. 1 July 2026, in seconds. */
const SAMPLE_TIME = 1_782_864_000;

/** Every type that Sluice knows, in order of the catalogue. */
export function eventLibrary(): EventLine[] {
  return [
    ...allEvents().map((event) => lineOf(event, 'documented')),
    ...unconfirmedEvents().map((event) => lineOf(event, 'unconfirmed')),
    ...storageOnlyEvents().map(storageLine),
  ];
}

/** Throws UsageError `no_such_event`. */
export function describeEvent(type: string): EventDetail {
  const event = findEvent(type);
  if (event) {
    const status = allEvents().includes(event) ? 'documented' : 'unconfirmed';
    return {
      ...lineOf(event, status),
      properties: event.properties.map(({ name, field, type: of, required, pii }) => ({
        ...{ name, field, type: of, required: required ?? false },
        pii: pii ?? (field !== null && isPii(field)),
      })),
      sample: sampleOf(event),
    };
  }
  const stored = storageOnly(type);
  if (stored) return { ...storageLine(stored), properties: [], sample: null };
  throw new UsageError('no_such_event', `No known event type is called ${type}`);
}

function lineOf(event: CatalogueEvent, status: EventStatus): EventLine {
  const { type, name, label, channel, family, description, mtuExempt, properties } = event;
  return {
    ...{ type, event: name, label, channel, description, status },
    family: FAMILIES[family],
    mtuExempt: mtuExempt ?? false,
    pii: properties.some(({ pii }) => pii === true),
  };
}

function storageLine({
  type,
  label,
  description,
}: {
  readonly type: string;
  readonly label: string;
  readonly description: string;
}): EventLine {
  return {
    ...{ type, label, description, event: null, channel: null, family: null },
    ...{ mtuExempt: false, pii: false, status: 'storage-only' },
  };
}

function sampleOf(event: CatalogueEvent): EventDetail['sample'] {
  const record = sampleRecord(event, { id: `sample-${event.label}`, time: SAMPLE_TIME });
  const mapping = createMapping(parseMappingSettings({}), { token: '<token>' });
  const plan = mapping.pushed(event.type, Object.keys(record));
  const outcome = mapRecord(plan, record, mapping.context);
  if (outcome.kind !== 'event') return null;
  return {
    before: JSON.parse(stringifyJson(record)) as unknown,
    after: JSON.parse(outcome.json) as unknown,
  };
}
