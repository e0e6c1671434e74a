import type { Value } from './avro-writer.ts';
import type { Random } from './random.ts';
import type { User } from './users.ts';
import type { Channel, Message, Workspace } from './workspace.ts';

/** One user's way through a message, a session or the like: what its events have in common. */
export interface Journey {
  readonly user: User;
  readonly channel: Channel;
  readonly workspace: Workspace;
  /** False in the first hour after a campaign was made: Braze then knows its id and not its name. */
  readonly named: boolean;
  /** Values that were chosen once for the whole journey, by field name. */
  readonly kept: Map<string, Value>;
  /** When each of its sessions starts, in order, seconds since 1970. */
  readonly sessions: number[];
}

/** An event before its fields are filled in. */
export interface Moment {
  readonly type: string;
  /** The event's own time, seconds since 1970. */
  readonly time: number;
  readonly message: Message;
  readonly journey: Journey;
}

/** Makes the value of one field. */
export type Maker = (moment: Moment, random: Random) => Value;

/** Null but for a share of the events. */
export function maybe(share: number, make: Maker): Maker {
  return (moment, random) => (random.chance(share) ? make(moment, random) : null);
}

/** The same value on every event of a journey that has this field. */
export function once(name: string, make: Maker): Maker {
  return (moment, random) => {
    const { kept } = moment.journey;
    let value = kept.get(name);
    if (value === undefined) {
      value = make(moment, random);
      kept.set(name, value);
    }
    return value;
  };
}

/** When the session of an event started: a first session is noted shortly before it does. */
export function sessionStart({ time, journey: { sessions } }: Moment): number {
  return sessions.findLast((start) => start <= time) ?? sessions[0] ?? time;
}

/** Picks from a list once for a journey: fields that read the same list by the same name belong together. */
export function chosen<T>(name: string, list: readonly T[], journey: Journey, random: Random): T {
  let place = journey.kept.get(name);
  if (typeof place !== 'number') {
    place = random.below(list.length);
    journey.kept.set(name, place);
  }
  const found = list[place];
  if (found === undefined) throw new RangeError(`nothing to choose as ${name}`);
  return found;
}

export function oneOf(...values: readonly Value[]): Maker {
  return (_, random) => random.pick(values);
}

export function between(min: number, max: number): Maker {
  return (_, random) => random.between(min, max);
}

export const uuid: Maker = (_, random) => random.uuid();

export function hex(digits: number): Maker {
  return (_, random) => random.hex(digits);
}

export function constant(value: Value): Maker {
  return () => value;
}
