import { hash } from 'node:crypto';
import * as z from 'zod';
import { distinctEvents } from './query.ts';
import type { EventStore } from './store.ts';
import type { Switches } from './switches.ts';

const DAY_MS = 86_400_000;
const DEVICE_PREFIX = '$device:';
/** One identified user in so many has no `$braze_external_id`, as happens where profiles were filled by hand. */
const WITHOUT_ID_EVERY = 50;
const FIRST_NAMES = ['Ada', 'Björn', 'Chloé', 'Dilara', 'Emre', '舞', 'Noor', 'Oksana'];
const LAST_NAMES = [
  'Adeyemi',
  'Brandão',
  'Castillo',
  'Dąbrowski',
  'Østby',
  '山田',
  "O'Neill",
  'Zhang',
];

const event = z.string().min(1).describe('Name of an event.');
const withinDays = z.number().positive().max(3650).describe('In the last so many days.');

/** Who is in a cohort: "did this event at least so often in so many days, and did not do that one". */
export const cohortDefinitionSchema = z.strictObject({
  id: z
    .union([z.int().min(1), z.string().regex(/^\d+$/, 'a cohort id is a number')])
    .transform(String),
  name: z.string().min(1),
  description: z.string().default(''),
  did: z.strictObject({ event, withinDays, atLeast: z.int().min(1).default(1) }),
  didNot: z.strictObject({ event, withinDays }).optional(),
});

export type CohortDefinition = z.output<typeof cohortDefinitionSchema>;

/** The cohort to show: users who showed interest and have not bought. */
export const EXAMPLE_COHORT: CohortDefinition = cohortDefinitionSchema.parse({
  id: '4242001',
  name: 'Clicked an email, no purchase for 7 days',
  description: 'Email Click in the last 7 days, no Purchase in the last 7 days',
  did: { event: 'Email Click', withinDays: 7 },
  didNot: { event: 'Purchase', withinDays: 7 },
});

/** A cohort as it is at one time. */
export interface CohortView {
  /** Mixpanel's, a number as text. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** distinct_ids. */
  readonly members: ReadonlySet<string>;
}

/** The cohort over the distinct events that the store holds, its days counted back from `end` (milliseconds since the epoch). */
export function viewCohort(
  store: EventStore,
  switches: Switches,
  { id, name, description, did, didNot }: CohortDefinition,
  end: number,
): CohortView {
  const times = new Map<string, number>();
  for (const who of doers(store, switches, did, end)) times.set(who, (times.get(who) ?? 0) + 1);
  if (didNot) for (const who of doers(store, switches, didNot, end)) times.delete(who);
  const members = new Set<string>();
  for (const [who, n] of times) if (n >= did.atLeast) members.add(who);
  return { id, name, description, members };
}

/** distinct_ids of those who did an event, once for each time. */
function* doers(
  store: EventStore,
  switches: Switches,
  what: { readonly event: string; readonly withinDays: number },
  end: number,
): Generator<string> {
  const from = end - what.withinDays * DAY_MS;
  const filter = { event: what.event, from: from + 1, to: end + 1 };
  for (const { properties } of distinctEvents(store, switches, filter)) {
    const who = properties['distinct_id'];
    if (typeof who === 'string' && who !== '') yield who;
  }
}

/** Whether a profile has `$braze_external_id`: not that of a device, nor one in 50 of the others, always the same ones. */
export function hasBrazeId(distinctId: string): boolean {
  return !distinctId.startsWith(DEVICE_PREFIX) && numberOf(distinctId) % WITHOUT_ID_EVERY !== 0;
}

/**
 * A member as the webhook names it. The sandbox keeps no profiles: names and address are made up from the id, and
 * `$braze_external_id` is the distinct_id where {@link hasBrazeId} says that there is one.
 */
export function memberFields(distinctId: string): Readonly<Record<string, string>> {
  const n = numberOf(distinctId);
  return {
    mixpanel_distinct_id: distinctId,
    email: `member-${n.toString(36)}@example.com`,
    first_name: FIRST_NAMES[n % FIRST_NAMES.length]!,
    last_name: LAST_NAMES[Math.floor(n / FIRST_NAMES.length) % LAST_NAMES.length]!,
    ...(hasBrazeId(distinctId) && { $braze_external_id: distinctId }),
  };
}

function numberOf(id: string): number {
  return hash('sha256', id, 'buffer').readUIntBE(0, 6);
}
