import type { Access } from '../../core/access.ts';
import { UsageError } from '../../core/errors.ts';
import { hashPassword, passwordFault } from './password.ts';
import { digestOf, newSecret } from './secrets.ts';

const LINK_MS = 24 * 3_600_000;
const FIRST_ADMIN = 'admin';

/** A token that signs a user in once, within a day; with null, that makes the first admin. Throws StateError. */
export async function newLinkToken(
  { links }: Access,
  user: string | null,
  now: number,
): Promise<string> {
  const token = newSecret();
  await links.add(digestOf(token), user, now + LINK_MS);
  return token;
}

/** The fragment never leaves the browser, so that no log holds the token. */
export function linkUrl(base: string, token: string): string {
  return `${base.replace(/\/+$/, '')}/#token=${token}`;
}

/**
 * As long as there is no admin: makes one with the given password, or else a token to be printed, that makes one.
 * Throws UsageError when the password is too weak.
 */
export async function firstStart(
  access: Access,
  { adminPassword, now }: { readonly adminPassword: string | undefined; readonly now: number },
): Promise<string | undefined> {
  if (await access.users.hasAdmin()) return undefined;
  if (adminPassword === undefined) return newLinkToken(access, null, now);
  const fault = passwordFault(FIRST_ADMIN, adminPassword);
  if (fault !== undefined)
    throw new UsageError('weak_password', `SLUICE_ADMIN_PASSWORD: ${fault}`, {
      hint: 'Give a longer one, or leave it out: then a link to choose one is printed.',
    });
  const passwordHash = await hashPassword(adminPassword);
  await access.users.add({ name: FIRST_ADMIN, role: 'admin', passwordHash }, now);
  const entry = { actor: 'the environment', action: 'set up', target: FIRST_ADMIN, detail: null };
  await access.audit.add({ at: now, ...entry });
  return undefined;
}
