import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { StateError } from '../core/errors.ts';
import { makeFolder, translated } from './database.ts';

export const KEY_BYTES = 32;

/** The key that Sluice makes itself when it is given none. */
export function ownKeyFile(dataDir: string): string {
  return join(dataDir, 'key');
}

/** A key as base64 or hex. `where` names it in the error; the text itself never does. Throws StateError. */
export function parseKey(text: string, where: string): Buffer {
  const trimmed = text.trim();
  const key = /^[0-9a-f]{64}$/i.test(trimmed)
    ? Buffer.from(trimmed, 'hex')
    : /^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)
      ? Buffer.from(trimmed, 'base64')
      : undefined;
  if (key?.length !== KEY_BYTES)
    throw new StateError('bad_key', `${where} is no key of ${KEY_BYTES} bytes in base64 or hex`, {
      hint: 'One is made by: openssl rand -base64 32',
    });
  return key;
}

/** Keys of a file, one a line; the first is current, the others only open what they have sealed. */
export function readKeys(path: string): Buffer[] | undefined {
  if (!existsSync(path)) return undefined;
  const lines = translated(() => readFileSync(path, 'utf8')).split('\n');
  const keys = lines.flatMap((line, i) => {
    const text = line.replace(/#.*/, '').trim();
    return text === '' ? [] : [parseKey(text, `Line ${i + 1} of ${path}`)];
  });
  if (keys.length === 0)
    throw new StateError('bad_key', `${path} holds no key`, {
      hint: 'Restore it from a backup. Without it the stored settings can not be read: delete it only together with them.',
    });
  return keys;
}

/** Makes a file with one new key, or takes the one that another process has made meanwhile. */
export function makeKeys(path: string): Buffer[] {
  return translated(() => {
    makeFolder(dirname(path));
    const part = writePart(path, [newKey()]);
    try {
      linkSync(part, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(part, { force: true });
    }
    syncFolder(path);
    return readKeys(path)!;
  });
}

/** Puts keys in the place of those there: whole or not at all, whenever the process or the machine dies. */
export function replaceKeys(path: string, keys: readonly Buffer[]): void {
  translated(() => {
    renameSync(writePart(path, keys), path);
    syncFolder(path);
  });
}

export function newKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

function writePart(path: string, keys: readonly Buffer[]): string {
  const part = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  const file = openSync(part, 'wx', 0o600);
  try {
    writeSync(
      file,
      [
        '# Opens the stored settings of connections. Keep a copy apart from backups of the data.',
        ...keys.map((key) => key.toString('base64')),
        '',
      ].join('\n'),
    );
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return part;
}

/** A new name is durable once its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
