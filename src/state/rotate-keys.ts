import type Database from 'better-sqlite3';
import { translated } from './database.ts';
import { resealDrafts, sealedDrafts } from './drafts.ts';
import { newKey, readKeys, replaceKeys } from './key-file.ts';
import { resealIn, sealedIn } from './sealed-specs.ts';
import { dropKeys, idOf, type Keyring } from './secrets.ts';

/** What a rotation came to. */
export interface Rotation {
  /** Whether a new key was made; keys given from outside are not ours to make. */
  readonly made: boolean;
  /** Connections and cohort imports that were sealed anew. */
  readonly resealed: number;
}

/**
 * The steps of a rotation. After any number of them everything can be opened: the file loses a key only when nothing
 * is sealed by it any more. Each holds the database's write lock, within which others seal too, so that none of them
 * uses a key that is about to go.
 */
export function rotationSteps(db: Database.Database, keys: Keyring): (() => number)[] {
  const locked = (work: () => number) => () => translated(() => db.transaction(work).immediate());
  const reseal = locked(() => {
    resealDrafts(db, keys);
    return resealIn(db, 'connections', keys) + resealIn(db, 'cohort_imports', keys);
  });
  const { ownFile } = keys;
  if (ownFile === undefined) return [reseal];
  return [
    locked(() => {
      replaceKeys(ownFile, [newKey(), ...(readKeys(ownFile) ?? [])]);
      return 0;
    }),
    reseal,
    locked(() => {
      const all = [
        ...sealedIn(db, 'connections'),
        ...sealedIn(db, 'cohort_imports'),
        ...sealedDrafts(db),
      ];
      dropKeys(ownFile, new Set(all.flatMap((sealed) => idOf(sealed) ?? [])));
      return 0;
    }),
  ];
}

/** Makes a new key and seals everything with it; with keys from outside, seals everything with the current one. */
export function rotateKeys(db: Database.Database, keys: Keyring): Rotation {
  const resealed = rotationSteps(db, keys).reduce((sum, step) => sum + step(), 0);
  return { made: keys.ownFile !== undefined, resealed };
}
