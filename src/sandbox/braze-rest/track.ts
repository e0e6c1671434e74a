import type { BrazeUser } from '../../core/cohorts.ts';
import { isRecord } from '../mixpanel/text.ts';
import type { AttributeValue, ProfileStore } from './profiles.ts';

/** An entry of `errors` in an answer of /users/track. */
export interface TrackError {
  readonly type: string;
  readonly input_array: 'attributes' | 'events' | 'purchases';
  readonly index: number;
}

/** What a request is checked against and written to. */
export interface TrackWorld {
  readonly profiles: ProfileStore;
  readonly maxArrayLength: number;
  readonly now: number;
}

const IDENTIFIERS = ['external_id', 'braze_id', 'user_alias', 'email', 'phone'] as const;
const MAX_EXTERNAL_ID_BYTES = 988;
const MAX_NAME = 255;
const MAX_TEXT = 255;
/** Keys of an attributes object that are no custom attributes. */
const CONTROL_KEYS = new Set<string>([
  ...IDENTIFIERS,
  '_update_existing_only',
  'push_token_import',
]);

export type TrackObject = Readonly<Record<string, unknown>>;

/** Why an object is refused, in Braze's manner; undefined when it is not. */
export function refusalOf(object: unknown): string | undefined {
  if (!isRecord(object)) return 'not an object';
  const given = IDENTIFIERS.filter((name) => object[name] !== undefined && object[name] !== null);
  if (given.length === 0)
    return "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required";
  if (given.length > 1) return `only one of '${given.join("', '")}' may be given`;
  const wrongId = refusalOfIdentifier(given[0]!, object[given[0]!]);
  if (wrongId !== undefined) return wrongId;
  const only = object['_update_existing_only'];
  if (only !== undefined && typeof only !== 'boolean')
    return "'_update_existing_only' is not valid";
  return attributesOf(object)
    .map(([name, value]) => refusalOfAttribute(name, value))
    .find((each) => each !== undefined);
}

function refusalOfIdentifier(
  kind: (typeof IDENTIFIERS)[number],
  value: unknown,
): string | undefined {
  if (kind === 'user_alias') {
    const isAlias = isRecord(value) && isText(value['alias_name']) && isText(value['alias_label']);
    return isAlias ? undefined : "'user_alias' must have 'alias_name' and 'alias_label'";
  }
  if (!isText(value)) return `'${kind}' is not valid`;
  if (kind === 'external_id' && Buffer.byteLength(value) >= MAX_EXTERNAL_ID_BYTES)
    return `'external_id' must be fewer than ${MAX_EXTERNAL_ID_BYTES} bytes`;
  if (kind === 'email' && !/^[^@\s]+@[^@\s]+$/.test(value))
    return "The value provided for the 'email' field is not a valid email.";
  return undefined;
}

function refusalOfAttribute(name: string, value: unknown): string | undefined {
  if (name.length === 0 || name.length > MAX_NAME)
    return `'${name.slice(0, 40)}' is not a valid name`;
  if (value === null || isScalar(value) || isScalarList(value)) return undefined;
  const isChange =
    isRecord(value) &&
    Object.keys(value).length > 0 &&
    Object.entries(value).every(
      ([key, list]) => (key === 'add' || key === 'remove') && isScalarList(list),
    );
  return isChange ? undefined : `'${name}' is not valid`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function isScalar(value: unknown): value is string | number | boolean {
  if (typeof value === 'string') return value.length <= MAX_TEXT;
  return typeof value === 'number' || typeof value === 'boolean';
}

function isScalarList(value: unknown): value is (string | number | boolean)[] {
  return Array.isArray(value) && value.every(isScalar);
}

/** The attributes of an object, names trimmed at their edges. */
function attributesOf(object: TrackObject): [string, unknown][] {
  return Object.entries(object)
    .filter(([name]) => !CONTROL_KEYS.has(name))
    .map(([name, value]) => [name.trim(), value]);
}

/** Whom an object is about. Phone numbers are users of their own here, filed under email. */
function userOf(object: TrackObject): BrazeUser {
  const alias = object['user_alias'] as { alias_name: string; alias_label: string } | undefined;
  if (alias) return { kind: 'user_alias', label: alias.alias_label, name: alias.alias_name };
  for (const kind of ['external_id', 'braze_id', 'email'] as const)
    if (typeof object[kind] === 'string') return { kind, id: object[kind] };
  return { kind: 'email', id: String(object['phone']) };
}

/** Writes an object that was not refused. A user that may not be made and does not exist is passed over silently. */
export function applyAttributes(object: TrackObject, world: TrackWorld): void {
  const { profiles } = world;
  const user = userOf(object);
  const profile =
    profiles.find(user) ?? (mayCreate(object, user) ? profiles.create(user) : undefined);
  if (profile === undefined) return;
  for (const [name, value] of attributesOf(object))
    profiles.set(
      profile,
      name,
      changed(profiles.get(profile, name), value, world),
      value,
      world.now,
    );
}

/** For a user alias `_update_existing_only` is true unless it says otherwise; a Braze id is never made. */
function mayCreate(object: TrackObject, user: BrazeUser): boolean {
  const only = object['_update_existing_only'];
  if (user.kind === 'braze_id') return false;
  return user.kind === 'user_alias' ? only === false : only !== true;
}

function changed(
  before: AttributeValue | undefined,
  value: unknown,
  { profiles, maxArrayLength }: TrackWorld,
): AttributeValue | null {
  const bounded = (list: readonly (string | number | boolean)[]): AttributeValue => {
    profiles.droppedValues += Math.max(list.length - maxArrayLength, 0);
    return list.slice(-maxArrayLength);
  };
  if (Array.isArray(value)) return bounded([...new Set(value as string[])]);
  if (!isRecord(value)) return value as AttributeValue | null;
  const { add = [], remove = [] } = value as { add?: string[]; remove?: string[] };
  const gone = new Set<unknown>([...add, ...remove]);
  const kept = (Array.isArray(before) ? before : []).filter((each) => !gone.has(each));
  return bounded([...kept, ...new Set(add)].filter((each) => !remove.includes(each as string)));
}
