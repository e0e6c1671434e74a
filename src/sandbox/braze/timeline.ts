import type { Value } from './avro-writer.ts';
import type { Step } from './draft.ts';
import { compileFill, type Fill } from './fields.ts';
import { drive, driveOne, journeyPicker, type World } from './journeys.ts';
import type { GenerateSettings } from './options.ts';
import { Random, seedOf } from './random.ts';
import { SCHEMAS } from './schemas.ts';
import { population, type User } from './users.ts';
import { workspaceOf } from './workspace.ts';

/** One event with its fields. */
export interface Made {
  readonly type: string;
  /** In the order of the schema's fields. */
  readonly values: readonly Value[];
  readonly user: User;
  /** Seconds since 1970. Never goes back to an earlier hour from one event to the next. */
  readonly queuedAt: number;
}

const HOUR = 3600;
/** Traffic by hour of the day (UTC), in relation to the sum. */
const DAY = [5, 4, 3, 3, 3, 4, 5, 7, 9, 10, 10, 9, 9, 9, 10, 11, 12, 12, 11, 10, 9, 8, 7, 6];
const MAX_WAITING = 50_000;
/** After so many journeys without an event that is wanted, one is made alone. */
const BARREN_JOURNEYS = 20;

/**
 * Exactly `settings.events` events, hour by hour. When there are at least as many events as types,
 * every type occurs: the last places are held free for the types that are still missing.
 * Memory stays bounded: while `maxWaiting` events wait for a later hour, new journeys are lived within the hour.
 */
export function* timeline(
  settings: GenerateSettings,
  maxWaiting = MAX_WAITING,
): Generator<Made, void, undefined> {
  const world = worldOf(settings);
  const fills = new Map<string, Fill>();
  const wanted = new Set(settings.types);
  const missing = new Set(settings.events >= wanted.size ? wanted : []);
  const pick = journeyPicker(wanted);
  const pace = Math.min(1, settings.hours / 24);
  const quotas = quotasOf(settings);
  const waiting = new Map<number, Step[]>();
  let waitingCount = 0;
  let left = settings.events;
  let overdue: Step[] = [];

  const make = (step: Step): Made => {
    missing.delete(step.type);
    left--;
    const { type, queuedAt, journey } = step;
    return { type, queuedAt, user: journey.user, values: fillOf(fills, type)(step, world.random) };
  };
  const fits = ({ type }: Step): boolean => missing.has(type) || left > missing.size;

  for (let hour = 0; hour < settings.hours; hour++) {
    const quota = quotas[hour] ?? 0;
    const begin = settings.start + hour * HOUR;
    const due = waiting.get(hour) ?? [];
    waiting.delete(hour);
    waitingCount -= due.length;
    const queue = [...overdue.map((step) => ({ ...step, queuedAt: begin })), ...due];
    overdue = [];
    let made = 0;
    for (const step of queue) {
      if (made === quota) overdue.push(step);
      else if (fits(step)) {
        yield make(step);
        made++;
      }
    }

    let barren = 0;
    while (made < quota) {
      const time = begin + Math.floor((made / quota) * HOUR);
      if (left <= missing.size || barren >= BARREN_JOURNEYS) {
        const types = missing.size > 0 ? [...missing] : settings.types;
        yield make(driveOne(world, world.random.pick(types), time));
        made++;
        barren = 0;
        continue;
      }
      barren++;
      const hurried = waitingCount >= maxWaiting;
      for (const drawn of drive(world, pick(world.random), time, pace)) {
        if (!wanted.has(drawn.type)) continue;
        const step = hurried ? within(drawn, begin + HOUR - 1) : drawn;
        const due = Math.floor((step.queuedAt - settings.start) / HOUR);
        if (due > hour) {
          if (due < settings.hours) {
            waitingCount++;
            const steps = waiting.get(due);
            if (steps) steps.push(step);
            else waiting.set(due, [step]);
          }
        } else if (made === quota) overdue.push(step);
        else if (fits(step)) {
          yield make(step);
          made++;
          barren = 0;
        }
      }
    }
  }
}

function worldOf({ seed, population: whose, users, anonymousShare }: GenerateSettings): World {
  const workspace = workspaceOf(whose);
  return {
    random: new Random(seedOf(`${seed}/events`)),
    workspace,
    users,
    user: population(whose, anonymousShare, workspace.apps),
  };
}

function fillOf(fills: Map<string, Fill>, type: string): Fill {
  let fill = fills.get(type);
  if (!fill) {
    const schema = SCHEMAS.get(type);
    if (!schema) throw new RangeError(`no schema for ${type}`);
    fill = compileFill(schema);
    fills.set(type, fill);
  }
  return fill;
}

/** Events an hour; their sum is exact. */
function quotasOf({ start, hours, events }: GenerateSettings): number[] {
  const weights = Array.from({ length: hours }, (_, i) => DAY[(start / HOUR + i) % 24] ?? 1);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  let weight = 0;
  let before = 0;
  return weights.map((own) => {
    weight += own;
    const upTo = Math.round((events * weight) / sum);
    const quota = upTo - before;
    before = upTo;
    return quota;
  });
}

function within(step: Step, latest: number): Step {
  const time = Math.min(step.time, latest);
  return { ...step, time, queuedAt: time };
}
