import * as z from 'zod';

/** What opens the sandbox's one project. */
export const credentialsSchema = z.strictObject({
  projectId: z.string().regex(/^\d+$/, 'a project id is a number'),
  token: z.string().min(1).optional(),
  apiSecret: z.string().min(1).optional(),
  serviceAccounts: z
    .array(
      z.strictObject({
        username: z.string().min(1),
        secret: z.string().min(1),
        /** The project it may write to; the sandbox's own when left out. */
        projectId: z.string().optional(),
      }),
    )
    .optional(),
});

export type SandboxCredentials = z.infer<typeof credentialsSchema>;

/** Public constants, worth nothing anywhere else; used when no credentials are given. */
export const DEMO_CREDENTIALS: SandboxCredentials = {
  projectId: '1234567',
  token: 'sandbox-token',
  apiSecret: 'sandbox-api-secret',
  serviceAccounts: [{ username: 'sluice.sandbox', secret: 'sandbox-service-secret' }],
};

/** `account`: asks who the caller is, so no project is named. */
export type Purpose = 'import' | 'export' | 'account';

interface Basic {
  username: string;
  password: string;
}

/** Mixpanel also takes `user:secret` without base64, which itself never holds a colon. */
function parseBasic(header: string | undefined): Basic | undefined {
  const value = /^basic\s+(.+)$/i.exec(header ?? '')?.[1]?.trim();
  if (value === undefined) return undefined;
  const text = value.includes(':') ? value : Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * Whether an `Authorization` header opens the project, by Mixpanel's rules: a service account with the query
 * parameter `project_id`; or the project token (import only) or the API secret as the user name with an empty
 * password, where a `project_id` is not needed but must be the project's if it is there.
 */
export function isAuthorized(
  header: string | undefined,
  projectId: string | null,
  purpose: Purpose,
  credentials: SandboxCredentials,
): boolean {
  const basic = parseBasic(header);
  if (!basic || basic.username === '') return false;
  if (basic.password === '') {
    if (purpose === 'account') return false;
    if (projectId !== null && projectId !== credentials.projectId) return false;
    if (basic.username === credentials.apiSecret) return true;
    return purpose === 'import' && basic.username === credentials.token;
  }
  const account = credentials.serviceAccounts?.find(
    (each) => each.username === basic.username && each.secret === basic.password,
  );
  if (!account) return false;
  if (purpose === 'account') return true;
  return (
    projectId === credentials.projectId &&
    (account.projectId ?? credentials.projectId) === credentials.projectId
  );
}
