import { z } from 'zod';
import { unknownPatterns } from '../catalogue/catalogue.ts';
import { InputError } from '../core/errors.ts';
import { mappingSettings, needsSalt } from '../mapping/settings.ts';
import { mixpanelSettings } from '../sinks/mixpanel-settings.ts';
import type { MixpanelSettings } from '../sinks/mixpanel.ts';
import { inWords, wrongPlaces } from './issues.ts';
import { connectionAlerts } from './service-settings.ts';
import { sourceSpec } from './sources.ts';

/** Goes into URLs and file names as it is. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** A connection as people write it. */
export const connectionSpec = z
  .strictObject({
    name: z
      .string()
      .max(64)
      .regex(NAME, 'a name has letters, digits, -, _ and . and starts with a letter or digit')
      .describe('Name of the connection: in URLs, figures and books; never changes'),
    contact: z.email().optional().describe('Who is told when something needs a person'),
    source: sourceSpec,
    destination: z
      .discriminatedUnion(
        'kind',
        [
          mixpanelSettings
            .omit({ connections: true })
            .extend({ kind: z.literal('mixpanel').describe('A Mixpanel project') }),
        ],
        {
          error: ({ code }) => (code === 'invalid_union' ? 'kind must be mixpanel' : undefined),
        },
      )
      .describe('Where events go'),
    settings: mappingSettings.prefault({}).describe('What is sent, and how'),
    salt: z
      .string()
      .min(1)
      .optional()
      .meta({ secret: true })
      .describe('Random text that goes into hashed values; another salt gives other hashes'),
    since: z
      .string()
      .refine(isMoment, 'a date is written 2026-07-31, an hour 2026-07-31-23 (UTC)')
      .optional()
      .describe('First date or hour (UTC) to read; by default everything that is there'),
    poll: z
      .number()
      .min(1)
      .max(86_400)
      .default(60)
      .describe('Seconds between two looks at the source'),
    concurrency: z.number().int().min(1).max(64).default(4).describe('Requests in flight at once'),
    alerts: connectionAlerts.optional(),
    paused: z
      .boolean()
      .optional()
      .describe('Whether it rests; left out: as pause and resume have left it'),
  })
  .superRefine(({ settings, salt }, context) => {
    const refuse = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (needsSalt(settings) && salt === undefined)
      refuse(['salt'], 'the privacy settings hash values, so a salt is needed');
    if (settings.uncatalogued === 'send') return;
    for (const { pattern, similar } of unknownPatterns(settings.events))
      refuse(
        ['settings', 'events'],
        `no known event type is selected by ${pattern}${similar.length > 0 ? `; did you mean ${similar.join(' or ')}?` : ''}`,
      );
  });

export type ConnectionSpec = z.output<typeof connectionSpec>;

/** Checks a connection as a person wrote it, or as it was stored. Throws UsageError that names each wrong place. */
export function parseConnection(input: unknown): ConnectionSpec {
  const parsed = connectionSpec.safeParse(input);
  if (parsed.success) return parsed.data;
  const wrong = wrongPlaces(parsed.error);
  throw new InputError(
    'bad_connection',
    `The connection is wrong: ${inWords(wrong, 'connection')}`,
    wrong.map(({ place, message }) => ({ path: place, message })),
    { hint: 'See docs/guides/connections.md, or the schema that `sluice schema` prints.' },
  );
}

/** The settings that Mixpanel's sink opens with. */
export function destinationOf({ destination, concurrency }: ConnectionSpec): MixpanelSettings {
  const { kind: _kind, ...settings } = destination;
  return { ...settings, connections: concurrency };
}

/** The first hour of a date, or the hour itself: `2026-07-31` → `2026-07-31-00`. Undefined when it is neither. */
export function hourOf(moment: string): string | undefined {
  if (!isMoment(moment)) return undefined;
  return moment.length === 10 ? `${moment}-00` : moment;
}

function isMoment(text: string): boolean {
  const [, date, hour] = /^(\d{4}-\d\d-\d\d)(?:-(\d\d))?$/.exec(text) ?? [];
  if (date === undefined || Number(hour ?? 0) > 23) return false;
  const time = new Date(`${date}T00:00:00Z`);
  // A day that its month does not have would roll over into the next.
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(date);
}
