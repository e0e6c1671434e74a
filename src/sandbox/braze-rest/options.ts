import * as z from 'zod';
import type { BrazeUser } from '../../core/cohorts.ts';
import type { RequestLimit } from './windows.ts';

/** What opens the sandbox's workspace. */
export const credentialsSchema = z.strictObject({
  /** REST API keys and what each permits. */
  apiKeys: z.record(z.string().min(1), z.array(z.string())),
  partner: z.strictObject({
    name: z.string().min(1),
    apiKey: z.string().min(1),
    clientSecret: z.string().min(1),
    /** Whether the workspace has switched the partner on. */
    enabled: z.boolean().default(true),
  }),
});

export type BrazeCredentials = z.input<typeof credentialsSchema>;

/** Public constants, worth nothing anywhere else; used when no credentials are given. */
export const BRAZE_DEMO_CREDENTIALS = {
  apiKeys: { 'sandbox-braze-key': ['users.track'] },
  partner: {
    name: 'sandbox',
    apiKey: 'sandbox-partner-key',
    clientSecret: 'sandbox-data-import-key',
  },
} satisfies BrazeCredentials;

/** Where contracts with Braze differ. */
export const switchesSchema = z.strictObject({
  objects: z
    .enum(['75-combined', '50-combined', '75-each'])
    .default('75-combined')
    .describe('Objects a request of /users/track: over all arrays, or in each of them.'),
  maxArrayLength: z
    .int()
    .min(1)
    .default(25)
    .describe('Values that an array attribute keeps; beyond, the oldest go.'),
  wrongInstance: z
    .boolean()
    .default(false)
    .describe('Whether the workspace lives on another instance: every key is wrong here.'),
});

export type BrazeSwitches = z.output<typeof switchesSchema>;

export interface BrazeSandboxOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  /** {@link BRAZE_DEMO_CREDENTIALS} when left out. */
  readonly credentials?: BrazeCredentials;
  readonly switches?: Partial<BrazeSwitches>;
  /** Users that exist; several identifiers of one user as a list. None unless given. */
  readonly users?: Iterable<BrazeUser | readonly BrazeUser[]>;
  /** `all`: whoever is named exists. `listed`, the default: only `users`, and who is made by a write. */
  readonly existing?: 'all' | 'listed';
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** Of /users/track: 3,000 in 3 seconds unless given. */
  readonly trackLimit?: RequestLimit | 'off';
  /** Of the partner endpoints: 250,000 an hour unless given. */
  readonly partnerLimit?: RequestLimit | 'off';
}
