import { z } from 'zod';
import { scrubOf } from './scrub.ts';

const secret = z.string().min(1).meta({ secret: true });

export const mixpanelSettings = z.strictObject({
  credentials: z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('service-account').describe('A service account, as recommended'),
        username: z.string().min(1).describe('Name of the service account'),
        secret: secret.describe('Its secret'),
        projectId: z
          .string()
          .regex(/^\d+$/, 'a project id is a number')
          .describe('Project id, as Project Settings shows it'),
      }),
      z.strictObject({
        kind: z.literal('project-token').describe('The token of the project'),
        token: secret.describe('Project token'),
      }),
      z.strictObject({
        kind: z.literal('api-secret').describe('Retired by Mixpanel on 3 March 2027'),
        secret: secret.describe('API secret of the project'),
      }),
    ])
    .describe('How to sign in; a service account is recommended'),
  token: secret
    .optional()
    .describe('Project token, for the token property beside other credentials'),
  region: z.enum(['us', 'eu', 'in']).describe('Where the project lives; the wrong one loses data'),
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => {
      const { username, password } = new URL(url);
      return username === '' && password === '';
    }, 'credentials do not belong into a URL')
    .refine((url) => !/[?#]/.test(url), 'a base URL has no query')
    .optional()
    .describe('Another base URL: a sandbox or a proxy'),
  ip: z
    .enum(['ignore', 'request'])
    .default('ignore')
    .describe("Whether Mixpanel may take this machine's address for the users'"),
  gzipLevel: z
    .number()
    .int()
    .min(0)
    .max(9)
    .optional()
    .describe("Level of zlib; left out: Sluice's own gzip, faster than any of them"),
  timeoutMs: z.number().int().min(10).default(60_000).describe('Longest wait for an answer'),
  connections: z.number().int().min(1).max(64).default(4).describe('Requests in flight at once'),
});

export type MixpanelSettings = z.infer<typeof mixpanelSettings>;
export type MixpanelInput = z.input<typeof mixpanelSettings>;

const HOSTS = {
  us: 'https://api.mixpanel.com',
  eu: 'https://api-eu.mixpanel.com',
  in: 'https://api-in.mixpanel.com',
} as const;

export function hostOf(settings: MixpanelSettings): string {
  return (settings.url ?? HOSTS[settings.region]).replace(/\/+$/, '');
}

/** The Basic Authorization header; a token or an API secret goes as user name without password. */
export function authorizationOf({ credentials }: MixpanelSettings): string {
  const pair =
    credentials.kind === 'service-account'
      ? `${credentials.username}:${credentials.secret}`
      : `${credentials.kind === 'project-token' ? credentials.token : credentials.secret}:`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** Query of an import call. `project_id` belongs to service accounts alone. */
export function importQuery({ credentials, ip }: MixpanelSettings): string {
  const query = new URLSearchParams({ strict: '1', verbose: '1' });
  if (ip === 'ignore') query.set('ip', '0');
  if (credentials.kind === 'service-account') query.set('project_id', credentials.projectId);
  return query.toString();
}

/** Takes the credentials out of a text that came from outside. */
export function scrubber(settings: MixpanelSettings): (text: string) => string {
  const { credentials, token } = settings;
  return scrubOf([
    // Whoever sends the header back may leave out the padding.
    authorizationOf(settings).slice('Basic '.length).replace(/=+$/, ''),
    credentials.kind === 'project-token' ? credentials.token : credentials.secret,
    ...(token === undefined ? [] : [token]),
  ]);
}

/** What a user should know before it matters. */
export function settingsWarnings({ credentials, token }: MixpanelSettings): string[] {
  const warnings: string[] = [];
  if (credentials.kind === 'api-secret')
    warnings.push(
      'Mixpanel retires the API secret on 3 March 2027. Use a service account instead.',
    );
  if (credentials.kind !== 'project-token' && token === undefined)
    warnings.push(
      'The events will carry no token property, which those of the native connector do. Give the project token too to add it.',
    );
  return warnings;
}
