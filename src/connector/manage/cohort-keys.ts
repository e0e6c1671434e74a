import { newImportKey } from '../../cohorts/import-key.ts';
import type { ImportKey } from '../../core/cohorts.ts';
import { InputError, UsageError } from '../../core/errors.ts';
import { HOUR_MS } from '../../core/hours.ts';
import { type CohortParts, storedImportOf } from '../cohorts/parts.ts';

export interface NewKey extends ImportKey {
  /** Shown this once. */
  readonly key: string;
}

/** Hours that an old key lives on beside the one that takes its place. */
export const ROTATION_HOURS = { most: 168, usual: 24 } as const;
const LONGEST_NOTE = 200;

/** Newest first. Throws UsageError `no_such_import`, as all here. */
export async function listKeys(parts: CohortParts, name: string): Promise<ImportKey[]> {
  await storedImportOf(parts, name);
  return parts.state.cohortImports.keys(name);
}

export async function addKey(parts: CohortParts, name: string, note = ''): Promise<NewKey> {
  await storedImportOf(parts, name);
  if (note.length > LONGEST_NOTE) {
    const message = `has at most ${LONGEST_NOTE} characters`;
    throw new InputError('bad_note', `note: ${message}`, [{ path: 'note', message }]);
  }
  const { key, hint, digest } = newImportKey();
  const at = parts.now();
  const added = await parts.state.cohortImports.addKey({ import: name, note, hint, digest, at });
  return { ...added, key };
}

/** A new key at once; the old one ends after so many hours. Throws UsageError `no_such_key`, `key_ended`. */
export async function rotateKey(
  parts: CohortParts,
  name: string,
  id: number,
  hours: number = ROTATION_HOURS.usual,
): Promise<{ readonly key: NewKey; readonly endsAt: number }> {
  const old = await keyOf(parts, name, id);
  const at = parts.now();
  if (!(hours >= 0 && hours <= ROTATION_HOURS.most)) {
    const message = `must be from 0 to ${ROTATION_HOURS.most}`;
    throw new InputError('bad_hours', `hours: ${message}`, [{ path: 'hours', message }]);
  }
  if (old.endsAt !== null && old.endsAt <= at)
    throw new UsageError('key_ended', `Key ${id} of ${name} has ended already`, {
      hint: 'Make a new one.',
    });
  const endsAt = Math.min(at + hours * HOUR_MS, old.endsAt ?? Infinity);
  const key = await addKey(parts, name, old.note);
  await parts.state.cohortImports.endKey(name, id, endsAt);
  return { key, endsAt };
}

/** It lets nobody in from now on. Throws UsageError `no_such_key`. */
export async function endKey(parts: CohortParts, name: string, id: number): Promise<ImportKey> {
  const key = await keyOf(parts, name, id);
  const at = parts.now();
  if (key.endsAt === null || key.endsAt > at) await parts.state.cohortImports.endKey(name, id, at);
  return key;
}

async function keyOf(parts: CohortParts, name: string, id: number): Promise<ImportKey> {
  const found = (await listKeys(parts, name)).find((each) => each.id === id);
  if (found) return found;
  throw new UsageError('no_such_key', `${name} has no key ${id}`);
}
