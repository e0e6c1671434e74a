import type { JsonObject } from '../../api.ts';
import type { Key } from '../../i18n/en.ts';
import { type Faults, getIn, NAME, textIn } from '../form/spec.ts';

export const KINDS = ['users-track', 'partner-cohorts', 'file'] as const;
export type Kind = (typeof KINDS)[number];

/** What a new import begins with. */
export const NEW_IMPORT: JsonObject = {
  name: '',
  destination: { kind: 'users-track', attribute: { kind: 'boolean' } },
  identity: { as: 'external_id' },
  guard: {},
};

/** The usual ones, where nothing is said. */
export const USUAL = {
  boolean: 'mp_cohort_{id}',
  array: 'mixpanel_cohorts',
  maxLength: 25,
  properties: ['$braze_external_id', 'mixpanel_distinct_id'],
  share: 0.3,
  atLeast: 10,
  spacing: 300,
  expire: 7200,
} as const;

export function kindOf(spec: JsonObject): Kind {
  const kind = textIn(spec, ['destination', 'kind']);
  return KINDS.find((each) => each === kind) ?? 'users-track';
}

/** By what a destination can know a user. */
export const KNOWN_BY = {
  'users-track': ['external_id', 'user_alias', 'braze_id', 'email'],
  'partner-cohorts': ['external_id', 'user_alias'],
  file: ['external_id', 'user_alias', 'braze_id'],
} as const satisfies Record<Kind, readonly string[]>;

/** A spec for another destination: what the old one alone could do goes. */
export function withKind(spec: JsonObject, kind: Kind): JsonObject {
  const as = textIn(spec, ['identity', 'as']);
  const isKnown = as === '' || KNOWN_BY[kind].some((each) => each === as);
  const identity = (getIn(spec, ['identity']) ?? {}) as JsonObject;
  return {
    ...spec,
    destination: {
      kind,
      ...(kind === 'users-track' ? { attribute: { kind: 'boolean' } } : {}),
    },
    ...(isKnown ? {} : { identity: { ...identity, as: 'external_id' } }),
  };
}

/** Path, with dots, → what is missing or wrong, as far as a person sees it in the form; the service checks everything. */
export function importFaults(spec: JsonObject): Faults {
  const faults: Record<string, Key> = {};
  const need = (...path: string[]) => {
    if (textIn(spec, path) === '') faults[path.join('.')] = 'fault.needed';
  };
  if (!NAME.test(textIn(spec, ['name']))) faults['name'] = 'fault.name';
  const contact = textIn(spec, ['contact']);
  if (contact !== '' && !/^\S+@\S+\.\S+$/.test(contact)) faults['contact'] = 'fault.email';
  const kind = kindOf(spec);
  if (kind !== 'file') need('destination', 'instance');
  if (kind === 'users-track') {
    need('destination', 'apiKey');
    const at = ['destination', 'attribute'];
    const name = textIn(spec, [...at, 'name']);
    if (textIn(spec, [...at, 'kind']) === 'boolean' && name !== '' && !BY_ID.test(name))
      faults['destination.attribute.name'] = 'fault.attribute';
  }
  if (kind === 'partner-cohorts')
    for (const each of ['partner', 'partnerApiKey', 'clientSecret']) need('destination', each);
  if (kind === 'file') need('destination', 'path');
  if (textIn(spec, ['identity', 'as']) === 'user_alias') need('identity', 'label');
  const properties = getIn(spec, ['identity', 'properties']);
  if (Array.isArray(properties) && properties.length === 0)
    faults['identity.properties'] = 'fault.properties';
  return faults;
}

const BY_ID = /^[\w.-]*\{id\}[\w.-]*$/;

/** Name of the attribute of a cohort, as an example. */
export function attributeOf(spec: JsonObject, id: string): string {
  const at = ['destination', 'attribute'];
  return textIn(spec, [...at, 'kind']) === 'array'
    ? textIn(spec, [...at, 'name']) || USUAL.array
    : (textIn(spec, [...at, 'name']) || USUAL.boolean).replace('{id}', id);
}
