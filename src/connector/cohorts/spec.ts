import { z } from 'zod';
import { InputError } from '../../core/errors.ts';
import {
  cohortFileSettings,
  partnerCohortsSettings,
  usersTrackSettings,
} from '../../sinks/braze-settings.ts';
import { connectionSpec } from '../connection.ts';
import { inWords, wrongPlaces } from '../issues.ts';

/** Properties that may hold the Braze id, as Mixpanel exports them; with or without the `$`. */
const PROPERTIES = ['$braze_external_id', 'mixpanel_distinct_id'];

/** A cohort import as people write it. */
export const cohortImportSpec = z
  .strictObject({
    name: connectionSpec.shape.name.describe(
      'Name of the import: in URLs and figures; never changes',
    ),
    contact: z.email().optional().describe('Who is told when something needs a person'),
    destination: z
      .discriminatedUnion(
        'kind',
        [
          usersTrackSettings.extend({
            kind: z
              .literal('users-track')
              .describe('Custom attributes, by an ordinary REST API key'),
          }),
          partnerCohortsSettings.extend({
            kind: z
              .literal('partner-cohorts')
              .describe("Braze's cohorts, for those who hold a partner key"),
          }),
          cohortFileSettings.extend({
            kind: z.literal('file').describe('Files to import by hand'),
          }),
        ],
        {
          error: ({ code }) =>
            code === 'invalid_union'
              ? 'kind must be users-track, partner-cohorts or file'
              : undefined,
        },
      )
      .describe('Where cohorts go'),
    identity: z
      .strictObject({
        properties: z
          .array(z.string().min(1).max(255))
          .min(1)
          .max(5)
          .default(PROPERTIES)
          .describe(
            'Properties of a member that may hold its Braze id; the first that is filled counts',
          ),
        as: z
          .enum(['external_id', 'user_alias', 'braze_id', 'email'])
          .default('external_id')
          .describe('What that id is in Braze; email only where you are sure of it'),
        label: z
          .string()
          .min(1)
          .max(255)
          .optional()
          .describe('Label of the user alias; needed with user_alias alone'),
      })
      .prefault({})
      .describe('How members are known in Braze'),
    guard: z
      .strictObject({
        share: z
          .number()
          .min(0)
          .max(1)
          .default(0.3)
          .describe('Removals of a larger share of a cohort wait for a person; 1: never'),
        atLeast: z
          .number()
          .int()
          .min(0)
          .default(10)
          .describe('Fewer removals than this never wait, unless they empty the cohort'),
        empties: z
          .boolean()
          .default(true)
          .describe('Whether a full view that empties a cohort waits for a person'),
      })
      .prefault({})
      .describe('When removals wait for a person'),
    spacing: z
      .number()
      .min(0)
      .max(86_400)
      .default(300)
      .describe(
        'Seconds between two writes of one user and cohort: Braze works them off side by side and asks for 5 minutes',
      ),
    expire: z
      .number()
      .min(1)
      .max(259_200)
      .default(7200)
      .describe('Seconds after which a sync whose pages stopped coming is given up'),
    paused: z
      .boolean()
      .optional()
      .describe('Whether it rests: Mixpanel is still answered, nothing is written'),
  })
  .superRefine(({ identity, destination }, context) => {
    const refuse = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (identity.as === 'user_alias' && identity.label === undefined)
      refuse(['identity', 'label'], 'a user alias needs its label');
    if (identity.as !== 'user_alias' && identity.label !== undefined)
      refuse(['identity', 'label'], 'a label belongs to user_alias alone');
    const isKnownThere =
      identity.as === 'external_id' ||
      identity.as === 'user_alias' ||
      destination.kind === 'users-track' ||
      (destination.kind === 'file' && identity.as === 'braze_id');
    if (!isKnownThere)
      refuse(['identity', 'as'], `${destination.kind} does not know users by ${identity.as}`);
  });

export type CohortImportSpec = z.output<typeof cohortImportSpec>;

/** Checks a cohort import as a person wrote it, or as it was stored. Throws InputError that names each wrong place. */
export function parseCohortImport(input: unknown): CohortImportSpec {
  const parsed = cohortImportSpec.safeParse(input);
  if (parsed.success) return parsed.data;
  const wrong = wrongPlaces(parsed.error);
  throw new InputError(
    'bad_cohort_import',
    `The cohort import is wrong: ${inWords(wrong, 'cohort import')}`,
    wrong.map(({ place, message }) => ({ path: place, message })),
    { hint: 'See docs/guides/cohorts.md, or the schema that `sluice schema` prints.' },
  );
}
