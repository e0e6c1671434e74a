import { z } from 'zod';
import { ROLES } from '../../core/access.ts';
import { problem } from '../problem.ts';
import { NAME_RULE, USER_NAME } from './names.ts';
import { PASSWORD_LENGTH, PASSWORD_MOST, passwordFault } from './password.ts';

export const TAG = 'Access';

/** A list that is always whole. */
export function wholeListOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.null() });
}

export const role = z.enum(ROLES).meta({ description: 'What a user or a token may do' });

/** The name of a new user. */
export const userName = z.string().regex(USER_NAME, NAME_RULE);

/** Whatever somebody types to sign in; what is wrong with it is not told. */
export const typedName = z.string().max(1000);
export const typedPassword = z.string().max(PASSWORD_MOST * 4);

/** What `passwordFault` asks of it is looked at apart, for it needs the name. */
export const newPassword = z
  .string()
  .max(PASSWORD_MOST * 4)
  .meta({ description: `At least ${PASSWORD_LENGTH} characters, and not the name` });

export const signedIn = z.object({
  state: z.literal('signed-in'),
  user: z.object({ name: z.string(), role }),
  csrf: z
    .string()
    .nullable()
    .meta({ description: 'Goes into the header x-csrf-token; null for a token, which needs none' }),
  passwordNeeded: z
    .boolean()
    .meta({ description: 'Signed in by a link: a new password may be set without the one before' }),
  version: z.string(),
  oidc: z.boolean(),
});
export type SignedIn = z.infer<typeof signedIn>;

export const signedOut = z.object({
  state: z.enum(['signed-out', 'setup-needed']),
  version: z.string(),
  oidc: z.boolean(),
});

/** Throws a problem that names the field. */
export function expectPassword(name: string, password: string, path = 'password'): void {
  const fault = passwordFault(name, password);
  if (fault !== undefined)
    throw problem(422, 'invalid', fault, { fields: [{ path, message: fault }] });
}
