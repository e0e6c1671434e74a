import { type BrazeUser, keyOfUser, userOfKey } from '../../core/cohorts.ts';

/** What a custom attribute holds. */
export type AttributeValue = boolean | number | string | readonly (string | number | boolean)[];

/** One attribute of one user that was written, whether its value changed or not; null deletes. */
export interface AttributeWrite {
  readonly attribute: string;
  readonly value: unknown;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Codes of a column: what a user holds in it. */
const NONE = 0;
const FALSE = 1;
const TRUE = 2;
/** Anything but a boolean: it stands in `others`. */
const OTHER = 3;

interface Column {
  /** Its place among the names. */
  readonly number: number;
  codes: Uint8Array;
  readonly others: Map<number, AttributeValue>;
}

interface Log {
  length: number;
  users: Uint32Array;
  attributes: Uint16Array;
  codes: Uint8Array;
  times: Float64Array;
  readonly others: Map<number, unknown>;
}

/**
 * The profiles of a workspace, by column: one byte a user for a boolean attribute and 15 for each write, so that some
 * millions of users take some hundreds of megabytes, most of it their ids.
 */
export class ProfileStore {
  /** Whether each identifier counts as one of a user that was there before. */
  readonly allExist: boolean;
  /** Profiles that writes made. */
  created = 0;
  /** Attributes written: what Braze bills as data points. */
  writes = 0;
  /** Values that an array attribute lost because it grew too long. */
  droppedValues = 0;
  #byKey = new Map<string, number>();
  #size = 0;
  #columns = new Map<string, Column>();
  #names: string[] = [];
  #log = newLog();

