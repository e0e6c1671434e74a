import * as z from 'zod';

/**
 * Where Mixpanel's documents contradict each other or themselves, or say nothing. The defaults are the stricter or
 * the better-evidenced reading, so that a client which passes with them passes with either.
 */
export const switchesSchema = z.strictObject({
  bodyLimit: z
    .enum(['10mb', '10mib', '2mib'])
    .default('10mb')
    .describe(
      'Largest body before compression. The import page says 10 MB; the example of a 413 answer says 2097152 bytes.',
    ),
  futureTime: z
    .enum(['reject-after-hour', 'clamp'])
    .default('reject-after-hour')
    .describe(
      'The import page refuses times over an hour ahead and the API description overwrites any future time with now. By default both hold: up to an hour ahead is overwritten, beyond is refused.',
    ),
  failedRecords: z
    .enum(['insert_id', '$insert_id', 'strings'])
    .default('insert_id')
    .describe(
      'Shape of failed_records: objects with insert_id (API description and live answers), with $insert_id (import page), or bare texts (seen live for whole-batch refusals).',
    ),
  identityMerge: z
    .enum(['original', 'simplified'])
    .default('original')
    .describe(
      'The identity system of the project. Simplified takes an event that has $user_id or $device_id and no distinct_id, and computes the distinct_id from them.',
    ),
  identityVerbs: z
    .enum(['refuse-batch', 'ignore'])
    .default('refuse-batch')
    .describe(
      'What a simplified project does with $identify, $create_alias and $merge: refuses the whole batch (seen live) or ignores them (documents).',
    ),
  missingIp: z
    .enum(['request-ip', 'ignore'])
    .default('request-ip')
    .describe(
      'Whether an event without ip is located by the address of the request, unless the request says ip=0.',
    ),
  truncation: z
    .enum(['bytes', 'characters'])
    .default('bytes')
    .describe('Whether texts are cut at 255 bytes (on a whole character) or at 255 characters.'),
  propertyCount: z
    .enum(['below-255', 'up-to-255'])
    .default('below-255')
    .describe('Whether 255 properties are already too many.'),
  nesting: z
    .enum(['reject', 'accept'])
    .default('reject')
    .describe(
      'Whether lists and objects over the documented limits (255 items or keys, 3 levels, 8 KB) fail the event.',
    ),
  refusedIds: z
    .enum(['exact', 'any-case'])
    .default('exact')
    .describe('Whether the list of refused ids is compared with or without regard to case.'),
  dedupe: z
    .enum(['query-time', 'same-day'])
    .default('query-time')
    .describe(
      'Events that count as one: same name, distinct_id, $insert_id and time (queries), or the same UTC day instead of the same time (compaction, which may never run).',
    ),
  cohortFirstSync: z
    .enum(['members', 'add_members'])
    .default('members')
    .describe(
      'Action of the first sync of a cohort. The text says that the whole cohort is sent as members; the example begins with add_members and remove_members.',
    ),
  cohortSessions: z
    .enum(['by-sync', 'by-action', 'through'])
    .default('by-sync')
    .describe(
      'What shares a session id: what is added and what is removed in one sync, each with its own count of pages; each of the two alone; or both, counted as one row of pages.',
    ),
  cohortIds: z
    .enum(['strings', 'numbers'])
    .default('strings')
    .describe(
      'Ids of project and cohort in webhook calls: texts in the example, numbers in the query API.',
    ),
  cohortWindow: z
    .enum(['newest-event', 'now'])
    .default('newest-event')
    .describe(
      'Where the days of a cohort end. Mixpanel counts back from now; from the newest event, cohorts of made-up files of any date have members.',
    ),
});

export type Switches = z.infer<typeof switchesSchema>;

const BODY_LIMITS = { '10mb': 10_000_000, '10mib': 10_485_760, '2mib': 2_097_152 } as const;

/** The body limit in bytes before compression. */
export function bodyLimitOf(switches: Switches): number {
  return BODY_LIMITS[switches.bodyLimit];
}
