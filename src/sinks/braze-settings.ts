import { z } from 'zod';

const secret = z.string().min(1).meta({ secret: true });

/** REST endpoints that Braze lists, by the name of the instance. Any other https host is taken as well. */
export const BRAZE_INSTANCES: Readonly<Record<string, string>> = {
  'US-01': 'https://rest.iad-01.braze.com',
  'US-02': 'https://rest.iad-02.braze.com',
  'US-03': 'https://rest.iad-03.braze.com',
  'US-04': 'https://rest.iad-04.braze.com',
  'US-05': 'https://rest.iad-05.braze.com',
  'US-06': 'https://rest.iad-06.braze.com',
  'US-07': 'https://rest.iad-07.braze.com',
  'US-08': 'https://rest.iad-08.braze.com',
  'US-10': 'https://rest.us-10.braze.com',
  'EU-01': 'https://rest.fra-01.braze.eu',
  'EU-02': 'https://rest.fra-02.braze.eu',
  'AU-01': 'https://rest.au-01.braze.com',
  'JP-01': 'https://rest.jp-01.braze.com',
  'ID-01': 'https://rest.id-01.braze.com',
  'KR-01': 'https://rest.kr-01.braze.com',
};

/** A name such as EU-01 becomes its endpoint. Plain http is for sandboxes on this machine. */
const instance = z
  .string()
  .transform((text) => (BRAZE_INSTANCES[text.toUpperCase()] ?? text).replace(/\/+$/, ''))
  .refine(isEndpoint, 'give the REST endpoint, such as https://rest.fra-01.braze.eu, or EU-01')
  .describe(
    'REST endpoint of the instance, as Settings > APIs and Identifiers shows it, or its name such as EU-01',
  );

const timeoutMs = z.number().int().min(10).default(60_000).describe('Longest wait for an answer');

export const usersTrackSettings = z.strictObject({
  instance,
  apiKey: secret.describe('REST API key with the permission users.track'),
  attribute: z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('boolean').describe('A custom attribute for each cohort: true, or false'),
        name: z
          .string()
          .max(200)
          .regex(/^[\w.-]*\{id\}[\w.-]*$/, 'letters, digits, _, - and ., with {id} once')
          .default('mp_cohort_{id}')
          .describe("Its name; {id} stands for Mixpanel's id of the cohort"),
      }),
      z.strictObject({
        kind: z
          .literal('array')
          .describe('One custom attribute for all cohorts: a list of their ids'),
        name: z
          .string()
          .max(200)
          .regex(/^\w[\w.-]*$/, 'letters, digits, _, - and .')
          .refine((name) => !isBrazeField(name), "a field of Braze's own")
          .default('mixpanel_cohorts')
          .describe('Its name'),
        maxLength: z
          .number()
          .int()
          .min(1)
          .max(500)
          .default(25)
          .describe(
            'Values that Braze keeps in it (25 unless raised); beyond, it drops the oldest',
          ),
      }),
    ])
    .prefault({ kind: 'boolean' })
    .describe('How Braze is to know who is in a cohort'),
  batchSize: z
    .number()
    .int()
    .min(5)
    .max(75)
    .default(50)
    .describe('Users a request; newer contracts allow 50, others 75'),
  requestsPerSecond: z
    .number()
    .min(0.01)
    .max(1000)
    .default(250)
    .describe('The base limit of Braze is 3,000 in 3 seconds, shared by all who use the endpoint'),
  connections: z.number().int().min(1).max(64).default(4).describe('Requests in flight at once'),
  timeoutMs,
});

export const partnerCohortsSettings = z.strictObject({
  instance,
  partner: z
    .string()
    .regex(/^[\w-]+$/, 'letters, digits, _ and -')
    .describe('Name of the partner in the path, as Braze gave it'),
  partnerApiKey: secret.describe('Key that Braze gave the partner for this region'),
  clientSecret: secret.describe(
    'Data import key of the workspace, from its Technology Partners page',
  ),
  timeoutMs,
});

export const cohortFileSettings = z.strictObject({
  path: z.string().min(1).describe('Folder that the files are written to'),
  format: z
    .enum(['csv', 'ndjson'])
    .default('csv')
    .describe('csv: one column of ids, which Braze imports without data points; ndjson: changes'),
});

export type UsersTrackSettings = z.output<typeof usersTrackSettings>;
export type PartnerCohortsSettings = z.output<typeof partnerCohortsSettings>;
export type CohortFileSettings = z.output<typeof cohortFileSettings>;

/** What an object of /users/track may hold beside custom attributes. */
const BRAZE_FIELDS = new Set(
  `_update_existing_only alias_label alias_name app_id braze_id country current_location
  date_of_first_session date_of_last_session dob email email_click_tracking_disabled
  email_open_tracking_disabled email_subscribe external_id facebook first_name gender home_city
  image_url language last_name marked_email_as_spam_at phone push_subscribe push_token_import
  push_tokens subscription_groups time_zone twitter user_alias user_id`.split(/\s+/),
);

export function isBrazeField(name: string): boolean {
  return BRAZE_FIELDS.has(name.toLowerCase());
}

function isEndpoint(text: string): boolean {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return false;
  }
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const isPlain =
    url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return isPlain && (url.protocol === 'https:' || (url.protocol === 'http:' && isHere));
}