  constructor(allExist: boolean) {
    this.allExist = allExist;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a profile with these identifiers, unless it is there. */
  add(identifiers: BrazeUser | readonly BrazeUser[]): void {
    const keys = [identifiers].flat().map((each) => keyOfUser(each));
    const known = keys.map((key) => this.#byKey.get(key)).find((each) => each !== undefined);
    const profile = known ?? this.#size++;
    for (const key of keys) this.#byKey.set(key, profile);
  }

  /** The number of a user's profile; undefined when there is none. */
  find(user: BrazeUser): number | undefined {
    const found = this.#byKey.get(keyOfUser(user));
    if (found === undefined && this.allExist) {
      this.add(user);
      return this.#size - 1;
    }
    return found;
  }

  create(user: BrazeUser): number {
    this.add(user);
    this.created++;
    return this.#size - 1;
  }

  get(profile: number, attribute: string): AttributeValue | undefined {
    const column = this.#columns.get(attribute);
    const code = column?.codes[profile] ?? NONE;
    if (code === OTHER) return column!.others.get(profile);
    return code === NONE ? undefined : code === TRUE;
  }

  /** Writes an attribute; null deletes it. `written`: what the request said, for the log. */
  set(
    profile: number,
    attribute: string,
    value: AttributeValue | null,
    written: unknown,
    at: number,
  ): void {
    const column = this.#columnOf(attribute, profile);
    const code = codeOf(value);
    column.codes[profile] = code;
    if (code === OTHER) column.others.set(profile, value!);
    else column.others.delete(profile);
    this.writes++;
    this.#note(profile, column.number, written, at);
  }

  /** The attributes of a user; undefined when there is no such user. */
  attributesOf(user: BrazeUser): Record<string, AttributeValue> | undefined {
    const profile = this.#byKey.get(keyOfUser(user));
    if (profile === undefined) return this.allExist ? {} : undefined;
    const found = this.#names.map((name) => [name, this.get(profile, name)] as const);
    return Object.fromEntries(found.filter((pair) => pair[1] !== undefined)) as Record<
      string,
      AttributeValue
    >;
  }

  /** Keys (`keyOfUser`) of the users, or of those that hold this attribute; in the order in which they were added. */
  *keys(attribute?: string): Generator<string> {
    for (const [key, profile] of this.#byKey)
      if (attribute === undefined || this.get(profile, attribute) !== undefined) yield key;
  }

  /** How many users hold an attribute: all values but false, and false alone. */
  countsOf(): Record<string, { held: number; false: number }> {
    const counts = this.#names.map((name) => {
      const { codes } = this.#columns.get(name)!;
      let held = 0;
      let no = 0;
      for (const code of codes) {
        if (code === TRUE || code === OTHER) held++;
        if (code === FALSE) no++;
      }
      return [name, { held, false: no }] as const;
    });
    return Object.fromEntries(counts);
  }

  /** The writes of a user, oldest first. */
  writesOf(user: BrazeUser): AttributeWrite[] {
    const profile = this.#byKey.get(keyOfUser(user));
    const found: AttributeWrite[] = [];
    const { users, length } = this.#log;
    for (let i = 0; i < length; i++) if (users[i] === profile) found.push(this.#entry(i));
    return found;
  }

  /** The last writes of all users, newest first. */
  lastWrites(limit: number): (AttributeWrite & { readonly user: BrazeUser })[] {
    const { users, length } = this.#log;
    const first = Math.max(0, length - limit);
    const wanted = new Set(users.subarray(first, length));
    const byProfile = new Map<number, BrazeUser>();
    // Profiles do not keep their ids, and of millions only these few are asked for.
    for (const [key, profile] of this.#byKey) {
      if (wanted.delete(profile)) byProfile.set(profile, userOfKey(key));
      if (wanted.size === 0) break;
    }
    return Array.from({ length: length - first }, (_, n) => {
      const i = length - 1 - n;
      return { user: byProfile.get(users[i]!)!, ...this.#entry(i) };
    });
  }

  #entry(i: number): AttributeWrite {
    const { attributes, codes, times, others } = this.#log;
    const code = codes[i]!;
    const value = code === OTHER ? others.get(i) : code === NONE ? null : code === TRUE;
    return { attribute: this.#names[attributes[i]!]!, value, at: times[i]! };
  }

  #columnOf(attribute: string, profile: number): Column {
    let column = this.#columns.get(attribute);
    if (!column) {
      if (this.#names.length > 65_535) throw new RangeError('too many attributes for the sandbox');
      const number = this.#names.push(attribute) - 1;
      column = { number, codes: new Uint8Array(64), others: new Map() };
      this.#columns.set(attribute, column);
    }
    if (profile >= column.codes.length) {
      const grown = new Uint8Array(Math.max(profile + 1, column.codes.length * 2));
      grown.set(column.codes);
      column.codes = grown;
    }
    return column;
  }

  #note(profile: number, attribute: number, written: unknown, at: number): void {
    if (this.#log.length === this.#log.users.length) this.#log = grownLog(this.#log);
    const log = this.#log;
    const i = log.length++;
    const code = codeOf(written);
    log.users[i] = profile;
    log.attributes[i] = attribute;
    log.codes[i] = code;
    log.times[i] = at;
    if (code === OTHER) log.others.set(i, written);
  }

  /** Forgets attributes, writes and counts; the users stay. */
  clear(): void {
    this.created = this.writes = this.droppedValues = 0;
    this.#columns = new Map();
    this.#names = [];
    this.#log = newLog();
  }
}

function codeOf(value: unknown): number {
  if (value === null) return NONE;
  return typeof value === 'boolean' ? (value ? TRUE : FALSE) : OTHER;
}

function newLog(): Log {
  return {
    length: 0,
    users: new Uint32Array(1024),
    attributes: new Uint16Array(1024),
    codes: new Uint8Array(1024),
    times: new Float64Array(1024),
    others: new Map(),
  };
}

function grownLog(log: Log): Log {
  const size = log.length * 2;
  const grown = {
    ...log,
    users: new Uint32Array(size),
    attributes: new Uint16Array(size),
    codes: new Uint8Array(size),
    times: new Float64Array(size),
  };
  grown.users.set(log.users);
  grown.attributes.set(log.attributes);
  grown.codes.set(log.codes);
  grown.times.set(log.times);
  return grown;
}
