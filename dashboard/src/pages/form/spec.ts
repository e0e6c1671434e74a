import type { Json, JsonObject } from '../../api.ts';
import type { Key } from '../../i18n/en.ts';
import type { Step } from './steps.ts';

export type Path = readonly string[];

/** How the API shows a secret that is set. Sent back, it stands for the one that is stored. */
export const HIDDEN = '***';

/** What a new form begins with. */
export const NEW_SPEC: JsonObject = {
  name: '',
  source: {},
  destination: { kind: 'mixpanel', credentials: { kind: 'service-account' } },
  settings: { events: ['*'] },
};

export function getIn(value: Json | undefined, path: Path): Json | undefined {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as JsonObject)[key];
  }
  return at;
}

/** A copy in which the value at the path is another; undefined takes it out. */
export function setIn(value: JsonObject, path: Path, to: Json | undefined): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const { [key]: old, ...others } = value;
  if (rest.length > 0) {
    const branch = typeof old === 'object' && old !== null && !Array.isArray(old) ? old : {};
    return { ...value, [key]: setIn(branch as JsonObject, rest, to) };
  }
  return to === undefined ? others : { ...value, [key]: to };
}

export function textIn(value: Json | undefined, path: Path): string {
  const found = getIn(value, path);
  return typeof found === 'string' ? found : '';
}

/** A value as a person would write it: a text as it is, everything else as JSON. */
export function plain(value: Json | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Path, with dots, → what is wrong there. Only what a person can mend in this step; the service checks everything. */
export type Faults = Readonly<Record<string, Key>>;

/** What is missing or wrong in a step. */
export function faultsOf(step: Step, spec: JsonObject): Faults {
  const faults: Record<string, Key> = {};
  const need = (...path: string[]) => {
    if (textIn(spec, path) === '') faults[path.join('.')] = 'fault.needed';
  };
  if (step === 'details') {
    if (!NAME.test(textIn(spec, ['name']))) faults['name'] = 'fault.name';
    const contact = textIn(spec, ['contact']);
    if (contact !== '' && !/^\S+@\S+\.\S+$/.test(contact)) faults['contact'] = 'fault.email';
  }
  if (step === 'credentials') {
    const at = ['destination', 'credentials'];
    const kind = textIn(spec, [...at, 'kind']);
    if (kind === 'service-account') {
      need(...at, 'username');
      need(...at, 'secret');
      if (!/^\d+$/.test(textIn(spec, [...at, 'projectId'])))
        faults['destination.credentials.projectId'] = 'fault.projectId';
    }
    if (kind === 'project-token') need(...at, 'token');
    if (kind === 'api-secret') need(...at, 'secret');
    if (textIn(spec, ['destination', 'region']) === '')
      faults['destination.region'] = 'fault.region';
  }
  if (step === 'source' && textIn(spec, ['source', 'kind']) === '')
    faults['source.kind'] = 'fault.source';
  if (step === 'events') {
    const events = getIn(spec, ['settings', 'events']);
    if (Array.isArray(events) && events.length === 0) faults['settings.events'] = 'fault.events';
  }
  if (step === 'privacy' && needsSalt(spec)) need('salt');
  return faults;
}

/** Whether some value is to be replaced by its salted hash. */
export function needsSalt(spec: JsonObject): boolean {
  const privacy = getIn(spec, ['settings', 'privacy']);
  return (
    textIn(privacy, ['pii']) === 'hash' ||
    textIn(privacy, ['identity']) === 'hash' ||
    Object.values((getIn(privacy, ['fields']) ?? {}) as JsonObject).includes('hash')
  );
}

/** Random letters and digits, for tokens and salts. */
export function randomText(length: number): string {
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';
  const out: string[] = [];
  while (out.length < length) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    // Bytes above the last whole turn would make the first letters likelier than the others.
    if (byte! < 256 - (256 % letters.length)) out.push(letters[byte! % letters.length]!);
  }
  return out.join('');
}
