import { APP_JOURNEYS } from './app-journeys.ts';
import { Draft, type JourneyKind, type Step } from './draft.ts';
import { EMAIL_JOURNEYS } from './email-journeys.ts';
import { MESSENGER_JOURNEYS } from './messenger-journeys.ts';
import { OTHER_JOURNEYS } from './other-journeys.ts';
import type { Journey } from './moment.ts';
import type { Random } from './random.ts';
import type { Population, User } from './users.ts';
import type { Message, Workspace } from './workspace.ts';

/** All ways that users take. E-mail and push outweigh the rest, as they do in life. */
export const JOURNEYS: readonly JourneyKind[] = [
  ...EMAIL_JOURNEYS,
  ...APP_JOURNEYS,
  ...MESSENGER_JOURNEYS,
  ...OTHER_JOURNEYS,
];

/** How often each kind of journey starts, by name. */
export const WEIGHTS: Readonly<Record<string, number>> = Object.fromEntries(
  JOURNEYS.map(({ name, weight }) => [name, weight]),
);

/** The company and its users, and the chance that rules them. */
export interface World {
  readonly random: Random;
  readonly workspace: Workspace;
  readonly user: Population;
  readonly users: number;
}

const UNNAMED_SHARE = 0.01;
const PLATFORM_TRIES = 24;

/** Kinds that can give one of the types, ready to be drawn by weight. */
export function journeyPicker(types: ReadonlySet<string>): (random: Random) => JourneyKind {
  const kinds = JOURNEYS.filter((kind) => kind.types.some((type) => types.has(type)));
  const sum = kinds.reduce((total, { weight }) => total + weight, 0);
  return (random) => {
    let rest = random.unit() * sum;
    for (const kind of kinds) {
      rest -= kind.weight;
      if (rest < 0) return kind;
    }
    return random.pick(kinds);
  };
}

/** One journey from its start on. `pace` below 1 shortens the waits. */
export function drive(
  world: World,
  kind: JourneyKind,
  time: number,
  pace: number,
): readonly Step[] {
  const draft = begin(world, kind, time, pace);
  kind.script(draft, world.random);
  return draft.steps;
}

/** One event alone, as of a journey that began before the run did. */
export function driveOne(world: World, type: string, time: number): Step {
  const kind = JOURNEYS.find(({ types }) => types.includes(type));
  if (!kind) throw new RangeError(`no journey gives ${type}`);
  const draft = begin(world, kind, time, 1);
  return { type, time, queuedAt: time, message: draft.message, journey: draft.journey };
}

function begin(world: World, kind: JourneyKind, time: number, pace: number): Draft {
  const { random, workspace } = world;
  const journey: Journey = {
    user: someUser(world, kind),
    channel: kind.channel,
    workspace,
    named: !random.chance(UNNAMED_SHARE),
    kept: new Map(),
    sessions: [],
  };
  return new Draft(journey, originOf(world, kind), time, random, pace);
}

function originOf({ random, workspace }: World, { origin, channel }: JourneyKind): Message {
  const fromCanvas = origin === 'canvas' || (origin === 'either' && random.chance(0.3));
  return random.pick(fromCanvas ? workspace.canvases : workspace.campaigns[channel]);
}

/** Half of all journeys belong to the most active fifth of the users. */
function someUser({ random, users, user }: World, { platform }: JourneyKind): User {
  const active = Math.ceil(users / 5);
  const draw = (): User => user(random.below(random.chance(0.5) ? active : users));
  let found = draw();
  if (platform === undefined) return found;
  for (let i = 1; i < PLATFORM_TRIES && found.device.platform !== platform; i++) found = draw();
  return found;
}
