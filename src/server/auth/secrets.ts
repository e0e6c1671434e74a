import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 32;
const API_TOKEN_PREFIX = 'sluice_';

/** 256 random bits as 43 characters of base64url. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** The prefix lets people and secret scanners know it when they see it. */
export function newApiToken(): string {
  return API_TOKEN_PREFIX + newSecret();
}

/** What is stored of a secret of 256 random bits: no slow hash is needed where nothing can be guessed. */
export function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** The CSRF token of a session. Whoever knows it knows nothing of the session's id. */
export function csrfOf(sessionId: string): string {
  return createHmac('sha256', sessionId).update('sluice csrf').digest('base64url');
}

/** Compares in a time that tells nothing of where the two differ. */
export function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(expected));
}
