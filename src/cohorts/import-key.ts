import { hash, randomBytes } from 'node:crypto';

/** Lets people and secret scanners know a key when they see it. */
const PREFIX = 'sluice_ck_';
const SECRET_BYTES = 32;
/** Of the random part, so much is shown afterwards. */
const HINT_CHARACTERS = 4;

/** A key that lets Mixpanel in, with what is stored of it. */
export interface NewImportKey {
  readonly key: string;
  readonly hint: string;
  readonly digest: Uint8Array;
}

/** 256 random bits, so that a plain digest is enough to store them. */
export function newImportKey(): NewImportKey {
  const key = PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
  return {
    key,
    hint: key.slice(0, PREFIX.length + HINT_CHARACTERS),
    digest: digestOfImportKey(key),
  };
}

/** SHA-256. */
export function digestOfImportKey(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

/** Whether a text is meant as a key, good or not. */
export function looksLikeImportKey(text: string): boolean {
  return text.startsWith(PREFIX);
}
