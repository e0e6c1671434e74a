import { z } from 'zod';
import { ROLES } from '../core/access.ts';

const values = (role: string) =>
  z.array(z.string().min(1)).default([]).describe(`Values that make somebody ${role}`);

/** Signing in through a provider of OpenID Connect, beside passwords. */
export const oidcSettings = z
  .strictObject({
    issuer: z
      .url({ protocol: /^https?$/ })
      .describe(
        'URL of the provider; what it is for is at /.well-known/openid-configuration there',
      ),
    clientId: z.string().min(1).describe('As the provider knows Sluice'),
    clientSecret: z.string().min(1).meta({ secret: true }).describe('Secret of that client'),
    scopes: z
      .array(z.string().min(1))
      .default(['openid', 'profile', 'email'])
      .describe('What is asked for; openid must be among it'),
    rolesClaim: z
      .string()
      .min(1)
      .optional()
      .describe('Claim of the ID token that tells roles or groups: groups, realm_access.roles'),
    roles: z
      .strictObject({
        admin: values('an admin'),
        editor: values('an editor'),
        viewer: values('a viewer'),
      })
      .prefault({})
      .describe('Which values of that claim give which role; the strongest counts'),
    defaultRole: z
      .enum(ROLES)
      .optional()
      .describe('Role of those without any of these values; by default they are not let in'),
    allowHttp: z
      .boolean()
      .default(false)
      .describe('Let the provider be reached without https; for tests alone'),
  })
  .superRefine(({ issuer, scopes, rolesClaim, defaultRole, allowHttp }, context) => {
    const wrong = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (!allowHttp && !issuer.startsWith('https:')) wrong('issuer', 'this must be an https URL');
    if (!scopes.includes('openid')) wrong('scopes', 'openid must be among them');
    if (rolesClaim === undefined && defaultRole === undefined)
      wrong('defaultRole', 'say this or rolesClaim: else nobody could be let in');
  })
  .describe(
    'Sign-in by OpenID Connect. The provider must know <publicUrl>/api/v1/oidc/callback as a redirect URI',
  );
export type OidcSettings = z.output<typeof oidcSettings>;
