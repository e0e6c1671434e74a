import { z } from 'zod';
import type { Cohort, CohortSync, CohortUser } from '../../core/cohorts.ts';
import { iso, isoOrNull, isoTime } from './shapes.ts';

const id = z.string().min(1).max(1000);

export const brazeUser = z
  .union([
    z.strictObject({ kind: z.enum(['external_id', 'braze_id', 'email']), id }),
    z.strictObject({ kind: z.literal('user_alias'), label: id, name: id }),
  ])
  .describe('Who somebody is in Braze');

export const cohortId = z.object({ id: z.coerce.number().int().min(1) });

export const userState = z.enum([
  'in',
  'pending_add',
  'pending_remove',
  'unmatched',
  'suppressed',
  'refused',
  'out',
]);

export const cohort = z.object({
  id: z.number().int(),
  import: z.string(),
  cohortId: z.string().describe("Mixpanel's id"),
  projectId: z.string(),
  name: z.string(),
  description: z.string(),
  createdAt: isoTime,
  receivedAt: isoTime.describe('When Mixpanel last called for it'),
  writtenAt: isoTime.nullable().describe('When the last of its changes was written'),
  held: z
    .object({
      since: isoTime,
      removes: z.number().int().describe('Users that would leave'),
      inBraze: z.number().int().describe('Users that were in it then'),
      why: z.enum(['share', 'empties', 'full']),
    })
    .nullable()
    .describe('It waits: removals for a person, or all of it for room (full); null: it does not'),
  clearing: z.boolean().describe('It is being emptied in Braze, to be forgotten then'),
  members: z.number().int().describe('That Mixpanel names'),
  unmatched: z.number().int().describe('Of these: without an id for Braze'),
  suppressed: z.number().int(),
  refused: z.number().int().describe('Users that Braze refused'),
  inBraze: z.number().int().describe('Users that Braze was told of, and took'),
  pendingAdds: z.number().int(),
  pendingRemoves: z.number().int(),
});

export function shownCohort(given: Cohort): z.input<typeof cohort> {
  const { held } = given;
  return {
    ...given,
    createdAt: iso(given.createdAt),
    receivedAt: iso(given.receivedAt),
    writtenAt: isoOrNull(given.writtenAt),
    held: held && { ...held, since: iso(held.since) },
  };
}

export const sync = z.object({
  id: z.number().int(),
  action: z.enum(['members', 'add_members', 'remove_members']),
  session: z.string(),
  state: z
    .enum(['receiving', 'applying', 'done', 'outdated', 'expired'])
    .describe('outdated: another full view came before; expired: the rest of it never came'),
  pages: z.number().int(),
  pagesIn: z
    .array(z.array(z.number().int()).length(2))
    .describe('Pages that are in, as ranges: [[1, 4], [6, 6]]'),
  members: z.number().int().describe('In the pages that are in'),
  added: z.number().int(),
  removed: z.number().int(),
  beganAt: isoTime,
  receivedAt: isoTime.describe('When the last page came'),
  endedAt: isoTime.nullable(),
});

export function shownSync({ cohort: _cohort, ...given }: CohortSync): z.input<typeof sync> {
  return {
    ...given,
    pagesIn: given.pagesIn.map((range) => [...range]),
    beganAt: iso(given.beganAt),
    receivedAt: iso(given.receivedAt),
    endedAt: isoOrNull(given.endedAt),
  };
}

export const user = z.object({
  member: z.string().describe("Mixpanel's distinct_id, or what stands in for it"),
  user: brazeUser.nullable(),
  state: userState,
  reason: z.string().nullable().describe("Why it is unmatched, or Braze's words"),
  fields: z.record(z.string(), z.unknown()).describe('What Mixpanel sent of it'),
});

export function shownUser({ cursor: _cursor, ...given }: CohortUser): z.input<typeof user> {
  return given;
}
