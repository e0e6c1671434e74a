import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import { StateError } from '../core/errors.ts';
import { makeKeys, ownKeyFile, parseKey, readKeys, replaceKeys } from './key-file.ts';

/** Where the key comes from. Nothing given: a file in the data folder, made when it is first needed. */
export interface KeySource {
  /** The key itself (SLUICE_KEY), base64 or hex. */
  readonly key?: string | undefined;
  /** A file with keys (SLUICE_KEY_FILE), one a line, the current one first. */
  readonly keyFile?: string | undefined;
  /** A key that only opens what it sealed (SLUICE_OLD_KEY). */
  readonly oldKey?: string | undefined;
}

/** The key source that an environment names. */
export function keySource(env: Readonly<Record<string, string | undefined>>): KeySource {
  return {
    key: env['SLUICE_KEY'] || undefined,
    keyFile: env['SLUICE_KEY_FILE'] || undefined,
    oldKey: env['SLUICE_OLD_KEY'] || undefined,
  };
}

/** Seals and opens texts by AES-256-GCM. `place` is bound in: sealed for one place, a text opens in no other. */
export interface Keyring {
  seal(text: string, place: string): Buffer;
  /** `what` names it in errors. Throws StateError `wrong_key` when the key that sealed it is not at hand. */
  open(sealed: Uint8Array, place: string, what: string): string;
  isCurrent(sealed: Uint8Array): boolean;
  /** The key file that is Sluice's own to change; undefined when keys are given from outside. */
  readonly ownFile: string | undefined;
}

/** Version, id of the key, nonce, tag, and then the text. */
const VERSION = 1;
const ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + ID_BYTES + NONCE_BYTES + TAG_BYTES;

/**
 * The keys of a data folder, read when they are first needed. `isFresh`: nothing is sealed yet, so that a missing key
 * file may be made; otherwise a new key would only hide that the right one is lost.
 */
export function createKeyring(dataDir: string, source: KeySource, isFresh: () => boolean): Keyring {
  const ownFile =
    source.key === undefined && source.keyFile === undefined ? ownKeyFile(dataDir) : undefined;
  let known: Buffer[] = [];

  const load = (): Buffer[] => {
    const old = source.oldKey === undefined ? [] : [parseKey(source.oldKey, 'SLUICE_OLD_KEY')];
    known = [...currentKeys(source, ownFile), ...old];
    return known;
  };
  const find = (id: string): Buffer | undefined => known.find((key) => keyId(key) === id);

  return {
    ownFile,
    seal(text, place) {
      // Read anew each time: another process may have rotated the keys.
      let [key] = load();
      if (!key && ownFile !== undefined && isFresh()) [key] = known = makeKeys(ownFile);
      if (!key) throw keyMissing(ownFile);
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      const id = Buffer.from(keyId(key), 'hex');
      return Buffer.concat([Buffer.of(VERSION), id, nonce, cipher.getAuthTag(), body]);
    },
    open(sealed, place, what) {
      const id = idOf(sealed);
      if (id === undefined) throw damaged(what);
      const key = find(id) ?? (load(), find(id));
      if (!key) throw wrongKey(what, id, known, ownFile);
      const bytes = Buffer.from(sealed);
      const nonce = bytes.subarray(1 + ID_BYTES, 1 + ID_BYTES + NONCE_BYTES);
      const tag = bytes.subarray(HEAD_BYTES - TAG_BYTES, HEAD_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(place))
        .setAuthTag(tag);
      try {
        const body = bytes.subarray(HEAD_BYTES);
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
      } catch (error) {
        throw damaged(what, error);
      }
    },
    isCurrent: (sealed) => {
      const [key] = load();
      return key !== undefined && idOf(sealed) === keyId(key);
    },
  };
}

/** Forgets every key of the file that is neither current nor among `used`, the ids that sealed something. */
export function dropKeys(path: string, used: ReadonlySet<string>): void {
  const keys = readKeys(path) ?? [];
  const kept = keys.filter((key, i) => i === 0 || used.has(keyId(key)));
  if (kept.length < keys.length) replaceKeys(path, kept);
}

/** The id of the key that sealed something; undefined when it is nothing sealed. */
export function idOf(sealed: Uint8Array): string | undefined {
  if (sealed.length < HEAD_BYTES || sealed[0] !== VERSION) return undefined;
  return Buffer.from(sealed.subarray(1, 1 + ID_BYTES)).toString('hex');
}

/** Names a key without telling anything of it. */
function keyId(key: Buffer): string {
  return hash('sha256', Buffer.concat([Buffer.from('sluice key id\0'), key]), 'hex').slice(
    0,
    ID_BYTES * 2,
  );
}

function currentKeys({ key, keyFile }: KeySource, ownFile: string | undefined): Buffer[] {
  if (key !== undefined) return [parseKey(key, 'SLUICE_KEY')];
  if (ownFile !== undefined) return readKeys(ownFile) ?? [];
  const keys = readKeys(keyFile!);
  if (keys) return keys;
  throw new StateError('no_key', `SLUICE_KEY_FILE names ${keyFile}, which is not there`, {
    hint: 'Make one: openssl rand -base64 32 > FILE. Or leave the variable out: Sluice then makes a key in the data folder.',
  });
}

function keyMissing(ownFile: string | undefined): StateError {
  return new StateError('wrong_key', `The key ${ownFile ?? ''} is gone`, {
    hint: 'Settings are stored that only it can open. Put it back from a backup, or give it by SLUICE_KEY or SLUICE_KEY_FILE.',
  });
}

function wrongKey(
  what: string,
  id: string,
  known: readonly Buffer[],
  ownFile: string | undefined,
): StateError {
  const have = known.map(keyId).join(', ') || 'none';
  return new StateError(
    'wrong_key',
    `The key that sealed ${what} is not at hand (key ${id}; at hand: ${have})`,
    {
      hint:
        ownFile === undefined
          ? 'Give the right one by SLUICE_KEY or SLUICE_KEY_FILE; after a change of keys also the one before, by SLUICE_OLD_KEY.'
          : `Put the file ${ownFile} back from a backup, or give the key by SLUICE_KEY or SLUICE_KEY_FILE. If it is lost, delete the connection and apply it anew.`,
    },
  );
}

function damaged(what: string, cause?: unknown): StateError {
  return new StateError('sealed_damaged', `What is stored as ${what} is damaged`, {
    hint: 'Apply the connection anew: sluice apply -f FILE.',
    cause,
  });
}
