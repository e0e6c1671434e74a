import type Database from 'better-sqlite3';
import type { CohortImports, CohortImportStatus, ImportKey } from '../../core/cohorts.ts';
import { StateError } from '../../core/errors.ts';
import { within } from '../database.ts';
import { sealedSpecs } from '../sealed-specs.ts';
import type { Keyring } from '../secrets.ts';

const KEYS = `SELECT k.id, i.name AS import, note, hint, k.created_at AS createdAt, used_at AS usedAt, ends_at AS endsAt
  FROM cohort_keys k JOIN cohort_imports i ON i.id = k.import WHERE i.sealed IS NOT NULL`;
/** The use of a key is noted once in so many milliseconds. */
const NOTE_USE_MS = 60_000;

export function createCohortImports(db: Database.Database, keys: Keyring): CohortImports {
  const specs = sealedSpecs(db, keys, {
    ...{ table: 'cohort_imports', what: 'cohort import', missing: 'no_such_import' },
  });
  const ownerOf = specs.idOf;
  const put = db.transaction(specs.put);
  const setPaused = db.transaction(specs.setPaused);
  const remove = db.transaction((name: string, at: number) => {
    const id = specs.forget(name, at);
    db.prepare('UPDATE cohort_imports SET status = NULL WHERE id = ?').run(id);
    db.prepare('DELETE FROM cohort_keys WHERE import = ?').run(id);
    db.prepare('DELETE FROM cohort_suppressed WHERE import = ?').run(id);
    // What they hold goes bit by bit.
    db.prepare(`UPDATE cohorts SET state = 'forgotten' WHERE import = ?`).run(id);
  });

  return {
    list: () => within(specs.list),
    get: (name) => within(() => specs.get(name)),
    put: (...args) => within(() => put.immediate(...args)),
    setPaused: (name, paused, at) => within(() => setPaused.immediate(name, paused, at)),
    remove: (name, at) => within(() => remove.immediate(name, at)),
    revision: () =>
      within(() =>
        db
          .prepare<[], number>(
            `SELECT (SELECT total(revision) FROM cohort_imports) + (SELECT total(revision) FROM cohorts) * 1048576`,
          )
          .pluck()
          .get()!,
      ),
    addKey: ({ import: name, note, hint, digest, at }) =>
      within(() => {
        const { lastInsertRowid } = db
          .prepare(
            'INSERT INTO cohort_keys (import, note, hint, digest, created_at) VALUES (?, ?, ?, ?, ?)',
          )
          .run(ownerOf(name), note, hint, digest, at);
        return {
          id: Number(lastInsertRowid),
          import: name,
          note,
          hint,
          createdAt: at,
          usedAt: null,
          endsAt: null,
        };
      }),
    keys: (name) =>
      within(() => {
        ownerOf(name);
        return db
          .prepare<[string], ImportKey>(`${KEYS} AND i.name = ? ORDER BY k.id DESC`)
          .all(name);
      }),
    endKey: (name, id, endsAt) =>
      within(() => {
        const { changes } = db
          .prepare(
            'UPDATE cohort_keys SET ends_at = min(ifnull(ends_at, ?), ?) WHERE id = ? AND import = ?',
          )
          .run(endsAt, endsAt, id, ownerOf(name));
        if (changes === 0)
          throw new StateError('no_such_key', `${name} has no key ${id}`, {
            hint: 'See which there are: sluice cohorts keys list.',
          });
      }),
    useKey: (digest, at) =>
      within(() => {
        const key = db
          .prepare<unknown[], ImportKey>(
            `${KEYS} AND digest = ? AND (ends_at IS NULL OR ends_at > ?)`,
          )
          .get(digest, at);
        if (!key) return undefined;
        if (key.usedAt === null || at - key.usedAt >= NOTE_USE_MS)
          db.prepare('UPDATE cohort_keys SET used_at = ? WHERE id = ?').run(at, key.id);
        return key.import;
      }),
    setStatus: (status) =>
      within(() => {
        db.prepare(
          'UPDATE cohort_imports SET status = ? WHERE name = ? AND sealed IS NOT NULL',
        ).run(JSON.stringify(status), status.import);
      }),
    statuses: () =>
      within(() =>
        db
          .prepare<[], string>(
            'SELECT status FROM cohort_imports WHERE status IS NOT NULL ORDER BY name',
          )
          .pluck()
          .all()
          .map((status) => JSON.parse(status) as CohortImportStatus),
      ),
  };
}
